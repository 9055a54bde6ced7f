//! An app's own access_token, which opens `wxa/…` and `cgi-bin/…`, and where it survives a restart.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

/// No token is believed to live longer, whatever an answer or a store says of it (WeChat: `expires_in`, 7200 today).
const LONGEST_LIFE: Duration = Duration::from_hours(2);
/// A token with less is renewed: from here on WeChat hands out the next one while this one still works.
const RENEWED_BELOW: Duration = Duration::from_mins(5);

/// An access_token and how long it lives from now.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// Opaque; up to 512 characters.
    pub token: SecretString,
    /// Counted from the moment this value was made.
    pub remaining: Duration,
}

/// Where tokens survive a restart. It is asked once per app, and told of each new token and of each that is forced; it has no
/// way to fail a call.
#[async_trait]
pub trait TokenKeep: Send + Sync + 'static {
    /// The token saved last, if it still lives.
    async fn load(&self, appid: &str) -> Option<AccessToken>;
    /// Remembers `token` in place of the one before. Those who wait for the token wait for this.
    async fn save(&self, appid: &str, token: &AccessToken);
    /// How long ago new tokens were forced in the last day, in any order: WeChat counts them, whoever asks.
    async fn forced(&self, appid: &str) -> Vec<Duration>;
    /// Remembers that one is forced now. It is, once this returns.
    async fn note_forced(&self, appid: &str);
}

/// Remembers nothing: each start asks WeChat again, which costs little, for WeChat hands back the same token.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeep;

#[async_trait]
impl TokenKeep for NoKeep {
    async fn load(&self, _appid: &str) -> Option<AccessToken> {
        None
    }

    async fn save(&self, _appid: &str, _token: &AccessToken) {}

    async fn forced(&self, _appid: &str) -> Vec<Duration> {
        Vec::new()
    }

    async fn note_forced(&self, _appid: &str) {}
}

/// A token with the instant it ends, which does not age as it is passed on.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    text: SecretString,
    ends_at: Instant,
}

impl Token {
    pub(crate) fn text(&self) -> &SecretString {
        &self.text
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.text.expose_secret() == other.text.expose_secret()
    }

    pub(crate) fn is_alive(&self) -> bool {
        !self.remaining().is_zero()
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.remaining() >= RENEWED_BELOW
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.ends_at.saturating_duration_since(Instant::now())
    }
}

impl From<AccessToken> for Token {
    fn from(AccessToken { token, remaining }: AccessToken) -> Self {
        Self { text: token, ends_at: Instant::now() + remaining.min(LONGEST_LIFE) }
    }
}

impl From<Token> for AccessToken {
    fn from(token: Token) -> Self {
        Self { remaining: token.remaining(), token: token.text }
    }
}
