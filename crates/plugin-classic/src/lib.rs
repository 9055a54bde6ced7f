#![doc = include_str!("../README.md")]

mod login;
mod phone;
mod settings;

use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};
use wxgate_api::ApiError;
use wxgate_api::plugin::{BadSetting, Endpoint, Host, Plugin, Refusal, Reply, Request, app_of};

pub use settings::Settings;

/// The plugin.
#[derive(Debug)]
pub struct Classic {
    appid: String,
    phone_by_code: bool,
}

impl Classic {
    /// A plugin with these settings, on a server of these apps.
    ///
    /// # Errors
    /// When `appid` is none of them, or is needed and not there.
    pub fn new(settings: &Settings, appids: &[String]) -> Result<Self, BadSetting> {
        Ok(Self { appid: app_of(&settings.appid, appids)?, phone_by_code: settings.phone_by_code })
    }
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint::public(Method::POST, "/login"),
    Endpoint::public(Method::GET, "/login"),
    // No GET: for three days the code is as good as an skey here, and an skey stands in no URL.
    Endpoint::public(Method::POST, "/phone"),
];

#[async_trait]
impl Plugin for Classic {
    fn name(&self) -> &'static str {
        "classic"
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        ENDPOINTS
    }

    async fn answer(&self, host: &Host, request: Request) -> Result<Reply, ApiError> {
        match request.path() {
            "/login" => self.login(host, &request).await,
            _ => self.phone(host, &request).await,
        }
    }

    fn refusal(&self, refusal: &Refusal) -> Option<Value> {
        let msg = [refusal.errmsg, &refusal.hint].map(str::trim).into_iter().filter(|text| !text.is_empty());
        let msg = msg.collect::<Vec<_>>().join(": ");
        Some(json!({ "result": -1, "code": "2", "msg": msg, "error": refusal.error }))
    }
}

/// An answer of the tutorials: what all of them have, and `more`.
fn success(more: Value) -> Result<Reply, ApiError> {
    let mut answer = json!({ "result": 0, "code": "1", "msg": "请求成功" });
    if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
        answer.extend(more);
    }
    Reply::json(&answer)
}
