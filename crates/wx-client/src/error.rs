//! Why a call gave nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::Class;

/// The cause of an [`Error::Unreachable`], for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What every function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call to WeChat gave nothing. Neither text nor source holds a secret or the URL of a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// WeChat answered with an `errcode` other than 0.
    #[error("WeChat refused the call: {errcode} {errmsg}")]
    Refused {
        /// What [`class`](Error::class) sorts.
        errcode: i64,
        /// For the log alone, its wording changes: without control characters, at most 200 characters, and with
        /// whatever secret of the request it repeats struck out.
        errmsg: String,
        /// The number under which WeChat's support finds the request.
        rid: Option<String>,
    },
    /// No answer in time.
    #[error("WeChat could not be reached")]
    Unreachable {
        /// Whether the request may have arrived. `false` only when it is certain that no byte of it left.
        sent: bool,
        /// What went wrong.
        source: BoxError,
    },
    /// An answer that is not what it must be; the request did arrive.
    #[error("WeChat's answer cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The last calls had no answer that could be read, so this one was not made.
    #[error("WeChat does not answer and is not asked for now")]
    Paused {
        /// Until the next call is made.
        remaining: Duration,
    },
    /// [`max_in_flight`](crate::Settings::max_in_flight) calls were under way and none ended within 2 seconds.
    #[error("too many calls to WeChat are under way")]
    Busy,
    /// Nobody configured this app.
    #[error("no app {appid:?} is configured")]
    UnknownApp {
        /// As it was asked for.
        appid: String,
    },
    /// A client cannot be made from these settings.
    #[error("{0}")]
    Settings(String),
}

impl Error {
    /// WeChat's own number, if WeChat answered with one.
    pub fn errcode(&self) -> Option<i64> {
        match self {
            Self::Refused { errcode, .. } => Some(*errcode),
            _ => None,
        }
    }

    /// What can be done about it. What is not WeChat's refusal is [`Class::Retry`] if it passes by itself and
    /// [`Class::Configuration`] if not.
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { errcode, .. } => Class::of(*errcode),
            Self::Unreachable { .. } | Self::Unreadable { .. } | Self::Paused { .. } | Self::Busy => Class::Retry,
            Self::UnknownApp { .. } | Self::Settings(_) => Class::Configuration,
        }
    }

    /// Whether a fresh access_token may help: 40001 (replaced), 40014 (malformed), 42001 (expired).
    pub(crate) fn refuses_token(&self) -> bool {
        matches!(self.errcode(), Some(40001 | 40014 | 42001))
    }

    /// The same error for one of several who wait for the same answer.
    pub(crate) fn share(error: &Arc<Self>) -> Self {
        match &**error {
            Self::Refused { errcode, errmsg, rid } => {
                Self::Refused { errcode: *errcode, errmsg: errmsg.clone(), rid: rid.clone() }
            }
            Self::Unreachable { sent, .. } => Self::Unreachable { sent: *sent, source: error.clone().into() },
            Self::Unreadable { reason } => Self::Unreadable { reason },
            Self::Paused { remaining } => Self::Paused { remaining: *remaining },
            Self::Busy => Self::Busy,
            Self::UnknownApp { appid } => Self::UnknownApp { appid: appid.clone() },
            Self::Settings(text) => Self::Settings(text.clone()),
        }
    }

    /// This error of the token endpoint, seen from a call that was never made for want of a token.
    pub(crate) fn before_the_call(self) -> Self {
        match self {
            Self::Unreachable { source, .. } => Self::Unreachable { sent: false, source },
            other => other,
        }
    }
}
