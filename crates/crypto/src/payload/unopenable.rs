//! The one way in which a payload does not open.

use super::Kind;

/// A payload that was not accepted. It reads the same whatever the reason: each difference between two failures that a client can
/// see is an oracle, and this cipher has no MAC to close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload cannot be opened")]
pub struct Unopenable {
    stage: Stage,
}

impl Unopenable {
    /// Where it stopped: for the operator's log, never for an answer.
    pub fn stage(&self) -> Stage {
        self.stage
    }
}

impl From<Stage> for Unopenable {
    fn from(stage: Stage) -> Self {
        Self { stage }
    }
}

/// The steps of opening a payload, in order: the one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not PKCS#7 for 16: mostly another session_key.
    Padding,
    /// Not UTF-8.
    Utf8,
    /// Not a JSON object.
    Json,
    /// A JSON object with keys, types or values that WeChat does not send.
    Schema,
    /// A payload of another kind than the one asked for.
    OtherKind(Kind),
    /// A payload of another mini program.
    WatermarkAppid,
    /// Made too long ago.
    TooOld,
    /// Made later than now.
    FromTheFuture,
}

impl Stage {
    /// The word for logs and tables.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Padding => "padding",
            Self::Utf8 => "utf8",
            Self::Json => "json",
            Self::Schema => "schema",
            Self::OtherKind(_) => "other_kind",
            Self::WatermarkAppid => "watermark_appid",
            Self::TooOld => "too_old",
            Self::FromTheFuture => "from_the_future",
        }
    }
}
