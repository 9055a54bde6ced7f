#![doc = include_str!("../README.md")]

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use wxgate_api::plugin::{BadSetting, Endpoint, Host, Login, Plugin, Refusal, Reply, Request, app_of};
use wxgate_api::{ApiError, Problem};

/// The headers of wafer2-client-sdk 2.1 (`lib/constants.js`).
const CODE: &str = "X-WX-Code";
const ENCRYPTED_DATA: &str = "X-WX-Encrypted-Data";
const IV: &str = "X-WX-IV";
const SKEY: &str = "X-WX-Skey";
/// What the SDK takes for a dead session, and logs in again (`lib/request.js`); no other failure may have it.
const DEAD: i64 = -1;
const FAILED: i64 = 1;

/// `[plugins.wafer]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The mini program, whose requests do not name it; needed only where the server has several.
    pub appid: String,
}

/// The plugin.
#[derive(Debug)]
pub struct Wafer {
    appid: String,
}

impl Wafer {
    /// A plugin with these settings, on a server of these apps.
    ///
    /// # Errors
    /// When `appid` is none of them, or is needed and not there.
    pub fn new(settings: &Settings, appids: &[String]) -> Result<Self, BadSetting> {
        Ok(Self { appid: app_of(&settings.appid, appids)? })
    }

    async fn login(&self, host: &Host, request: &Request) -> Result<Reply, ApiError> {
        let given = |name| request.header(name).filter(|value| !value.is_empty());
        let code = given(CODE).ok_or(Problem::Missing(CODE))?;
        let sealed = match (given(ENCRYPTED_DATA), given(IV)) {
            (Some(data), Some(iv)) => Some((data.to_owned(), iv.to_owned())),
            (None, None) => None,
            _ => return Err(Problem::HalfPair(ENCRYPTED_DATA, IV).into()),
        };
        let login = Login { appid: Some(self.appid.clone()), code: code.to_owned().into(), signed: None, sealed };
        let made = host.login(request, login).await?;
        let userinfo = host.shown(made.caller.member()).user_info();
        success(&json!({ "skey": *made.skey, "userinfo": userinfo }))
    }

    async fn user(&self, host: &Host, request: &Request) -> Result<Reply, ApiError> {
        let caller = host.authenticate(request.header(SKEY)).await?;
        success(&host.shown(caller.member()).user_info())
    }
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint::public(Method::GET, "/login"),
    Endpoint::public(Method::POST, "/login"),
    Endpoint::public(Method::GET, "/user"),
    Endpoint::public(Method::POST, "/user"),
];

#[async_trait]
impl Plugin for Wafer {
    fn name(&self) -> &'static str {
        "wafer"
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        ENDPOINTS
    }

    async fn answer(&self, host: &Host, request: Request) -> Result<Reply, ApiError> {
        match request.path() {
            "/login" => self.login(host, &request).await,
            _ => self.user(host, &request).await,
        }
    }

    fn refusal(&self, refusal: &Refusal) -> Option<Value> {
        let is_dead = refusal.error == "unauthorized";
        let (code, error) = if is_dead { (DEAD, "ERR_SKEY_INVALID") } else { (FAILED, refusal.error) };
        let message = format!("{}: {}", refusal.errmsg, refusal.hint);
        Some(json!({ "code": code, "error": error, "message": message, "data": {} }))
    }
}

fn success(data: &Value) -> Result<Reply, ApiError> {
    Reply::json(&json!({ "code": 0, "data": data }))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn only_a_dead_session_makes_the_sdk_log_in_again() {
        let wafer = Wafer::new(&Settings::default(), &["wx1".to_owned()]).unwrap();
        let code = |error| {
            let (status, hint) = (StatusCode::UNAUTHORIZED, String::new());
            wafer.refusal(&Refusal { status, error, errcode: -401, errmsg: "m", hint }).unwrap()["code"].clone()
        };
        assert_eq!(code("unauthorized"), -1);
        for other in ["blocked", "code_used", "too_many_requests", "internal", "not_found"] {
            assert_eq!(code(other), 1, "{other}");
        }
    }
}
