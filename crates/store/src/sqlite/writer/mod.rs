use std::fs::File;
use std::future::Future;
use std::mem;
use std::sync::mpsc as channel;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use self::batch::{Duty, Intent, Task};
pub(super) use self::batch::{Work, commit};
pub(super) use self::drain::Drain;
use self::group::{Message, Queue, settle};
pub(super) use self::log::{MOST_PAGES as MOST_LOG_PAGES, length as log_length};
pub(super) use self::tx::Tx;
use crate::error::{Error, Result};

mod answers;
mod batch;
mod drain;
mod group;
mod log;
mod scheduling;
mod tx;

/// The way to the thread that owns the writing connection.
pub(super) struct Writer {
    queue: Queue<Box<dyn Intent>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. It holds `lock` until it ends.
    pub(super) fn start(mut drain: Drain, lock: Option<File>, queue: usize) -> Result<Self> {
        // Only to wait for no longer than an idle while.
        let clock = runtime::Builder::new_current_thread().enable_time().build();
        let clock = clock.map_err(|error| Error::Internal(error.into()))?;
        let (queue, group) = group::queue(queue);
        let thread = thread::Builder::new()
            .name("wxgate-writer".to_owned())
            .spawn(move || {
                scheduling::give_way();
                clock.block_on(group.run(&mut drain));
                drop(lock);
            })
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    /// For the one who loads the index. It keeps no store open.
    pub(super) fn handle(&self) -> Handle {
        Handle(self.queue.downgrade())
    }

    /// Queues `work`. What it gives resolves when the work is durable.
    pub(super) fn queue<T: Send + 'static, F: Work<T>>(
        &self,
        work: F,
    ) -> Result<impl Future<Output = Result<T>> + Send + use<T, F>> {
        self.enqueue(work, Duty::Ordinary).map(settle)
    }

    /// Queues `work` and waits until it is durable.
    pub(super) async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T> {
        self.queue(work)?.await
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
        let task: Box<dyn Intent> = Box::new(Task::new(work, answer, duty));
        self.queue.put(task)?;
        Ok(answered)
    }

    /// How many writes wait, and how many may.
    pub(super) fn waiting(&self) -> [u64; 2] {
        self.queue.waiting().map(|count| count as u64)
    }

    pub(super) fn failed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.queue.failed()
    }

    pub(super) async fn close(&self) {
        self.queue.stop().await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

pub(super) struct Handle(mpsc::WeakSender<Message<Box<dyn Intent>>>);

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
        let (closed, _) = group::queue(1);
        drop(mem::replace(&mut self.queue, closed));
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
