//! One connection: what it may take its time with, and what not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
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
///
/// Only the connection's own task changes it, and others ask for no more than the phase: each field stands for itself.
#[derive(Debug)]
pub struct Progress {
    phase: AtomicU8,
    born: Instant,
    /// Nanoseconds from its birth to when its phase began. Of [`Phase::Idle`] that is known when somebody has looked.
    since: AtomicU64,
    /// Bytes that have arrived since the end of the last head.
    beyond: AtomicU64,
    /// Whether the last head says in two ways where its request ends.
    ambiguous: AtomicBool,
    closing: AtomicBool,
    told: Notify,
    /// Where those stand whose request is late.
    late: Arc<Table>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between requests, and nobody has looked yet.
    Rested,
    /// Between requests.
    Idle,
    /// A head has begun and is not complete.
    Head,
    /// A head is complete and its body is not; whoever reads the body sees to its time.
    Body,
    /// A request is being answered.
    Busy,
}

impl Phase {
    const ALL: [Self; 5] = [Self::Rested, Self::Idle, Self::Head, Self::Body, Self::Busy];
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
            phase: AtomicU8::new(Phase::Idle as u8),
            born: Instant::now(),
            since: AtomicU64::new(0),
            beyond: AtomicU64::new(0),
            ambiguous: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            told: Notify::new(),
            late: Arc::clone(late),
        })
    }

    fn phase(&self) -> Phase {
        Phase::ALL[usize::from(self.phase.load(Ordering::Acquire))]
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// When its phase began.
    fn since(&self) -> Instant {
        self.born + Duration::from_nanos(self.since.load(Ordering::Relaxed))
    }

    fn begin(&self, phase: Phase) {
        let since = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
        self.set_phase(phase);
    }

    /// What the bytes that just arrived belong to.
    pub fn bytes_arrived(&self, count: usize) -> Arrived {
        match self.phase() {
            Phase::Rested | Phase::Idle => {
                self.beyond.store(0, Ordering::Relaxed);
                self.ambiguous.store(false, Ordering::Relaxed);
                self.begin(Phase::Head);
                Arrived::NewHead
            }
            Phase::Head => Arrived::Head,
            Phase::Body | Phase::Busy => {
                self.add_beyond(count);
                Arrived::Beyond
            }
        }
    }

    fn add_beyond(&self, count: usize) {
        self.beyond.store(self.beyond.load(Ordering::Relaxed) + count as u64, Ordering::Relaxed);
    }

    /// What a look at the head has shown: how many of the bytes that just arrived stand after its end, and whether it is
    /// ambiguous.
    pub fn head_seen(&self, beyond: usize, ambiguous: bool) {
        self.add_beyond(beyond);
        self.ambiguous.store(ambiguous || self.ambiguous.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// A head is complete: the request is in hand until the guard is dropped.
    pub fn busy(self: &Arc<Self>, has_body: bool) -> Busy {
        self.set_phase(if has_body { Phase::Body } else { Phase::Busy });
        Busy(Arc::clone(self))
    }

    /// The body of the request in hand is complete.
    pub fn body_arrived(&self) {
        if self.phase() == Phase::Body {
            self.set_phase(Phase::Busy);
        }
    }

    /// Whether no whole request is in hand, so that closing loses nobody's answer.
    pub fn is_unfinished(&self) -> bool {
        self.phase() != Phase::Busy
    }

    /// Whether a head has begun that no service has seen yet.
    pub fn is_in_head(&self) -> bool {
        self.phase() == Phase::Head
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
            if self.phase() == Phase::Rested {
                self.begin(Phase::Idle);
            }
            let deadline = match self.phase() {
                Phase::Rested | Phase::Idle => self.since() + IDLE_TIME,
                Phase::Head => self.since() + HEAD_TIME,
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
        self.0.ambiguous.load(Ordering::Relaxed)
    }

    /// Whether exactly the request's body has arrived after its head, so that the next bytes begin the next head. Of a
    /// body in chunks (`None`) only hyper knows the end.
    pub fn is_alone(&self, body_bytes: Option<u64>) -> bool {
        body_bytes == Some(self.0.beyond.load(Ordering::Relaxed))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set_phase(Phase::Rested);
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
