//! Group commit: many callers, one queue, one disk. Knows nothing of SQLite, so that a test can run it in every order.

use std::future::{self, Future};
use std::sync::Arc;
use std::sync::mpsc as channel;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::answers::Answers;
use crate::error::{Error, Result};
use crate::sqlite::failure;

/// The most intents that are committed together.
const BATCH: usize = 256;

/// What stands behind the queue. Its owner calls it from one thread.
pub(super) trait Disk {
    type Intent: Answer;
    /// Commits a batch, which after an idle while is empty. Whom it refuses room it answers itself, and takes out.
    fn commit(&mut self, batch: &mut Vec<Self::Intent>) -> Verdict;
    /// What can wait until everybody is answered.
    fn tidy(&mut self);
    /// So many were answered together: a moment for others to come, of whom `waiting` tells how many have.
    fn gather(&mut self, answered: usize, waiting: impl Fn() -> usize);
    /// The index is loaded.
    fn settle(&mut self);
    /// Nothing more comes; whether that was asked for, or nobody is left.
    fn close(&mut self, is_asked: bool);
    /// An idle while.
    fn idle(&self) -> impl Future<Output = ()>;
}

/// Somebody waits for what becomes of it.
pub(super) trait Answer {
    fn answer(self, verdict: &Verdict);
}

/// What became of a batch.
pub(super) enum Verdict {
    Committed,
    /// It is certain that nothing was written.
    RolledBack(Arc<rusqlite::Error>),
    Unknown(rusqlite::Error),
}

impl Verdict {
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::RolledBack(cause) if failure::is_full(cause))
    }

    /// What it is to one of the batch, whose work gave `result`, if it was done.
    pub(super) fn of<T>(&self, result: Option<rusqlite::Result<T>>) -> Result<T> {
        match (self, result) {
            (Self::Committed, Some(result)) => result.map_err(failure::of),
            (Self::RolledBack(cause), _) => Err(failure::of(Arc::clone(cause))),
            (Self::Committed, None) | (Self::Unknown(_), _) => Err(Error::OutcomeUnknown),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// Nothing more is taken, and what waits is still finished.
    Closing,
    Closed,
    Failed,
}

pub(super) enum Message<I> {
    Apply(I),
    /// The index is loaded: see to it that whose session is whose can be found, then say so.
    Settle(channel::Sender<()>),
    /// Finish what waits, then end.
    Stop,
}

/// The callers' side.
pub(super) struct Queue<I> {
    messages: mpsc::Sender<Message<I>>,
    state: watch::Receiver<State>,
}

/// The disk's side: takes what waits, commits it, answers.
pub(super) struct Group<I> {
    messages: mpsc::Receiver<Message<I>>,
    state: watch::Sender<State>,
    answers: Answers<I>,
    /// Someone asked to close.
    closing: bool,
}

/// Both sides of a queue in which at most `most` may wait.
pub(super) fn queue<I: Answer + Send + 'static>(most: usize) -> (Queue<I>, Group<I>) {
    let (sender, messages) = mpsc::channel(most);
    let (states, state) = watch::channel(State::Running);
    (Queue { messages: sender, state }, Group { messages, state: states, answers: Answers::start(), closing: false })
}

impl<I> Queue<I> {
    /// Puts an intent at the end, unless too many wait or nothing is taken any more.
    pub(super) fn put(&self, intent: I) -> Result<()> {
        self.messages.try_send(Message::Apply(intent)).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Closed(_) if matches!(*self.state.borrow(), State::Closing | State::Closed) => {
                Error::Internal("the store is closed".into())
            }
            TrySendError::Closed(_) => Error::OutcomeUnknown,
        })
    }

    /// How many wait, and how many may.
    pub(super) fn waiting(&self) -> [usize; 2] {
        let most = self.messages.max_capacity();
        [most - self.messages.capacity(), most]
    }

    /// Asks to finish what waits and to take no more.
    pub(super) async fn stop(&self) {
        // Refused only by a group that has ended already.
        let _ = self.messages.send(Message::Stop).await;
    }

    /// Resolves when the outcome of a batch is unknown, and never when the end was asked for.
    pub(super) fn failed(&self) -> impl Future<Output = ()> + Send + use<I> {
        let mut state = self.state.clone();
        async move {
            // An error means that the thread panicked.
            let ended = state.wait_for(|state| matches!(state, State::Closed | State::Failed)).await;
            if ended.is_ok_and(|state| *state == State::Closed) {
                future::pending::<()>().await;
            }
        }
    }

    /// A way in that keeps nothing open.
    pub(super) fn downgrade(&self) -> mpsc::WeakSender<Message<I>> {
        self.messages.downgrade()
    }
}

/// Waits for an answer. An intent that was dropped unanswered fell with a thread that panicked.
pub(super) async fn settle<T>(answered: oneshot::Receiver<Result<T>>) -> Result<T> {
    answered.await.unwrap_or(Err(Error::OutcomeUnknown))
}

impl<I: Answer + Send + 'static> Group<I> {
    /// Ends when the queue is closed and empty, or when the outcome of a batch is unknown.
    pub(super) async fn run(mut self, disk: &mut impl Disk<Intent = I>) {
        while let Some(mut batch) = self.next_batch(disk).await {
            let verdict = disk.commit(&mut batch);
            if let Verdict::Unknown(_) = &verdict {
                answer(batch, &verdict);
                return self.fail(&verdict).await;
            }
            let answered = batch.len();
            self.answers.give(batch, verdict);
            disk.tidy();
            disk.gather(answered, || self.messages.len());
        }
        disk.close(self.closing);
        self.state.send_replace(State::Closed);
    }

    /// Waits for an intent and takes what waits behind it; nothing after an idle while.
    async fn next_batch(&mut self, disk: &mut impl Disk<Intent = I>) -> Option<Vec<I>> {
        let mut batch = Vec::new();
        // Nearly always somebody waits already.
        let mut message = if let Ok(message) = self.messages.try_recv() {
            message
        } else {
            tokio::select! {
                biased;
                message = self.messages.recv() => message?,
                () = disk.idle() => return Some(batch),
            }
        };
        loop {
            match message {
                Message::Apply(intent) => batch.push(intent),
                Message::Settle(done) => {
                    disk.settle();
                    // Nobody may be waiting any more.
                    let _ = done.send(());
                }
                Message::Stop => {
                    self.closing = true;
                    self.state.send_replace(State::Closing);
                    self.messages.close();
                }
            }
            if batch.len() == BATCH {
                return Some(batch);
            }
            match self.messages.try_recv() {
                Ok(next) => message = next,
                Err(_) => return Some(batch),
            }
        }
    }

    /// Everybody who waits is answered before the program, which ends at the sight of this state, can see it.
    async fn fail(mut self, verdict: &Verdict) {
        self.messages.close();
        while let Some(message) = self.messages.recv().await {
            if let Message::Apply(intent) = message {
                intent.answer(verdict);
            }
        }
        self.state.send_replace(State::Failed);
    }
}

/// Has everybody answered, right here.
pub(super) fn answer<I: Answer>(batch: Vec<I>, verdict: &Verdict) {
    for intent in batch {
        intent.answer(verdict);
    }
}
