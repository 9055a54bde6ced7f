//! The causes, and their stable words.

use super::{en, zh};
use crate::{Repair, payload::Kind};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the three texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `session_key`, from code2Session.
    SessionKey,
    /// `encryptedData`, from the mini program.
    EncryptedData,
    /// `iv`, from the same call.
    Iv,
}

impl fmt::Display for Field {
    /// WeChat's name for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionKey => "session_key",
            Self::EncryptedData => "encryptedData",
            Self::Iv => "iv",
        })
    }
}

/// What is the matter with a payload. Nothing in it is secret. As JSON it can be kept and read again, so that its words can
/// be said later, in either language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// Nothing is wrong.
    Opens,
    /// It opens once this damage is undone; the first, if there are several.
    Repaired(Repair),
    /// It opens with a key that a later login has replaced.
    OlderSessionKey,
    /// None of the keys opens it, and nothing else explains that.
    StaleSessionKey,
    /// There is no key to try.
    NoSessionKey,
    /// The text is empty, or a program's word for nothing.
    Absent(Field),
    /// JSON's escapes (`\/`, `\u003d`) or quotes were left in it.
    Escaped(Field),
    /// It was percent-encoded more than once.
    EncodedTwice(Field),
    /// It is not base64, and no known damage explains that.
    NotBase64(Field),
    /// It decodes to a length that cannot be right.
    Length {
        /// Which text.
        field: Field,
        /// Bytes after decoding.
        bytes: usize,
    },
    /// The session_key was changed since WeChat gave it, in a way that is recognised.
    SessionKeyDamaged(Repair),
    /// `encryptedData` stands where `iv` should, and the reverse.
    IvAndDataSwapped,
    /// `iv` stands where `session_key` should, and the reverse.
    IvAndKeySwapped,
    /// The key fits, and the IV does not.
    WrongIv,
    /// It begins rightly and then breaks: cut or altered.
    CutOrAltered,
    /// Padded to 32, as message push is, and not to 16.
    PaddedTo32,
    /// Readable text, and not a JSON object.
    NotJson,
    /// A JSON object of no kind that is known.
    UnknownContent,
    /// Of a known kind, with keys, types or values that WeChat does not send.
    Schema {
        /// The kind it is nearest to.
        kind: Kind,
    },
    /// Sent where another kind is expected.
    OtherKind {
        /// What is expected there.
        wanted: Kind,
        /// What it is.
        found: Kind,
    },
    /// Made for another mini program.
    OtherApp {
        /// The one it was made for.
        appid: String,
    },
    /// Made too long ago.
    TooOld {
        /// Its age.
        seconds: i64,
    },
    /// Made later than now.
    FromTheFuture {
        /// How far ahead it is.
        seconds: i64,
    },
}

impl Cause {
    /// The stable word that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Repaired(_) => "repaired",
            Self::OlderSessionKey => "older_session_key",
            Self::StaleSessionKey => "stale_session_key",
            Self::NoSessionKey => "no_session_key",
            Self::Absent(_) => "absent",
            Self::Escaped(_) => "escaped",
            Self::EncodedTwice(_) => "encoded_twice",
            Self::NotBase64(_) => "not_base64",
            Self::Length { .. } => "length",
            Self::SessionKeyDamaged(_) => "session_key_damaged",
            Self::IvAndDataSwapped => "iv_and_data_swapped",
            Self::IvAndKeySwapped => "iv_and_key_swapped",
            Self::WrongIv => "wrong_iv",
            Self::CutOrAltered => "cut_or_altered",
            Self::PaddedTo32 => "padded_to_32",
            Self::NotJson => "not_json",
            Self::UnknownContent => "unknown_content",
            Self::Schema { .. } => "schema",
            Self::OtherKind { .. } => "other_kind",
            Self::OtherApp { .. } => "other_app",
            Self::TooOld { .. } => "too_old",
            Self::FromTheFuture { .. } => "from_the_future",
        }
    }

    /// What is the matter, in one sentence.
    pub fn sentence(&self, chinese: bool) -> String {
        if chinese { zh::sentence(self) } else { en::sentence(self) }
    }

    /// What to do about it, in one sentence.
    pub fn cure(&self, chinese: bool) -> String {
        if chinese { zh::cure(self) } else { en::cure(self) }
    }
}
