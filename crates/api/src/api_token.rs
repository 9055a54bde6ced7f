//! API tokens: how a team's own services and operators show who they are on the internal listener.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::{NoContext, Timestamp, Uuid};
use wxgate_store::{ApiToken, By, UnixSeconds};
use zeroize::Zeroizing;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;

/// What a token may be allowed; `admin` is all of it.
pub const SCOPES: &[&str] = &[
    "introspect",
    "members:read",
    "members:write",
    "sessions:write",
    "wechat:token",
    "wechat:call",
    "stats:read",
    "admin",
];

/// Whether people can call a token so: 1 to 64 characters without control characters.
pub fn is_token_name(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// The text of an API token: `wxa_` and URL-safe base64 of its 16-byte id and 32 random bytes.
pub struct ApiTokenText;

impl ApiTokenText {
    /// How every API token begins.
    pub const PREFIX: &str = "wxa_";

    /// A new token: the text, shown once, and what the store keeps of it.
    ///
    /// # Panics
    /// When the operating system has no random bytes to give: there is nothing safe to go on with.
    pub fn create(
        name: String,
        scopes: Vec<String>,
        expires_at: Option<UnixSeconds>,
        now: UnixSeconds,
    ) -> (Zeroizing<String>, ApiToken) {
        let id = Uuid::new_v7(Timestamp::from_unix(NoContext, u64::try_from(now.0).unwrap_or(0), 0));
        let mut secret = Zeroizing::new([0_u8; SECRET_BYTES]);
        getrandom::fill(secret.as_mut()).expect("the operating system has random bytes");
        let mut bytes = Zeroizing::new(id.as_bytes().to_vec());
        bytes.extend_from_slice(secret.as_ref());
        let text = Zeroizing::new(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(bytes.as_slice())));
        let hash = Sha256::digest(secret.as_ref()).into();
        (text, ApiToken { id, name, hash, scopes, created_at: now, expires_at })
    }

    fn parse(text: &str) -> Option<(Uuid, [u8; 32])> {
        let mut bytes = Zeroizing::new([0; ID_BYTES + SECRET_BYTES]);
        let count = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(Self::PREFIX)?, bytes.as_mut()).ok()?;
        let (id, secret) = bytes.split_at(ID_BYTES);
        let id = Uuid::from_slice(id).ok().filter(|_| count == bytes.len())?;
        Some((id, Sha256::digest(secret).into()))
    }
}

/// Who asks on the internal listener.
pub enum Caller {
    /// A service or an operator with an API token, and from where.
    Token(Arc<ApiToken>, Option<IpAddr>),
    /// Whoever may open the server's own socket on this machine: the command line. It may do everything.
    Local,
}

impl Caller {
    /// What the audit says of them.
    pub fn by(&self) -> By {
        match self {
            Self::Token(token, address) => By::token(token.id, *address),
            Self::Local => By::COMMAND,
        }
    }
}

impl App {
    /// The request comes over the server's own socket, or carries a live API token with `scope`.
    ///
    /// # Errors
    /// `unauthorized` without one, `forbidden` without the scope.
    pub async fn require_scope(&self, info: &RequestInfo, scope: &str) -> Result<Caller, ApiError> {
        if info.is_local {
            return Ok(Caller::Local);
        }
        let (id, hash) = info.authorization.bearer().and_then(ApiTokenText::parse).ok_or(ApiError::Unauthorized)?;
        let token = self.store.api_token(id).await?.ok_or(ApiError::Unauthorized)?;
        let live = token.expires_at.is_none_or(|end| self.clock.now() < end);
        if !bool::from(token.hash.ct_eq(&hash)) || !live {
            return Err(ApiError::Unauthorized);
        }
        if token.scopes.iter().any(|held| held == scope || held == "admin") {
            Ok(Caller::Token(token, info.client))
        } else {
            Err(ApiError::Forbidden)
        }
    }
}

#[cfg(test)]
#[path = "../fuzz/api_token.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_id_and_a_secret_of_which_only_the_hash_is_kept() {
        let (text, kept) = ApiTokenText::create("n".into(), vec!["admin".into()], None, UnixSeconds(1));
        assert_eq!(ApiTokenText::parse(&text), Some((kept.id, kept.hash)));
        assert_eq!(ApiTokenText::parse(&text[4..]), None);
        assert_eq!(ApiTokenText::parse(&text[..text.len() - 1]), None);
        assert_eq!(ApiTokenText::parse("wxa_"), None);
        let (other, _) = ApiTokenText::create("n".into(), Vec::new(), None, UnixSeconds(1));
        assert_ne!(*text, *other);
    }
}
