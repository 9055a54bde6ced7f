use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;

/// How long WeChat is left alone after renewals that failed one after the other: not at all after the first, then for
/// 1, 2, 4 … seconds, at most a minute. Whatever is wrong, an hour of it costs fewer than 70 calls.
#[derive(Default)]
pub(super) struct Pause {
    failures: u32,
    last: Option<(Instant, Arc<Error>)>,
}

impl Pause {
    const LONGEST: Duration = Duration::from_mins(1);

    /// One more renewal failed.
    pub(super) fn begin(&mut self, error: Arc<Error>) {
        let length = match self.failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_secs(1 << doublings.min(6)).min(Self::LONGEST),
        };
        self.failures = self.failures.saturating_add(1);
        self.last = Some((Instant::now() + length, error));
    }

    /// What to say without asking WeChat again; `None` when it may be asked.
    pub(super) fn error(&self) -> Option<&Arc<Error>> {
        self.last.as_ref().filter(|(until, _)| Instant::now() < *until).map(|(_, error)| error)
    }
}
