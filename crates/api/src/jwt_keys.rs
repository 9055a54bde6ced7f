//! The keys that sign statements of sessions. The server makes, shows, uses and removes them by itself.
//!
//! A key is shown for a day before it signs, so that every verifier has it by then, signs for 30 days, and is shown until
//! the last token it signed has ended. What comes after what is said by numbers and not by the clock: one that jumps
//! brings at most a key too many, and there is always one that signs.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Mutex;
use wxgate_crypto::jwt::{JwtKey, PublicKey};
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::{NewSigningKey, SigningKey, UnixSeconds};

use crate::app::App;
use crate::error::ApiError;

const DAY: i64 = 86_400;
/// How long a key is shown before it signs; verifiers keep what they are shown for an hour.
const SHOWN_BEFORE: i64 = DAY;
/// How long a key signs.
const SIGNS: i64 = 30 * DAY;
/// Beyond the end of its last token, for clocks that go wrong by a little.
const MARGIN: i64 = 3600;

/// The keys in memory, as they were last read.
#[derive(Default)]
pub struct JwtKeys {
    ring: RwLock<Option<Arc<Ring>>>,
    /// Held by who reads or changes the kept ones, so that one does.
    tending: Mutex<()>,
}

impl JwtKeys {
    fn ring(&self) -> Option<Arc<Ring>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, ring: Ring) -> Arc<Ring> {
        let ring = Arc::new(ring);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ring));
        ring
    }
}

impl App {
    /// The keys; the first one is made when there is none.
    pub(crate) async fn jwt_keys(&self) -> Result<Arc<Ring>, ApiError> {
        if let Some(ring) = self.jwt_keys.ring() {
            return Ok(ring);
        }
        self.tend_jwt_keys(false).await
    }

    /// Reads the keys anew and makes the first one. Where the clock is trusted, it also adds the next one when that is due,
    /// and removes those that are of no more use.
    pub(crate) async fn tend_jwt_keys(&self, trusts_clock: bool) -> Result<Arc<Ring>, ApiError> {
        let _alone = self.jwt_keys.tending.lock().await;
        let now = self.clock.now();
        let mut ring = self.kept_jwt_keys().await?;
        if ring.signing(now).is_none() || trusts_clock && ring.wants_another(now) {
            // If another process was faster, its key is the one that is read now.
            if self.store.add_signing_key(new_key(&self.vault, now), ring.newest()).await? {
                tracing::info!("a new key that signs statements is shown from now on");
            }
            ring = self.kept_jwt_keys().await?;
        }
        let lifetime = i64::from(self.settings.jwt.lifetime_seconds);
        if let Some(number) = ring.superseding(now, lifetime).filter(|_| trusts_clock)
            && self.store.remove_signing_keys_before(number).await? > 0
        {
            ring = self.kept_jwt_keys().await?;
        }
        Ok(self.jwt_keys.replace(ring))
    }

    async fn kept_jwt_keys(&self) -> Result<Ring, ApiError> {
        let kept = self.store.signing_keys().await?;
        Ok(Ring::new(kept.into_iter().map(|kept| Key::open(&self.vault, kept)).collect()))
    }
}

fn new_key(vault: &Vault, now: UnixSeconds) -> NewSigningKey {
    let key = JwtKey::generate();
    let sealed = vault.seal(Purpose::JwtKey, "", "", key.seed());
    NewSigningKey { sealed, public_key: key.public().0, created_at: now }
}

struct Key {
    number: i64,
    created_at: UnixSeconds,
    public: PublicKey,
    /// `None`: sealed under a key file that is gone. What it signed is verified all the same.
    private: Option<JwtKey>,
}

impl Key {
    fn open(vault: &Vault, SigningKey { number, key }: SigningKey) -> Self {
        let seed = vault.open(Purpose::JwtKey, "", "", &key.sealed).ok();
        let private = seed.and_then(|seed| JwtKey::from_seed(&seed).ok());
        if private.is_none() {
            tracing::warn!(key.number = number, "a key that signs statements does not open with today's key file");
        }
        Self { number, created_at: key.created_at, public: PublicKey(key.public_key), private }
    }

    fn age(&self, now: UnixSeconds) -> i64 {
        now.0 - self.created_at.0
    }
}

/// The keys of one moment, oldest first.
pub struct Ring {
    keys: Vec<Key>,
    jwks: Bytes,
}

impl Ring {
    fn new(keys: Vec<Key>) -> Self {
        let shown: Vec<_> = keys.iter().map(|key| key.public.jwk()).collect();
        Self { jwks: json!({ "keys": shown }).to_string().into(), keys }
    }

    /// All of them, as verifiers read them.
    pub fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    /// The key that signs.
    pub fn signing(&self, now: UnixSeconds) -> Option<&JwtKey> {
        self.signer(now)?.private.as_ref()
    }

    /// The newest that has been shown for long enough, or where there is none, the oldest: somebody must.
    fn signer(&self, now: UnixSeconds) -> Option<&Key> {
        let mut able = self.keys.iter().filter(|key| key.private.is_some());
        let ripe = able.clone().rfind(|key| key.age(now) >= SHOWN_BEFORE);
        ripe.or_else(|| able.next())
    }

    fn newest(&self) -> Option<i64> {
        self.keys.last().map(|key| key.number)
    }

    /// Whether the next key should be shown: the newest signs no longer than a day more, or is of a time that a wrong clock
    /// made up.
    fn wants_another(&self, now: UnixSeconds) -> bool {
        let newest = self.keys.iter().rfind(|key| key.private.is_some());
        newest.is_none_or(|key| !(-SHOWN_BEFORE..SIGNS).contains(&key.age(now)))
    }

    /// The key that has signed for longer than tokens live, if there are others before it: those are of no more use.
    fn superseding(&self, now: UnixSeconds, lifetime: i64) -> Option<i64> {
        let signer = self.signer(now)?;
        let is_alone = self.keys.first().is_some_and(|first| first.number == signer.number);
        (!is_alone && signer.age(now) >= SHOWN_BEFORE + lifetime + MARGIN).then_some(signer.number)
    }
}

#[cfg(test)]
mod tests;
