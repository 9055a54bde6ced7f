//! The requests that failed, on their way to the store: written in batches off the way of any answer, and few however many
//! fail.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use wxgate_store::{Error as StoreError, FailedRequest, Store, UnixSeconds};

/// Seconds over which like failures are counted together.
const WINDOW_SECONDS: i64 = 60;
/// Failures of one kind, app and cause that are kept one by one in a window; those above are one row with their number.
const SINGLE: u64 = 10;
/// Openings of one app that are kept one by one in a window, whatever their cause: that somebody else's payload fails alike
/// must not show in what is kept of this one. Nobody has more than five failures in ten minutes.
const SINGLE_OPENINGS: u64 = 60;
/// Rows that wait to be written. Reached only where the store takes none.
const MOST: usize = 1_000;

/// Failures that are not written down yet.
pub struct Failed {
    state: Mutex<State>,
    dropped: Arc<AtomicU64>,
    /// How often something was written down.
    written: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    waiting: Vec<FailedRequest>,
    window: Window,
}

#[derive(Default)]
struct Window {
    begun_at: i64,
    singles: HashMap<Quota, u64>,
    /// What was above the quota, each a row that stands for several.
    more: HashMap<(String, String, String), FailedRequest>,
}

/// Kind and app, and the cause where it counts by itself.
type Quota = (String, String, Option<String>);

impl Failed {
    pub fn new() -> Self {
        Self { state: Mutex::default(), dropped: Arc::default(), written: watch::Sender::new(0) }
    }

    /// How many were dropped for want of room.
    pub fn dropped(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }

    /// Who waits for more to be written.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Takes note of one.
    pub fn note(&self, failed: FailedRequest) {
        let mut state = self.state();
        state.turn(failed.happened_at, &self.dropped);
        let is_opening = failed.kind == "opening";
        let quota = (failed.kind.clone(), failed.appid.clone(), (!is_opening).then(|| failed.cause.clone()));
        let singles = state.window.singles.entry(quota).or_default();
        if *singles < if is_opening { SINGLE_OPENINGS } else { SINGLE } {
            *singles += 1;
            return state.wait(failed, &self.dropped);
        }
        let alike = (failed.kind.clone(), failed.appid.clone(), failed.cause.clone());
        let several =
            FailedRequest { errcode: None, detail: None, member: None, rid: None, count: 0, ..failed.clone() };
        let several = state.window.more.entry(alike).or_insert(several);
        (several.happened_at, several.count) = (failed.happened_at, several.count + 1);
    }

    /// Writes down what waits; at the `end`, also what is still being counted together.
    pub async fn write(&self, store: &dyn Store, now: UnixSeconds, end: bool) {
        let waiting = {
            let mut state = self.state();
            let due = if end { UnixSeconds(i64::MAX) } else { now };
            state.turn(due, &self.dropped);
            std::mem::take(&mut state.waiting)
        };
        if waiting.is_empty() {
            return;
        }
        match store.add_failed_requests(waiting.clone()).await {
            Ok(()) => self.written.send_modify(|times| *times += 1),
            Err(error) => {
                tracing::warn!(%error, "failed requests could not be written down; the next round tries again");
                // What may have been written is not added again.
                if !matches!(error, StoreError::OutcomeUnknown) {
                    let mut state = self.state();
                    let newer = std::mem::replace(&mut state.waiting, waiting);
                    for failed in newer {
                        state.wait(failed, &self.dropped);
                    }
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Begins a new window when the present one is over. A clock that was set back ends it, too.
    fn turn(&mut self, now: UnixSeconds, dropped: &AtomicU64) {
        if (0..WINDOW_SECONDS).contains(&now.0.saturating_sub(self.window.begun_at)) {
            return;
        }
        let over = std::mem::replace(&mut self.window, Window { begun_at: now.0, ..Window::default() });
        for several in over.more.into_values() {
            self.wait(several, dropped);
        }
    }

    fn wait(&mut self, failed: FailedRequest, dropped: &AtomicU64) {
        if self.waiting.len() < MOST {
            self.waiting.push(failed);
        } else {
            dropped.fetch_add(failed.count, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: &str, cause: &str, at: i64) -> FailedRequest {
        FailedRequest {
            happened_at: UnixSeconds(at),
            kind: kind.to_owned(),
            appid: "wx1".to_owned(),
            cause: cause.to_owned(),
            errcode: Some(40029),
            detail: None,
            member: None,
            rid: Some("r".to_owned()),
            count: 1,
        }
    }

    fn waiting(failed: &Failed) -> Vec<(Option<String>, u64)> {
        failed.state().waiting.iter().map(|row| (row.rid.clone(), row.count)).collect()
    }

    #[test]
    fn of_a_flood_ten_stand_alone_and_the_rest_is_one_row() {
        let failed = Failed::new();
        for _ in 0..100_000 {
            failed.note(failure("login", "code_invalid", 1_000));
        }
        failed.note(failure("login", "wechat_refused", 1_010));
        assert_eq!(waiting(&failed).len(), 11, "another cause has its own");
        failed.note(failure("login", "code_invalid", 1_060));
        let all = waiting(&failed);
        assert_eq!((all.len(), all[11].clone()), (13, (None, 99_990)));
        assert_eq!(all[12], (Some("r".to_owned()), 1), "a new minute");
        assert_eq!(failed.dropped.load(Relaxed), 0);
    }

    #[test]
    fn what_others_failed_by_does_not_show_in_whether_an_opening_is_kept() {
        let failed = Failed::new();
        for number in 0..60 {
            failed.note(failure("opening", if number % 2 == 0 { "schema" } else { "stale" }, 1_000));
        }
        let before = waiting(&failed).len();
        for cause in ["schema", "stale", "never seen before"] {
            failed.note(failure("opening", cause, 1_001));
            assert_eq!(waiting(&failed).len(), before, "{cause}");
        }
        assert_eq!(before, 60);
    }

    #[test]
    fn while_nothing_can_be_written_memory_is_bounded_and_what_is_lost_is_counted() {
        let failed = Failed::new();
        for minute in 0..200 {
            for _ in 0..20 {
                failed.note(failure("login", "code_invalid", minute * 60));
            }
        }
        assert_eq!(waiting(&failed).len(), MOST);
        let told: u64 = waiting(&failed).iter().map(|(_, count)| count).sum();
        let unended = 10;
        assert_eq!(told + failed.dropped.load(Relaxed) + unended, 4_000);
    }
}
