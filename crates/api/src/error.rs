//! The one place where a failure meets a status and a word of the contract.

use std::error::Error as StdError;
use std::sync::Arc;

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use warp::reply::{Reply, Response};

use crate::problem::Problem;
use crate::text::{self, Language};

/// A failure as a client may read it. Cloneable, because callers that share one piece of work share its failure.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// Shape, key, type or encoding of the request is wrong.
    #[error("bad request: {}", .0.sentence(Language::English))]
    BadRequest(Problem),
    /// WeChat does not know the code (40029; for phone codes also 40013, a code of another app).
    #[error("invalid code")]
    CodeInvalid {
        /// WeChat's own number.
        errcode: i64,
    },
    /// The code was exchanged before (40163).
    #[error("code been used")]
    CodeUsed,
    /// No skey, or one that is unknown, expired or revoked: never told apart.
    #[error("no live session")]
    Unauthorized,
    /// The login is older than this request allows.
    #[error("the login is too old")]
    LoginTooOld,
    /// Blocked here (`None`) or by WeChat.
    #[error("blocked")]
    Blocked {
        /// WeChat's own number, 40226.
        errcode: Option<i64>,
    },
    /// An API token without the scope.
    #[error("forbidden")]
    Forbidden,
    /// No such path, or nothing there for this caller.
    #[error("not found")]
    NotFound,
    /// The path exists under another method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body is over its limit.
    #[error("body too large")]
    TooLarge,
    /// The body is of a type this route does not take.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// The same `Idempotency-Key` with another request, or a change of what somebody else has changed meanwhile.
    #[error("conflict")]
    Conflict,
    /// Encrypted data that cannot be accepted, for whatever reason. The reason is deliberately not in here.
    #[error("the payload cannot be accepted")]
    Unopenable,
    /// A limit of ours, a spent budget, or WeChat's own limit.
    #[error("too many requests")]
    TooManyRequests {
        /// WeChat's own number where the limit is WeChat's.
        errcode: Option<i64>,
        /// Whole seconds to wait.
        retry_after: i64,
    },
    /// WeChat said -1, or too many calls are under way.
    #[error("WeChat is busy")]
    WechatBusy {
        /// WeChat's own number.
        errcode: Option<i64>,
    },
    /// No answer of WeChat in time, or none that can be read.
    #[error("WeChat could not be reached")]
    WechatUnreachable(#[source] Arc<wx_client::Error>),
    /// WeChat says that the server's configuration is wrong, or something this server has no word for.
    #[error("WeChat refused the call")]
    WechatRefused {
        /// WeChat's own number.
        errcode: i64,
        /// What WeChat said.
        source: Arc<wx_client::Error>,
    },
    /// A write that may or may not have happened.
    #[error("the outcome of a write is unknown")]
    OutcomeUnknown,
    /// Who a request is from could not be found out; asking again is safe.
    #[error("could not be decided")]
    Undecided(#[source] Arc<ApiError>),
    /// No room for new writes.
    #[error("storage is full")]
    StorageFull {
        /// Whole seconds to wait.
        retry_after: i64,
    },
    /// A fault of ours.
    #[error("internal error")]
    Internal(#[source] Arc<dyn StdError + Send + Sync>),
}

impl ApiError {
    /// A fault of ours, from whatever caused it.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(source.into()))
    }

    /// The status, and the word that clients match on.
    pub fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::CodeInvalid { .. } => (StatusCode::BAD_REQUEST, "code_invalid"),
            Self::CodeUsed => (StatusCode::BAD_REQUEST, "code_used"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::LoginTooOld => (StatusCode::UNAUTHORIZED, "login_too_old"),
            Self::Blocked { .. } => (StatusCode::FORBIDDEN, "blocked"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict"),
            Self::Unopenable => (StatusCode::UNPROCESSABLE_ENTITY, "unopenable"),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::WechatBusy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "wechat_busy"),
            Self::WechatUnreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "wechat_unreachable"),
            Self::WechatRefused { .. } => (StatusCode::BAD_GATEWAY, "wechat_refused"),
            Self::OutcomeUnknown | Self::Undecided(_) => (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown"),
            Self::StorageFull { .. } => (StatusCode::SERVICE_UNAVAILABLE, "storage_full"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// WeChat's own number where WeChat said it, minus the HTTP status otherwise.
    pub fn errcode(&self) -> i64 {
        match self {
            Self::CodeUsed => 40163,
            Self::CodeInvalid { errcode }
            | Self::WechatRefused { errcode, .. }
            | Self::Blocked { errcode: Some(errcode) }
            | Self::TooManyRequests { errcode: Some(errcode), .. }
            | Self::WechatBusy { errcode: Some(errcode) } => *errcode,
            _ => -i64::from(self.parts().0.as_u16()),
        }
    }

    /// WeChat's own number, if it said one.
    pub fn wechat_errcode(&self) -> Option<i64> {
        Some(self.errcode()).filter(|errcode| *errcode != -i64::from(self.parts().0.as_u16()))
    }

    fn retry_after(&self) -> Option<i64> {
        match self {
            Self::TooManyRequests { retry_after, .. } | Self::StorageFull { retry_after } => {
                Some((*retry_after).max(1))
            }
            Self::WechatUnreachable(error) => Some(match **error {
                wx_client::Error::Paused { remaining } => {
                    i64::try_from(remaining.as_secs()).unwrap_or(i64::MAX - 1) + 1
                }
                _ => 1,
            }),
            Self::WechatBusy { .. } | Self::OutcomeUnknown | Self::Undecided(_) => Some(1),
            _ => None,
        }
    }

    /// What every failure says, in the caller's language and with the request's id.
    pub(crate) fn body(&self, language: Language, rid: &str) -> Value {
        let (errmsg, hint) = self.words(language);
        json!({ "errcode": self.errcode(), "errmsg": errmsg, "error": self.parts().1, "hint": hint, "rid": rid })
    }

    /// `errmsg` and `hint`.
    pub(crate) fn words(&self, language: Language) -> (&'static str, String) {
        let (errmsg, hint) = text::words(self.parts().1, language);
        let hint = match self {
            Self::BadRequest(problem) => problem.sentence(language),
            _ => hint.to_owned(),
        };
        (errmsg, hint)
    }

    /// The whole answer, with this body.
    pub(crate) fn render(&self, body: &Value) -> Response {
        let status = self.parts().0;
        let mut response = warp::reply::with_status(warp::reply::json(body), status).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
        }
        response
    }
}

/// Inside the routes a failure is only carried; the edge renders it, because language and id belong to the request.
impl Reply for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.parts().0;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::BadRequest(problem)
    }
}

impl From<wx_client::Error> for ApiError {
    fn from(error: wx_client::Error) -> Self {
        let errcode = error.errcode();
        match (errcode, &error) {
            (Some(-1), _) => Self::WechatBusy { errcode },
            (Some(40029), _) => Self::CodeInvalid { errcode: 40029 },
            (Some(40163), _) => Self::CodeUsed,
            (Some(40226), _) => Self::Blocked { errcode },
            // The daily quota ends at midnight in Beijing; an hour is a kinder rhythm than a minute.
            (Some(45009 | 44993), _) => Self::TooManyRequests { errcode, retry_after: 3600 },
            (Some(45011 | 44990 | 44991), _) => Self::TooManyRequests { errcode, retry_after: 60 },
            (Some(errcode), _) => Self::WechatRefused { errcode, source: Arc::new(error) },
            (None, wx_client::Error::Busy) => Self::WechatBusy { errcode: None },
            (
                None,
                wx_client::Error::Unreachable { .. }
                | wx_client::Error::Unreadable { .. }
                | wx_client::Error::Paused { .. },
            ) => Self::WechatUnreachable(Arc::new(error)),
            (None, _) => Self::internal(error),
        }
    }
}

impl From<wxgate_store::Error> for ApiError {
    fn from(error: wxgate_store::Error) -> Self {
        match error {
            wxgate_store::Error::Busy => Self::StorageFull { retry_after: 1 },
            wxgate_store::Error::Full => Self::StorageFull { retry_after: 60 },
            wxgate_store::Error::OutcomeUnknown => Self::OutcomeUnknown,
            other => Self::internal(other),
        }
    }
}
