//! What a plugin answers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::error::ApiError;
use crate::http::Envelope;
use crate::text::Language;

/// An answer with a body in memory. Unless it says otherwise it is not stored by anybody (`Cache-Control: no-store`). No
/// `Debug`: what is in it may be secret.
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// 200 with `value` as JSON, as it is.
    ///
    /// # Errors
    /// `internal` when it cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(value).map_err(ApiError::internal)?;
        Ok(Self::new(HeaderValue::from_static("application/json"), body.into()))
    }

    /// 200 with `value`, an object, in the envelope of the core: `errcode` 0 and `errmsg` ok.
    ///
    /// # Errors
    /// `internal` when it cannot be written as a JSON object.
    pub fn ok(value: &impl Serialize) -> Result<Self, ApiError> {
        Self::json(&Envelope::of(value))
    }

    /// 200 with `body` of this type.
    pub fn new(content_type: HeaderValue, body: Bytes) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::from_iter([(CONTENT_TYPE, content_type)]), body }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with a header in place of any of its name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(super) fn into_response(self) -> warp::reply::Response {
        let mut response = Response::new(self.body.into());
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers);
        response
    }
}

/// A failure as the client would read it in the core's words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status, which stays.
    pub status: StatusCode,
    /// The word that programs match on: `code_used`.
    pub error: &'static str,
    /// WeChat's number where WeChat said it, minus the status otherwise.
    pub errcode: i64,
    /// What it is, in the caller's language.
    pub errmsg: &'static str,
    /// What helps, in the caller's language.
    pub hint: String,
}

impl Refusal {
    pub(crate) fn of(error: &ApiError, language: Language) -> Self {
        let ((status, word), (errmsg, hint)) = (error.parts(), error.words(language));
        Self { status, error: word, errcode: error.errcode(), errmsg, hint }
    }
}
