use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::secret::Secret;
use crate::target::Target;

/// A message to one receiver.
#[derive(Clone)]
pub struct Message {
    /// Where it goes.
    pub target: Target,
    /// What the receiver knows it by: `webhook-id`.
    pub id: String,
    /// When it is sent, in Unix seconds: `webhook-timestamp`.
    pub timestamp: i64,
    /// Each signs it; the receiver needs to know one.
    pub secrets: Vec<Secret>,
    /// JSON.
    pub body: Bytes,
    /// For all of it, from the look-up of the name to the end of the answer.
    pub time: Duration,
    /// Bytes of the answer that are wanted; `None` when its status says all.
    pub answer_bytes: Option<usize>,
}

impl Message {
    /// `webhook-signature`: those of all secrets.
    pub fn signatures(&self) -> String {
        let sign = |secret: &Secret| secret.sign(&self.id, self.timestamp, &self.body);
        self.secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}

/// What a receiver answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's.
    pub status: u16,
    /// The body, if it was wanted.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish()
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The name stands for no address that may be posted to.
    #[error("the address may not be posted to")]
    Address,
    /// The name is not known, nobody listens there, or the certificate is not the receiver's.
    #[error("no connection could be made")]
    Unreachable,
    /// The connection ended before the answer did, or the answer is none.
    #[error("the answer cannot be read")]
    Broken,
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The answer is larger than what is wanted.
    #[error("the answer is too large")]
    TooLarge,
}

impl Failure {
    /// The word that stands in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken_answer",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
        }
    }
}
