//! An answer, and the conventions that every failure keeps.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use warp::reply::Response;

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    /// Empty for what is no text.
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: head.status.as_u16(), headers: head.headers, bytes, text, json }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// A success in the contract's envelope.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!((&self.json["errcode"], &self.json["errmsg"]), (&0.into(), &"ok".into()), "{self:?}");
        &self.json
    }

    /// A failure of the contract: its word, its status, its number, and all that every failure carries.
    #[track_caller]
    pub fn failed(&self, word: &str, status: u16, errcode: i64) -> &Value {
        assert_eq!((self.status, self.json["error"].as_str()), (status, Some(word)), "{self:?}");
        assert_eq!(self.json["errcode"], errcode, "{self:?}");
        assert!(!self.json["errmsg"].as_str().unwrap().is_empty() && self.json["hint"].is_string(), "{self:?}");
        assert_eq!(self.json["rid"].as_str(), Some(self.header("x-request-id")), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let waits = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(self.header("retry-after").parse::<u32>().is_ok(), waits, "{self:?}");
        assert_eq!(self.header("www-authenticate").contains("invalid_token"), status == 401, "{self:?}");
        &self.json
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}
