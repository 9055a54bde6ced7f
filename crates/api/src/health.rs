//! How WeChat has been answering, for `/readyz`.

use std::sync::atomic::{AtomicI64, Ordering};

use wxgate_store::UnixSeconds;

use crate::error::ApiError;

/// When WeChat last answered and last did not; 0 = never.
#[derive(Debug, Default)]
pub struct Health {
    answered_at: AtomicI64,
    missed_at: AtomicI64,
}

impl Health {
    /// Takes note of a call's outcome. A refusal is an answer.
    pub fn note<T>(&self, outcome: Result<T, wx_client::Error>, now: UnixSeconds) -> Result<T, ApiError> {
        let missed = matches!(
            outcome,
            Err(wx_client::Error::Unreachable { .. }
                | wx_client::Error::Unreadable { .. }
                | wx_client::Error::Paused { .. }
                | wx_client::Error::Busy)
        );
        let slot = if missed { &self.missed_at } else { &self.answered_at };
        slot.store(now.0, Ordering::Relaxed);
        Ok(outcome?)
    }

    /// `reachable`, `unreachable`, or `unknown` before the first call.
    pub fn wechat(&self) -> &'static str {
        let (answered, missed) = (self.answered_at.load(Ordering::Relaxed), self.missed_at.load(Ordering::Relaxed));
        match (answered, missed) {
            (0, 0) => "unknown",
            _ if answered >= missed => "reachable",
            _ => "unreachable",
        }
    }
}
