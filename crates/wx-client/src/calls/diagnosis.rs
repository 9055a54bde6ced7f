//! What WeChat knows of the calls that were made (WeChat: openApi 管理).

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::http::Call;
use crate::{Client, Result};

refusals! {
    /// Why there is nothing to tell.
    DiagnosisRefusal {
        /// No request had this rid.
        RidUnknown = 76001,
        /// It is no rid.
        RidMalformed = 76002,
        /// The request was another account's.
        RidForeign = 76003,
        /// The request was made more than 7 days ago.
        RidTooOld = 76004,
        /// There is no such interface.
        PathUnknown = 76021,
        /// The quota of this interface is not told, as that of all of `/sns/…`.
        PathUntold = 76022,
    }
}

/// How often an interface may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiQuota {
    /// Calls a day.
    pub daily_limit: u64,
    /// Those made today.
    pub used: u64,
    /// Those left today.
    pub remain: u64,
    /// The limit below a day, if there is one.
    pub rate_limit: Option<RateLimit>,
}

/// So many calls in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls.
    pub calls: u64,
    /// How often they are counted anew.
    pub every: Duration,
}

/// A request that WeChat remembers. Its texts may hold whatever was sent: tokens, codes, phone numbers.
#[derive(Debug)]
pub struct RidInfo {
    /// Unix seconds.
    pub invoked_at: i64,
    /// How long WeChat took.
    pub took: Duration,
    /// With its query.
    pub request_url: SecretString,
    /// As it was received.
    pub request_body: SecretString,
    /// As it was sent.
    pub response_body: SecretString,
    /// Where it came from.
    pub client_ip: String,
}

#[derive(Deserialize)]
struct QuotaAnswer {
    quota: Quota,
    rate_limit: Option<Rate>,
}

#[derive(Deserialize)]
struct Quota {
    daily_limit: u64,
    used: u64,
    remain: u64,
}

#[derive(Deserialize)]
struct Rate {
    call_count: u64,
    refresh_second: u64,
}

#[derive(Deserialize)]
struct RidAnswer {
    request: Remembered,
}

#[derive(Deserialize)]
struct Remembered {
    invoke_time: i64,
    cost_in_ms: u64,
    #[serde(rename = "request_url")]
    url: SecretString,
    #[serde(rename = "request_body")]
    body: SecretString,
    response_body: SecretString,
    client_ip: String,
}

impl Client {
    /// How much of an interface's quota is left today (WeChat: 查询API调用额度). `cgi_path` is its path with the slash in
    /// front.
    ///
    /// # Errors
    /// [`DiagnosisRefusal`]
    pub async fn api_quota(&self, appid: &str, cgi_path: &str) -> Result<ApiQuota> {
        let call = Call::post("/cgi-bin/openapi/quota/get", &json!({ "cgi_path": cgi_path }));
        let QuotaAnswer { quota, rate_limit } = self.call(appid, call).await?;
        Ok(ApiQuota {
            daily_limit: quota.daily_limit,
            used: quota.used,
            remain: quota.remain,
            rate_limit: rate_limit
                .map(|rate| RateLimit { calls: rate.call_count, every: Duration::from_secs(rate.refresh_second) }),
        })
    }

    /// What WeChat remembers of a request of the last 7 days (WeChat: 查询rid信息). `rid` is what
    /// [`Error::Refused`](crate::Error::Refused) holds; calls of `/sns/…` are not remembered.
    ///
    /// # Errors
    /// [`DiagnosisRefusal`]
    pub async fn rid_info(&self, appid: &str, rid: &str) -> Result<RidInfo> {
        let call = Call::post("/cgi-bin/openapi/rid/get", &json!({ "rid": rid }));
        let RidAnswer { request } = self.call(appid, call).await?;
        Ok(RidInfo {
            invoked_at: request.invoke_time,
            took: Duration::from_millis(request.cost_in_ms),
            request_url: request.url,
            request_body: request.body,
            response_body: request.response_body,
            client_ip: request.client_ip,
        })
    }
}
