//! The failure budget.

use crate::model::{Opening, OpeningId, UnixSeconds};

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
    failed: bool,
}

impl Tries {
    pub(super) fn begin(&mut self, subject: [u8; 32], now: UnixSeconds) -> Opening {
        if self.wait(subject, now, |_| true) > 0 {
            return Opening::Spent { retry_after_seconds: self.wait(subject, now, |tried| tried.failed).max(1) };
        }
        self.last_id += 1;
        let id = OpeningId(self.last_id);
        self.tries.push(Try { id, subject, began_at: now, failed: false });
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

    pub(super) fn fail(&mut self, id: OpeningId) {
        self.tries.iter_mut().filter(|tried| tried.id == id).for_each(|tried| tried.failed = true);
    }

    pub(super) fn release(&mut self, id: OpeningId) {
        self.tries.retain(|tried| tried.id != id || tried.failed);
    }

    pub(super) fn release_all(&mut self) {
        self.tries.retain(|tried| tried.failed);
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
