//! The secret that names a session.

use crate::random::random;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicI64, Ordering};
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const ID_BYTES: usize = 8;
const BYTES: usize = ID_BYTES + 32;
/// 40 bytes in base64 without padding.
const CHARACTERS: usize = 54;
/// What a decoder asks for before it counts: three bytes for each four characters begun.
const ROOM: usize = CHARACTERS.div_ceil(4) * 3;

/// A session's id and 32 random bytes. The id finds the row, the SHA-256 of the random half decides.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Skey {
    #[zeroize(skip)]
    session_id: i64,
    secret: [u8; 32],
}

silent_debug!(Skey);

impl Skey {
    /// What every skey begins with, so that secret scanners know one when they see it.
    pub const PREFIX: &str = "wxg_";

    /// A fresh secret for a session that has its id already: a refresh. `id` must be positive, as all ids of
    /// [`SkeyMint`] are; [`parse`](Self::parse) takes no other.
    pub fn for_session(id: i64) -> Self {
        Self { session_id: id, secret: random() }
    }

    /// Reads what [`expose`](Self::expose) wrote, and nothing else: one text for one skey.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(Self::PREFIX)?;
        let mut room = Zeroizing::new([0; ROOM]);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode_slice(text, room.as_mut()).ok()?;
        let (id, secret) = room[..bytes].split_first_chunk::<ID_BYTES>()?;
        let session_id = i64::from_be_bytes(*id);
        (session_id > 0).then_some(Self { session_id, secret: secret.try_into().ok()? })
    }

    /// The text that the client keeps: the prefix and 54 URL-safe characters.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..ID_BYTES].copy_from_slice(&self.session_id.to_be_bytes());
        bytes[ID_BYTES..].copy_from_slice(&self.secret);
        let mut text = Zeroizing::new(String::with_capacity(Self::PREFIX.len() + CHARACTERS));
        text.push_str(Self::PREFIX);
        BASE64_URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        text
    }

    /// The session's id: positive, grows with time, no secret.
    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// SHA-256 of the random half: what a database may hold. 256 random bits need no slow hash.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    /// Whether `stored_hash` is this skey's, in constant time.
    pub fn matches(&self, stored_hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(stored_hash).into()
    }
}

/// Random bits below the milliseconds of an id.
const TAIL_BITS: u32 = 21;
/// 42 bits of milliseconds (until the year 2109) and the tail fill a positive `i64`.
const LAST_MS: i64 = i64::MAX >> TAIL_BITS;

/// Makes the skeys of new sessions. One per process.
///
/// An id is Unix milliseconds and a random tail: rows are appended in its order, and it tells nobody how many there are.
#[derive(Debug, Default)]
pub struct SkeyMint {
    last_id: AtomicI64,
}

impl SkeyMint {
    /// A mint that has made nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A skey for a new session at `now_ms`, Unix milliseconds. Its id is greater than all before it from this mint,
    /// also when the clock was set back.
    pub fn mint(&self, now_ms: i64) -> Skey {
        let tail = i64::from(u32::from_be_bytes(random()) >> (u32::BITS - TAIL_BITS));
        let fresh = now_ms.clamp(0, LAST_MS) << TAIL_BITS | tail;
        let next = |last: i64| fresh.max(last.saturating_add(1));
        // Relaxed: the id is the only thing that threads share here.
        let last = self.last_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        Skey::for_session(next(last.unwrap_or_else(|last| last)))
    }
}
