//! One connection: what it may take its time with, and what not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::table::{Place, Table};

/// Time from a request's first byte to the end of its head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time between two looks at what the connection is doing.
const LOOK_TIME: Duration = Duration::from_secs(1);
/// Time a connection may stay without a request.
const IDLE_TIME: Duration = Duration::from_mins(1);

/// What a connection is doing, shared by its reading side, its service and whoever must close it.
#[derive(Debug)]
pub struct Progress {
    state: Mutex<State>,
    closing: AtomicBool,
    told: Notify,
    /// Where those stand whose request is late.
    late: Arc<Table>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Bytes that have arrived since the end of the last head.
    beyond: u64,
    /// Whether the last head says in two ways where its request ends.
    ambiguous: bool,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Between requests, since then.
    Idle(Instant),
    /// A head has begun and is not complete, since then.
    Head(Instant),
    /// A head is complete and its body is not; whoever reads the body sees to its time.
    Body,
    /// A request is being answered.
    Busy,
}

/// What bytes belong to.
pub enum Arrived {
    /// The first of a head.
    NewHead,
    /// More of it.
    Head,
    /// What follows a head.
    Beyond,
}

impl Progress {
    pub fn new(late: &Arc<Table>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State { phase: Phase::Idle(Instant::now()), beyond: 0, ambiguous: false }),
            closing: AtomicBool::new(false),
            told: Notify::new(),
            late: Arc::clone(late),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the bytes that just arrived belong to.
    pub fn bytes_arrived(&self, count: usize) -> Arrived {
        let mut state = self.state();
        match state.phase {
            Phase::Idle(_) => {
                *state = State { phase: Phase::Head(Instant::now()), beyond: 0, ambiguous: false };
                Arrived::NewHead
            }
            Phase::Head(_) => Arrived::Head,
            Phase::Body | Phase::Busy => {
                state.beyond += count as u64;
                Arrived::Beyond
            }
        }
    }

    /// What a look at the head has shown: how many of the bytes that just arrived stand after its end, and whether it is
    /// ambiguous.
    pub fn head_seen(&self, beyond: usize, ambiguous: bool) {
        let mut state = self.state();
        state.beyond += beyond as u64;
        state.ambiguous |= ambiguous;
    }

    /// A head is complete: the request is in hand until the guard is dropped.
    pub fn busy(self: &Arc<Self>, has_body: bool) -> Busy {
        self.state().phase = if has_body { Phase::Body } else { Phase::Busy };
        Busy(Arc::clone(self))
    }

    /// The body of the request in hand is complete.
    pub fn body_arrived(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Body) {
            state.phase = Phase::Busy;
        }
    }

    /// Whether no whole request is in hand, so that closing loses nobody's answer.
    pub fn is_unfinished(&self) -> bool {
        !matches!(self.state().phase, Phase::Busy)
    }

    /// Whether a head has begun that no service has seen yet.
    pub fn is_in_head(&self) -> bool {
        matches!(self.state().phase, Phase::Head(_))
    }

    /// The request has begun and the rest of it is not here yet: it is late until the place is given back.
    pub fn is_late(self: &Arc<Self>) -> Option<Place> {
        self.late.enter(self)
    }

    /// Asks the connection's task to end as soon as no whole request is in hand.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.told.notify_one();
    }

    /// Resolves when the connection has used up its time, or was told to close, and no request is in hand.
    pub async fn over(&self) {
        loop {
            let now = Instant::now();
            if self.closing.load(Ordering::Acquire) && self.is_unfinished() {
                return;
            }
            let deadline = match self.state().phase {
                Phase::Idle(since) => since + IDLE_TIME,
                Phase::Head(since) => since + HEAD_TIME,
                Phase::Body | Phase::Busy => now + LOOK_TIME,
            };
            if deadline <= now {
                return;
            }
            // A head that begins while we wait for the idle time would be noticed late: look at least that often.
            tokio::select! {
                () = tokio::time::sleep_until(deadline.min(now + LOOK_TIME)) => {}
                () = self.told.notified() => {}
            }
        }
    }
}

/// A request in hand.
pub struct Busy(Arc<Progress>);

impl Busy {
    /// Whether the request's head says in two ways where it ends.
    pub fn is_ambiguous(&self) -> bool {
        self.0.state().ambiguous
    }

    /// Whether exactly the request's body has arrived after its head, so that the next bytes begin the next head. Of a
    /// body in chunks (`None`) only hyper knows the end.
    pub fn is_alone(&self, body_bytes: Option<u64>) -> bool {
        body_bytes == Some(self.0.state().beyond)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.state().phase = Phase::Idle(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    async fn over_within(progress: &Progress, time: Duration) -> bool {
        timeout(time, progress.over()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_is_given_ten_seconds() {
        let progress = Progress::new(&Table::new(1));
        progress.bytes_arrived(1);
        advance(Duration::from_secs(5)).await;
        progress.bytes_arrived(1);
        assert!(!over_within(&progress, Duration::from_secs(4)).await);
        assert!(over_within(&progress, Duration::from_secs(2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_given_a_minute() {
        let progress = Progress::new(&Table::new(1));
        assert!(!over_within(&progress, Duration::from_secs(59)).await);
        assert!(over_within(&progress, Duration::from_secs(2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_hand_is_neither_overdue_nor_closed() {
        let progress = Progress::new(&Table::new(1));
        let busy = progress.busy(false);
        assert!(!progress.is_unfinished());
        assert!(!over_within(&progress, Duration::from_mins(5)).await);
        progress.close();
        assert!(!over_within(&progress, Duration::from_mins(5)).await, "its answer comes first");
        drop(busy);
        assert!(progress.is_unfinished());
        assert!(over_within(&progress, Duration::from_millis(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_under_way_may_be_closed_and_one_that_is_here_may_not() {
        let progress = Progress::new(&Table::new(1));
        let busy = progress.busy(true);
        assert!(!over_within(&progress, Duration::from_mins(5)).await, "its time is its reader's concern");
        assert!(progress.is_unfinished());
        progress.body_arrived();
        assert!(!progress.is_unfinished());
        drop(busy);
        progress.body_arrived();
        let _late = progress.busy(true);
        progress.close();
        assert!(over_within(&progress, Duration::from_millis(1)).await);
    }

    #[test]
    fn bytes_that_are_neither_the_head_nor_its_body_are_noticed() {
        let progress = Progress::new(&Table::new(1));
        for (beyond_the_head, later, body) in [(0, 0, 0), (2, 0, 2), (0, 2, 2), (1, 1, 2)] {
            progress.bytes_arrived(100);
            progress.head_seen(beyond_the_head, false);
            let busy = progress.busy(body > 0);
            progress.bytes_arrived(later);
            assert!(busy.is_alone(Some(body)));
            assert!(!busy.is_alone(Some(body + 1)) && !busy.is_alone(None));
        }
    }
}
