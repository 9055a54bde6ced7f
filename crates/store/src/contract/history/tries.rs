//! The failure budget.

use crate::model::{FailureRow, Opening, OpeningId, UnixSeconds};

/// At most so many tries in so many seconds.
const BUDGET: [(usize, i64); 2] = [(5, 600), (20, 86_400)];

#[derive(Default)]
pub(super) struct Tries {
    last_id: i64,
    tries: Vec<Try>,
}

struct Try {
    id: OpeningId,
    subject: [u8; 32],
    began_at: UnixSeconds,
    /// Why it failed; `None` while it is under way.
    cause: Option<String>,
}

impl Tries {
    pub(super) fn begin(&mut self, subject: [u8; 32], now: UnixSeconds) -> Opening {
        if self.wait(subject, now, |_| true) > 0 {
            return Opening::Spent {
                retry_after_seconds: self.wait(subject, now, |tried| tried.cause.is_some()).max(1),
            };
        }
        self.last_id += 1;
        let id = OpeningId(self.last_id);
        self.tries.push(Try { id, subject, began_at: now, cause: None });
        Opening::Granted(id)
    }

    /// Seconds until there is room in every window, if only what `counts` counts.
    fn wait(&self, subject: [u8; 32], now: UnixSeconds, counts: impl Fn(&Try) -> bool) -> i64 {
        let of_subject = self.tries.iter().filter(|tried| tried.subject == subject && counts(tried));
        let mut began: Vec<_> = of_subject.map(|tried| tried.began_at.0).collect();
        began.sort_unstable_by(|one, other| other.cmp(one));
        let waits = BUDGET.map(|(most, seconds)| began.get(most - 1).map_or(0, |began| began + seconds - now.0));
        waits.into_iter().fold(0, i64::max)
    }

    pub(super) fn fail(&mut self, id: OpeningId, cause: &str) {
        self.tries.iter_mut().filter(|tried| tried.id == id).for_each(|tried| tried.cause = Some(cause.to_owned()));
    }

    /// Newest first.
    pub(super) fn of(&self, subject: [u8; 32]) -> Vec<FailureRow> {
        let own = self.tries.iter().rev().filter(|tried| tried.subject == subject);
        own.map(|tried| FailureRow { began_at: tried.began_at, cause: tried.cause.clone() }).collect()
    }

    pub(super) fn release(&mut self, id: OpeningId) {
        self.tries.retain(|tried| tried.id != id || tried.cause.is_some());
    }

    pub(super) fn release_all(&mut self) {
        self.tries.retain(|tried| tried.cause.is_some());
    }

    pub(super) fn purge(&mut self, now: UnixSeconds, limit: u32) -> u64 {
        let mut left = limit;
        self.tries.retain(|tried| {
            let goes = left > 0 && tried.began_at <= now - 86_400;
            left -= u32::from(goes);
            !goes
        });
        u64::from(limit - left)
    }
}
