use std::fmt;

use serde::Serialize;

use crate::state::State;
use crate::{Error, Rotation, identity};

/// How many keys of a user are told.
const KEPT: usize = 3;

/// What `getUserCryptoManager().getLatestUserKey` gives: a key that the mini program shares with its server.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserKey {
    /// Base64 of 16 bytes.
    pub encrypt_key: String,
    /// 16 characters.
    pub iv: String,
    /// Grows by one with each key of the user.
    pub version: u32,
    /// Unix seconds.
    #[serde(rename = "expireTime")]
    pub expires_at: i64,
}

impl UserKey {
    pub(crate) const LIFE_SECONDS: i64 = 3600;
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserKey").field("version", &self.version).finish_non_exhaustive()
    }
}

impl State {
    /// The user's newest keys, the living one first. It is made if there is none.
    pub(crate) fn user_keys(&mut self, openid: &str) -> &[UserKey] {
        let now = self.clock.now();
        let keys = self.user_keys.entry(openid.to_owned()).or_default();
        if keys.first().is_none_or(|newest| newest.expires_at <= now) {
            let version = keys.first().map_or(1, |newest| newest.version + 1);
            let (encrypt_key, iv) = (self.random.session_key().expose().to_owned(), self.random.hex::<8>());
            keys.insert(0, UserKey { encrypt_key, iv, version, expires_at: now + UserKey::LIFE_SECONDS });
            keys.truncate(KEPT);
        }
        keys
    }

    pub(crate) fn latest_user_key(&mut self, appid: &str, user: &str) -> Result<UserKey, Error> {
        self.session_key(appid, user, Rotation::Never)?;
        Ok(self.user_keys(&identity::openid(user, appid))[0].clone())
    }
}
