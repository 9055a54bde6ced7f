//! Where tokens come from: the stable line (WeChat: 获取稳定版接口调用凭据).
//!
//! It hands everybody the same token until less than 5 minutes of it remain, and is not disturbed by another service
//! that uses `cgi-bin/token`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::http::{self, Call, Http};
use crate::secret::Secret;
use crate::{AccessToken, Error, Result};

/// One app's source of tokens.
#[async_trait]
pub(crate) trait Issuer: Send + Sync + 'static {
    /// The token that all share; with `force`, a new one, and the one before dies at once.
    async fn issue(&self, force: bool) -> Result<AccessToken>;
}

pub(crate) struct StableToken {
    pub(crate) http: Arc<Http>,
    pub(crate) appid: String,
    pub(crate) secret: Arc<Secret>,
}

#[derive(Deserialize)]
struct Issued {
    access_token: SecretString,
    /// Seconds that remain.
    expires_in: u64,
}

#[async_trait]
impl Issuer for StableToken {
    async fn issue(&self, force: bool) -> Result<AccessToken> {
        let secret = self.secret.now();
        let secret = secret.expose_secret();
        let mut body = json!({ "grant_type": "client_credential", "appid": self.appid, "secret": secret });
        if force {
            body["force_refresh"] = true.into();
        }
        let hidden = [secret];
        let call = Call::post("/cgi-bin/stable_token", &body).hiding(&hidden);
        let issued: Issued = self.http.call(&call, None, http::json).await?;
        if issued.access_token.expose_secret().is_empty() {
            return Err(Error::Unreadable { reason: "access_token is empty" });
        }
        Ok(AccessToken { token: issued.access_token, remaining: Duration::from_secs(issued.expires_in) })
    }
}
