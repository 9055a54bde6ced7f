use uuid::Uuid;

use super::{UnixSeconds, debug_only};

/// WeChat's `access_token` of one app, kept over a restart.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptToken {
    /// As the caller sealed it.
    pub sealed: Vec<u8>,
    /// When it ends.
    pub expires_at: UnixSeconds,
}

debug_only!(KeptToken { expires_at });

/// A token with which a service calls the internal listener.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its name in the token's text.
    pub id: Uuid,
    /// Its name among people.
    pub name: String,
    /// SHA-256 of the token's random part.
    pub hash: [u8; 32],
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// When it ends; `None` for never.
    pub expires_at: Option<UnixSeconds>,
}

debug_only!(ApiToken { id, name, scopes, created_at, expires_at });
