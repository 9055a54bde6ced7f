use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::debug_only;

/// An instant: seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct UnixSeconds(pub i64);

/// So many seconds later; stops at the end of time.
impl Add<i64> for UnixSeconds {
    type Output = Self;

    fn add(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

/// So many seconds earlier; stops at the beginning of time.
impl Sub<i64> for UnixSeconds {
    type Output = Self;

    fn sub(self, seconds: i64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

/// Names a session. Positive and growing with time; no secret. Written as 16 lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for SessionId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let lowercase_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.bytes().all(lowercase_hex) {
            return Err(ParseIdError);
        }
        match i64::from_str_radix(text, 16) {
            Ok(id) if id > 0 => Ok(Self(id)),
            _ => Err(ParseIdError),
        }
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Names a member: a UUID of version 7, ours, safe to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MemberId(pub Uuid);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MemberId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError)
    }
}

/// The text is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct ParseIdError;

/// Who a person is to WeChat: one openid in one mini program. Never changes, unique in a store.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MemberKey {
    /// The mini program.
    pub appid: String,
    /// The person, as that mini program knows them.
    pub openid: String,
}

debug_only!(MemberKey { appid });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_survives_its_text() {
        for id in [1, 0x0123_4567_89ab_cdef, i64::MAX] {
            assert_eq!(SessionId(id).to_string().parse(), Ok(SessionId(id)));
        }
        assert_eq!(SessionId(255).to_string(), "00000000000000ff");
    }

    #[test]
    fn only_the_canonical_text_is_a_session_id() {
        for text in
            ["", "ff", "00000000000000FF", "+0000000000000ff", "0000000000000000", "ffffffffffffffff", "é0000000000000"]
        {
            assert_eq!(text.parse::<SessionId>(), Err(ParseIdError), "{text}");
        }
    }

    #[test]
    fn instants_stop_at_the_ends_of_time() {
        assert_eq!(UnixSeconds(i64::MAX) + 1, UnixSeconds(i64::MAX));
        assert_eq!(UnixSeconds(i64::MIN) - 1, UnixSeconds(i64::MIN));
    }

    #[test]
    fn debug_shows_no_openid() {
        let key = MemberKey { appid: "wx1".to_owned(), openid: "canary".to_owned() };
        assert_eq!(format!("{key:?}"), r#"MemberKey { appid: "wx1", .. }"#);
    }
}
