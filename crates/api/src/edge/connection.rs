//! One connection: what it may take its time with, and what not.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::head::Head;

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
    ambiguous: AtomicBool,
    closing: AtomicBool,
    told: Notify,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Between requests, since then.
    Idle(Instant),
    /// A head has begun and is not complete, since then.
    Head(Instant),
    /// A request is being answered.
    Busy,
}

enum Arrived {
    NewHead,
    Head,
    Body,
}

impl Progress {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::Idle(Instant::now())),
            ambiguous: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            told: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the bytes that just arrived belong to.
    fn bytes_arrived(&self) -> Arrived {
        let mut state = self.state();
        match *state {
            State::Idle(_) => {
                *state = State::Head(Instant::now());
                Arrived::NewHead
            }
            State::Head(_) => Arrived::Head,
            State::Busy => Arrived::Body,
        }
    }

    /// A head is complete: the request is in hand until the guard is dropped.
    pub fn busy(self: &Arc<Self>) -> Busy {
        *self.state() = State::Busy;
        Busy(Arc::clone(self))
    }

    /// Whether no request is in hand, so that closing loses nobody's answer.
    pub fn is_unfinished(&self) -> bool {
        !matches!(*self.state(), State::Busy)
    }

    /// Asks the connection's task to end as soon as no request is in hand.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.told.notify_one();
    }

    /// Resolves when the connection has used up its time, or was told to close, and no request is in hand.
    pub async fn over(&self) {
        loop {
            let now = Instant::now();
            let deadline = match *self.state() {
                State::Idle(_) | State::Head(_) if self.closing.load(Ordering::Acquire) => return,
                State::Idle(since) => since + IDLE_TIME,
                State::Head(since) => since + HEAD_TIME,
                State::Busy => now + LOOK_TIME,
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
        self.0.ambiguous.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.state() = State::Idle(Instant::now());
    }
}

/// A stream that tells [`Progress`] when bytes arrive, and looks at the heads among them.
pub struct Watched<S> {
    stream: S,
    progress: Arc<Progress>,
    head: Head,
}

impl<S> Watched<S> {
    pub fn new(stream: S, progress: Arc<Progress>) -> Self {
        Self { stream, progress, head: Head::new() }
    }

    fn look_at(&mut self, bytes: &[u8]) {
        match self.progress.bytes_arrived() {
            Arrived::Body => return,
            Arrived::NewHead => self.head = Head::new(),
            Arrived::Head => {}
        }
        self.head.read(bytes);
        if self.head.is_ambiguous() {
            self.progress.ambiguous.store(true, Ordering::Release);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.look_at(&buffer.filled()[before..]);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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
        let progress = Progress::new();
        progress.bytes_arrived();
        advance(Duration::from_secs(5)).await;
        progress.bytes_arrived();
        assert!(!over_within(&progress, Duration::from_secs(4)).await);
        assert!(over_within(&progress, Duration::from_secs(2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_given_a_minute() {
        let progress = Progress::new();
        assert!(!over_within(&progress, Duration::from_secs(59)).await);
        assert!(over_within(&progress, Duration::from_secs(2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_hand_is_neither_overdue_nor_closed() {
        let progress = Progress::new();
        let busy = progress.busy();
        assert!(!progress.is_unfinished());
        assert!(!over_within(&progress, Duration::from_mins(5)).await);
        progress.close();
        assert!(!over_within(&progress, Duration::from_mins(5)).await, "its answer comes first");
        drop(busy);
        assert!(progress.is_unfinished());
        assert!(over_within(&progress, Duration::from_millis(1)).await);
    }
}
