//! WeChat's access_tokens, kept sealed in the store so that a restart spends none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use wx_client::{AccessToken, TokenKeep};
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::{KeptToken, Store, UnixSeconds};

use crate::clock::Clock;

/// For so long WeChat counts tokens that were forced: seconds.
const DAY: i64 = 86_400;

/// Keeps access_tokens over the store and the vault. What cannot be kept or read is fetched anew: a warning, no failure.
pub struct StoredTokens {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
}

impl StoredTokens {
    /// Over these parts, the same that [`crate::App`] is made of.
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>, clock: Arc<dyn Clock>) -> Self {
        Self { store, vault, clock }
    }
}

#[async_trait]
impl TokenKeep for StoredTokens {
    async fn load(&self, appid: &str) -> Option<AccessToken> {
        let kept = match self.store.access_token(appid).await {
            Ok(kept) => kept?,
            Err(error) => {
                tracing::warn!(%error, appid, "the kept access_token could not be read");
                return None;
            }
        };
        let remaining = u64::try_from(kept.expires_at.0 - self.clock.now().0).ok()?;
        let Ok(token) = self.vault.open(Purpose::AccessToken, appid, "", &kept.sealed) else {
            tracing::warn!(appid, "the kept access_token does not open with today's key file");
            return None;
        };
        let token = std::str::from_utf8(&token).ok()?.to_owned();
        Some(AccessToken { token: SecretString::from(token), remaining: Duration::from_secs(remaining) })
    }

    async fn save(&self, appid: &str, token: &AccessToken) {
        let sealed = self.vault.seal(Purpose::AccessToken, appid, "", token.token.expose_secret().as_bytes());
        let life = i64::try_from(token.remaining.as_secs()).unwrap_or(0);
        let kept = KeptToken { sealed, expires_at: UnixSeconds(self.clock.now().0 + life) };
        if let Err(error) = self.store.keep_access_token(appid, kept).await {
            tracing::warn!(%error, appid, "the access_token could not be kept");
        }
    }

    async fn forced(&self, appid: &str) -> Vec<Duration> {
        let now = self.clock.now();
        let forced = self.store.forced_tokens(appid, now + -DAY).await.unwrap_or_else(|error| {
            tracing::warn!(%error, appid, "how often an access_token was forced today could not be read");
            Vec::new()
        });
        // By a clock that has been put back, those of a moment ago are still to come; what is further off never was.
        let past = forced.iter().map(|at| now.0 - at.0).filter(|ago| *ago > -DAY);
        past.map(|ago| Duration::from_secs(u64::try_from(ago).unwrap_or(0))).collect()
    }

    async fn note_forced(&self, appid: &str) {
        let now = self.clock.now();
        if let Err(error) = self.store.note_forced_token(appid, now, now + -DAY).await {
            tracing::warn!(%error, appid, "that an access_token was forced could not be kept");
        }
    }
}
