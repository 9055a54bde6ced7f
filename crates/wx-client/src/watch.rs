//! What a client tells of itself: each call as it ends, and how things stand.

use std::time::Duration;

use crate::{Class, Error};

/// Is told of every call. Called on the way of the answer, so it must not wait.
pub trait Watch: Send + Sync + 'static {
    /// A call ended.
    fn called(&self, call: &Called<'_>);
}

/// A call that ended. It holds nothing of what was asked or answered.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The path of an interface that this crate knows (`sns/jscode2session`), or `raw` for all calls of
    /// [`call_raw`](crate::WeChat::call_raw), whose paths are the caller's.
    pub api: &'a str,
    /// How long it took, the waiting for a slot included.
    pub took: Duration,
    /// What went wrong. A raw call's answer is not looked into: whatever it says, it is one.
    pub error: Option<&'a Error>,
}

impl Called<'_> {
    /// Whether a request was made at all: not while WeChat is left alone or too many calls are under way.
    pub fn was_made(&self) -> bool {
        !matches!(self.error, Some(Error::Paused { .. } | Error::Busy))
    }
}

impl Error {
    /// One of a bounded number of words for it, for counting: WeChat's number where it is one that is known, `other` for
    /// its other numbers, else what happened.
    pub fn label(&self) -> String {
        match self {
            Self::Refused { errcode, .. } if Class::of(*errcode) == Class::Unknown => "other".to_owned(),
            Self::Refused { errcode, .. } => errcode.to_string(),
            Self::Unreachable { .. } => "unreachable".to_owned(),
            Self::Unreadable { .. } => "unreadable".to_owned(),
            Self::Paused { .. } => "paused".to_owned(),
            Self::Busy => "busy".to_owned(),
            Self::UnknownApp { .. } | Self::Settings(_) => "settings".to_owned(),
        }
    }
}

/// How a client stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Whether WeChat is left alone because the last calls had no answer: of logins, and of all other calls.
    pub paused: Vec<(&'static str, bool)>,
    /// By appid, the time that is left to each access_token that is at hand. Where it came from WeChat's stable line, its
    /// age is nobody's to know: an older one is handed out again.
    pub tokens: Vec<(String, Duration)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_known_number_or_one_of_a_few_words() {
        let refused = |errcode| Error::Refused { errcode, errmsg: String::new(), rid: None }.label();
        assert_eq!((refused(40029).as_str(), refused(-1).as_str()), ("40029", "-1"));
        for errcode in [0, 2, 77_777, i64::MIN, i64::MAX] {
            assert_eq!(refused(errcode), "other", "{errcode}");
        }
        assert_eq!(Error::Unreachable { sent: true, source: "x".into() }.label(), "unreachable");
    }
}
