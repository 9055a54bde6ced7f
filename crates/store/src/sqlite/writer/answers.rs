use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::group::{Answer, Verdict, answer};

/// The way of the answers to the runtime. There they cost nothing; from another thread each would wake it anew.
pub(super) struct Answers<I>(mpsc::UnboundedSender<(Vec<I>, Verdict)>);

impl<I: Answer + Send + 'static> Answers<I> {
    /// Answers are given by the runtime of whoever calls this, as long as it lives.
    pub(super) fn start() -> Self {
        let (sender, mut waiting) = mpsc::unbounded_channel();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                while let Some((batch, verdict)) = waiting.recv().await {
                    answer(batch, &verdict);
                }
            });
        }
        Self(sender)
    }

    /// Has everybody answered; right here where that wakes but one, or where there is no runtime.
    pub(super) fn give(&self, batch: Vec<I>, verdict: Verdict) {
        if batch.len() <= 1 {
            return answer(batch, &verdict);
        }
        if let Err(refused) = self.0.send((batch, verdict)) {
            let (batch, verdict) = refused.0;
            answer(batch, &verdict);
        }
    }
}
