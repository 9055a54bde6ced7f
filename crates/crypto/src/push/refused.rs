//! The one way in which a push is not accepted.

/// A push that is not WeChat's, or not for this app. It reads the same whatever the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the push is not accepted")]
pub struct Refused {
    stage: Stage,
}

impl Refused {
    /// Where it stopped: for the operator's log, never for an answer.
    pub fn stage(&self) -> Stage {
        self.stage
    }
}

impl From<Stage> for Refused {
    fn from(stage: Stage) -> Self {
        Self { stage }
    }
}

/// The steps of opening a push, in order: the one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Made with another token, or altered on the way.
    MsgSignature,
    /// `Encrypt` is not base64.
    Base64,
    /// The ciphertext is not whole blocks of 32.
    Blocks,
    /// Not PKCS#7 for 32: mostly another `EncodingAESKey`.
    Padding,
    /// The message would end after its ciphertext.
    Length,
    /// For another app.
    Appid,
    /// Not UTF-8.
    Utf8,
}

impl Stage {
    /// The word for logs and tables.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::MsgSignature => "msg_signature",
            Self::Base64 => "base64",
            Self::Blocks => "blocks",
            Self::Padding => "padding",
            Self::Length => "length",
            Self::Appid => "appid",
            Self::Utf8 => "utf8",
        }
    }
}
