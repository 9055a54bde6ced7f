//! The answer to a proof of a phone number: sent, and kept for who repeats the request.

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::{MemberId, MemberKey, Trust, UnixSeconds};
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::phone_number::PhoneNumber;
use crate::remembered::Hash;
use crate::settings;

/// Numbers that wait for a fresh login at once, and for how long: as long as the code that gave them was good for.
const PENDING: usize = 4_096;
const PENDING_SECONDS: i64 = 300;

/// `POST /v1/phone`'s answer. No `Debug`: the number may be whole.
#[derive(Clone, Serialize)]
pub struct PhoneReply {
    pub phone_info: PhoneNumber,
    pub trust: String,
}

/// What was proven. Kept sealed, so that a repetition is answered as the settings of its own day say.
#[derive(Serialize, Deserialize)]
pub struct PhoneAnswer {
    number: PhoneNumber,
    trust: String,
}

impl PhoneAnswer {
    pub fn new(number: PhoneNumber, trust: Trust) -> Self {
        Self { number, trust: trust.as_str().to_owned() }
    }

    pub fn reply(self, reply: settings::PhoneReply) -> PhoneReply {
        PhoneReply { phone_info: self.number.shown(reply), trust: self.trust }
    }

    /// The number, whole.
    pub fn into_number(self) -> PhoneNumber {
        self.number
    }

    pub fn seal(&self, vault: &Vault, owner: &MemberKey) -> Vec<u8> {
        let text = Zeroizing::new(serde_json::to_vec(self).expect("strings are JSON"));
        vault.seal(Purpose::Answer, &owner.appid, &owner.openid, &text)
    }

    /// # Errors
    /// `internal` when it was sealed under a key that is not in the key file.
    pub fn open(vault: &Vault, owner: &MemberKey, sealed: &[u8]) -> Result<Self, ApiError> {
        let text = vault.open(Purpose::Answer, &owner.appid, &owner.openid, sealed).map_err(ApiError::internal)?;
        serde_json::from_slice(&text).map_err(ApiError::internal)
    }
}

/// Numbers whose code is spent but which could not be bound, for want of a fresh login or of a store that writes: the
/// repetition must not cost another tap.
pub struct PendingPhones(Cache<Hash, (MemberId, UnixSeconds, PhoneNumber)>);

impl PendingPhones {
    pub fn new() -> Self {
        Self(Cache::new(PENDING))
    }

    pub fn keep(&self, digest: Hash, member: MemberId, number: PhoneNumber, now: UnixSeconds) {
        self.0.insert(digest, (member, now + PENDING_SECONDS, number));
    }

    /// The number waits no more.
    pub fn forget(&self, digest: &Hash) {
        self.0.remove(digest);
    }

    /// Nothing of this member waits any more.
    pub fn forget_member(&self, member: MemberId) {
        self.0.retain(|_, (owner, _, _)| *owner != member);
    }

    pub fn forget_expired(&self, now: UnixSeconds) {
        self.0.retain(|_, (_, until, _)| now < *until);
    }

    /// The number of this member's code, if it waits.
    pub fn get(&self, digest: &Hash, member: MemberId, now: UnixSeconds) -> Option<PhoneNumber> {
        let (owner, until, number) = self.0.get(digest)?;
        (owner == member && now < until).then_some(number)
    }
}
