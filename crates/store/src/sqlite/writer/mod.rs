use std::fs::File;
use std::future::{self, Future};
use std::mem;
use std::sync::mpsc as channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::batch::Commit;
use self::batch::{Duty, Intent, Task};
pub(super) use self::batch::{Work, commit};
use self::drain::Drain;
pub(super) use self::tx::Tx;
use super::failure;
use super::index::Index;
use super::pragmas::Role;
use super::reserve::Reserve;
use crate::error::{Error, Result};

mod answers;
mod batch;
mod drain;
mod log;
mod tx;

/// The way to the thread that owns the writing connection.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    state: watch::Receiver<State>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Apply(Box<dyn Intent>),
    /// The index is loaded: see to it that whose session is whose can be found, then say so.
    Settle(channel::Sender<()>),
    /// Finish what waits, then end.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Closed,
    Failed,
}

impl Writer {
    /// Starts the thread. It holds `lock` until it ends.
    pub(super) fn start(
        connection: Connection,
        index: Arc<Index>,
        role: Role,
        lock: Option<File>,
        reserve: Reserve,
        queue: usize,
        commit: Commit,
    ) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(queue);
        let (states, state) = watch::channel(State::Running);
        let drain = Drain::new(connection, index, role, reserve, receiver, states, commit)
            .map_err(|error| Error::Internal(error.into()))?;
        let thread = thread::Builder::new()
            .name("wxgate-writer".to_owned())
            .spawn(move || {
                drain.run();
                drop(lock);
            })
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { queue: sender, state, thread: Mutex::new(Some(thread)) })
    }

    /// For the one who loads the index. It keeps no store open.
    pub(super) fn handle(&self) -> Handle {
        Handle(self.queue.downgrade())
    }

    /// Queues `work` and waits until it is durable.
    pub(super) async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T> {
        settle(self.enqueue(work, Duty::Ordinary)?).await
    }

    /// Like [`write`](Self::write), also when the disk is full.
    pub(super) async fn write_urgently<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T> {
        settle(self.enqueue(work, Duty::Urgent)?).await
    }

    /// Like [`write_urgently`](Self::write_urgently); then no copy of what it deleted is left in the log.
    pub(super) async fn write_and_scrub<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T> {
        settle(self.enqueue(work, Duty::Scrub)?).await
    }

    fn enqueue<T: Send + 'static>(&self, work: impl Work<T>, duty: Duty) -> Result<oneshot::Receiver<Result<T>>> {
        let (answer, answered) = oneshot::channel();
        let task = Box::new(Task::new(work, answer, duty));
        match self.queue.try_send(Message::Apply(task)) {
            Ok(()) => Ok(answered),
            Err(TrySendError::Full(_)) => Err(Error::Busy),
            Err(TrySendError::Closed(_)) if *self.state.borrow() == State::Closed => {
                Err(Error::Internal("the store is closed".into()))
            }
            Err(TrySendError::Closed(_)) => Err(Error::OutcomeUnknown),
        }
    }

    pub(super) fn failed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut state = self.state.clone();
        async move {
            // An error means that the thread panicked.
            if state.wait_for(|state| *state != State::Running).await.is_ok_and(|state| *state == State::Closed) {
                future::pending::<()>().await;
            }
        }
    }

    pub(super) async fn close(&self) {
        // Refused only by a thread that has ended already.
        let _ = self.queue.send(Message::Stop).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

pub(super) struct Handle(mpsc::WeakSender<Message>);

impl Handle {
    /// Says that the index is loaded. `done` hears when the writer is ready for it.
    pub(super) fn settle(&self, done: channel::Sender<()>) {
        if let Some(queue) = self.0.upgrade() {
            // Refused only by a thread that has ended.
            let _ = queue.blocking_send(Message::Settle(done));
        }
    }
}

/// Finishes what waits, so that the directory is free when the store is gone.
impl Drop for Writer {
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(mem::replace(&mut self.queue, closed));
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// A task that was dropped unanswered fell with a thread that panicked.
async fn settle<T>(answered: oneshot::Receiver<Result<T>>) -> Result<T> {
    answered.await.unwrap_or(Err(Error::OutcomeUnknown))
}

/// What became of a batch.
enum Verdict {
    Committed,
    /// It is certain that nothing was written.
    RolledBack(Arc<rusqlite::Error>),
    Unknown(rusqlite::Error),
}

impl Verdict {
    fn is_full(&self) -> bool {
        matches!(self, Self::RolledBack(cause) if failure::is_full(cause))
    }
}

#[cfg(test)]
mod tests;
