//! A call that this crate knows nothing of, and its answer as it came.

use std::fmt;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use reqwest::header::CONTENT_TYPE;
use serde::de::IgnoredAny;

use crate::http::{Answer, Call};
use crate::{Error, Result, answer};

/// Characters a path may have.
const PATH_CHARS: usize = 128;
/// Room for the largest picture that WeChat makes (a code of 1280 pixels), several times.
const RAW_LIMIT_BYTES: usize = 2 * 1024 * 1024;
/// An answer that is larger says more than that a token is refused.
const REFUSAL_BYTES: usize = 4 * 1024;

/// What is never called so, and nothing below it: what takes the AppSecret or makes tokens (the token centre must be alone
/// in that), and what throws away quota.
const NEVER: [&str; 6] = [
    "sns",
    "cgi-bin/token",
    "cgi-bin/stable_token",
    "cgi-bin/clear_quota",
    "cgi-bin/openapi/quota/clear",
    "cgi-bin/component",
];

/// A call of WeChat's server API, but for its token: a GET without a body, else a POST.
pub struct RawCall {
    path: String,
    query: String,
    content_type: Option<String>,
    body: Bytes,
}

impl RawCall {
    /// The call of `path` (`wxa/getwxacodeunlimit`) with `query` as it stands in a URL, of which any `access_token` is left
    /// out.
    ///
    /// `None` for a path that is not plain segments of letters, digits, `_`, `-` and `.`, so that it means the same to
    /// everybody who reads it, and for what is never called so: whatever takes the AppSecret, makes tokens, or clears
    /// quota.
    pub fn new(path: &str, query: &str) -> Option<Self> {
        let is_plain = path.len() <= PATH_CHARS && path.split('/').all(is_plain_segment);
        let lower = path.to_ascii_lowercase();
        let may = is_plain && !NEVER.iter().any(|never| is_within(&lower, never));
        may.then(|| Self {
            path: format!("/{path}"),
            query: query.split('&').filter(|pair| !is_token(pair)).collect::<Vec<_>>().join("&"),
            content_type: None,
            body: Bytes::new(),
        })
    }

    /// With this body, as it is. An empty one is none.
    #[must_use]
    pub fn body(self, content_type: Option<&str>, body: Vec<u8>) -> Self {
        Self { content_type: content_type.map(str::to_owned), body: body.into(), ..self }
    }

    /// Whether the path is `prefix` or below it: `wxa/business` has `wxa/business/gamematch` in it, not `wxa/businesses`.
    pub fn is_within(&self, prefix: &str) -> bool {
        is_within(&self.path[1..], prefix)
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call {
            more_query: &self.query,
            body: (!self.body.is_empty()).then(|| self.body.clone()),
            content_type: self.content_type.as_deref(),
            limit_bytes: RAW_LIMIT_BYTES,
            any_status: true,
            ..Call::get(&self.path, &[])
        }
    }
}

/// Query and body are the caller's and may be personal.
impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCall").field("path", &self.path).finish_non_exhaustive()
    }
}

fn is_plain_segment(segment: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    segment.bytes().all(is_plain) && !segment.bytes().all(|byte| byte == b'.')
}

fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a pair of a query is `access_token`, however it is written.
fn is_token(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    let name: Vec<u8> = percent_decode_str(name).filter(u8::is_ascii_graphic).collect();
    name.eq_ignore_ascii_case(b"access_token")
}

/// An answer as it came.
pub struct RawAnswer {
    /// 200 as a rule, also for a refusal. Never a redirect.
    pub status: u16,
    /// The body's type, as WeChat calls it.
    pub content_type: Option<String>,
    /// At most 2 MiB.
    pub body: Vec<u8>,
}

impl RawAnswer {
    #[expect(clippy::unnecessary_wraps, reason = "others that read an answer find fault with it")]
    pub(crate) fn read(answer: Answer, _hidden: &[&str]) -> Result<Self> {
        let content_type = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        Ok(Self { status: answer.status.as_u16(), content_type, body: answer.body })
    }

    /// Whether it says that a fresh access_token may help.
    pub(crate) fn refuses_token(&self) -> bool {
        self.body.len() <= REFUSAL_BYTES
            && answer::read::<IgnoredAny>(&self.body, &[]).is_err_and(|error: Error| error.refuses_token())
    }
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, content_type, body } = self;
        f.debug_struct("RawAnswer")
            .field("status", status)
            .field("content_type", content_type)
            .field("bytes", &body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_or_none() {
        for path in ["wxa/getwxacodeunlimit", "cgi-bin/message/subscribe/send", "wxa/v1.2/a_b-c"] {
            assert_eq!(RawCall::new(path, "").unwrap().path, format!("/{path}"));
        }
        for path in [
            "",
            "/",
            "/wxa",
            "wxa/",
            "wxa//x",
            "..",
            "wxa/../sns/x",
            "wxa/./x",
            "wxa/.../x",
            "wxa/%2e%2e/x",
            "wxa%2fx",
            "wxa\\x",
            "wxa/x?y",
            "wxa/x#y",
            "https://example.com/wxa",
            "wxa/x;y",
            "wxa/ x",
            "wxa/@x",
            "wxa/你",
            &"a".repeat(129),
        ] {
            assert!(RawCall::new(path, "").is_none(), "{path}");
        }
    }

    #[test]
    fn secrets_tokens_and_quotas_are_out_of_reach() {
        for path in [
            "sns/jscode2session",
            "SNS/jscode2session",
            "cgi-bin/token",
            "cgi-bin/stable_token",
            "Cgi-Bin/Stable_Token",
            "cgi-bin/clear_quota",
            "cgi-bin/clear_quota/v2",
            "cgi-bin/openapi/quota/clear",
            "cgi-bin/component/api_component_token",
        ] {
            assert!(RawCall::new(path, "").is_none(), "{path}");
        }
        assert!(RawCall::new("cgi-bin/openapi/quota/get", "").is_some());
    }

    #[test]
    fn a_prefix_ends_where_a_segment_does() {
        let call = RawCall::new("wxa/business/x", "").unwrap();
        assert!(call.is_within("wxa") && call.is_within("wxa/business/") && call.is_within("wxa/business/x"));
        assert!(!call.is_within("wxa/bus") && !call.is_within("wxa/business/x/y") && !call.is_within("cgi-bin"));
    }

    #[test]
    fn a_callers_token_is_left_out_however_it_is_written() {
        let query = |query: &str| RawCall::new("wxa/x", query).unwrap().query;
        assert_eq!(query("a=1&b=%2F&c"), "a=1&b=%2F&c");
        for token in ["access_token=x", "access%5Ftoken=x", "ACCESS_TOKEN", "access_token", "%61ccess_token%20=x"] {
            assert_eq!(query(&format!("a=1&{token}&b=2")), "a=1&b=2", "{token}");
        }
    }
}
