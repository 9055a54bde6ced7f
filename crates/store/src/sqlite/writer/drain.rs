use std::io;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::answers::{Answers, answer};
use super::batch::{self, Commit, Duty, Intent};
use super::log::{self, Log};
use super::{Message, State, Verdict};
use crate::sqlite::failure;
use crate::sqlite::index::Index;
use crate::sqlite::outside;
use crate::sqlite::pragmas::Role;
use crate::sqlite::reserve::Reserve;

/// The most intents that are committed together.
const BATCH: usize = 256;
/// How long a scrub waits at first for readers that still use the log. Later tries do not wait.
const SCRUB_PATIENCE: Duration = Duration::from_millis(250);
/// How long nothing happens before the writer looks around: for what a command wrote.
const IDLE: Duration = Duration::from_millis(250);

/// The thread's side: takes what waits, commits it, answers.
pub(super) struct Drain {
    connection: Connection,
    index: Arc<Index>,
    role: Role,
    reserve: Reserve,
    /// Only to wait for no longer than an idle while.
    clock: Runtime,
    queue: mpsc::Receiver<Message>,
    state: watch::Sender<State>,
    commit: Commit,
    answers: Answers,
    log: Log,
    /// Someone asked to close, which ends with a checkpoint.
    closing: bool,
    /// The log still holds what was deleted for good.
    scrub_due: bool,
}

impl Drain {
    pub(super) fn new(
        connection: Connection,
        index: Arc<Index>,
        role: Role,
        reserve: Reserve,
        queue: mpsc::Receiver<Message>,
        state: watch::Sender<State>,
        commit: Commit,
    ) -> io::Result<Self> {
        let clock = runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self {
            connection,
            index,
            role,
            reserve,
            clock,
            queue,
            state,
            commit,
            answers: Answers::start(),
            log: Log::default(),
            closing: false,
            scrub_due: false,
        })
    }

    /// Ends when the queue is closed and empty, or when the outcome of a batch is unknown.
    pub(super) fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            let mut batch = self.admit(batch);
            if batch.is_empty() && !self.is_outside_due() {
                self.tidy(1);
                continue;
            }
            let mut verdict = self.apply(&mut batch);
            if verdict.is_full() && self.reserve.free() {
                batch = self.admit(batch);
                verdict = self.apply(&mut batch);
            }
            if let Verdict::Unknown(error) = &verdict {
                return self.fail(error, batch, &verdict);
            }
            self.scrub(batch.iter().any(|intent| intent.duty() == Duty::Scrub));
            self.answers.give(batch, verdict);
            self.tidy(log::WORTH_PAGES);
            self.shrink();
        }
        if self.closing && self.role == Role::Writer {
            log::empty(&self.connection, SCRUB_PATIENCE);
        }
        self.state.send_replace(State::Closed);
    }

    fn apply(&mut self, batch: &mut [Box<dyn Intent>]) -> Verdict {
        batch::apply(&self.connection, &self.index, self.role, &mut self.commit, batch)
    }

    /// While the room that was reserved is all there is, only what is urgent gets any; the rest hears that the disk is full.
    fn admit(&mut self, batch: Vec<Box<dyn Intent>>) -> Vec<Box<dyn Intent>> {
        if !self.reserve.is_spent() {
            return batch;
        }
        let (urgent, rest) = batch.into_iter().partition(|intent| intent.duty() != Duty::Ordinary);
        answer(rest, &Verdict::RolledBack(Arc::new(failure::full())));
        urgent
    }

    /// Waits for an intent and takes what waits behind it; nothing after an idle while.
    fn next_batch(&mut self) -> Option<Vec<Box<dyn Intent>>> {
        let mut batch = Vec::new();
        let mut message = match self.queue.try_recv() {
            Ok(message) => message,
            Err(_) => match self.wait() {
                Ok(message) => message?,
                Err(_) => return Some(batch),
            },
        };
        loop {
            match message {
                Message::Apply(intent) => batch.push(intent),
                Message::Settle(done) => {
                    self.settle();
                    // Nobody may be waiting any more.
                    let _ = done.send(());
                }
                Message::Stop => {
                    self.closing = true;
                    self.queue.close();
                }
            }
            if batch.len() == BATCH {
                return Some(batch);
            }
            match self.queue.try_recv() {
                Ok(next) => message = next,
                Err(_) => return Some(batch),
            }
        }
    }

    fn wait(&mut self) -> Result<Option<Message>, Elapsed> {
        let Self { clock, queue, .. } = self;
        clock.block_on(async { timeout(IDLE, queue.recv()).await })
    }

    /// A command beside the server may have written. What cannot be read now is read with the next batch.
    fn is_outside_due(&self) -> bool {
        self.role == Role::Writer && outside::is_due(&self.connection).unwrap_or(false)
    }

    /// What memory does not hold, the file must find: whose session is whose. What it holds needs no index there.
    fn settle(&self) {
        if self.role == Role::Writer {
            self.index_members(!self.index.is_complete());
        }
        self.index.settle();
    }

    /// Keeps the memory that sessions take within its limit.
    fn shrink(&self) {
        if self.index.is_full() {
            if self.index.is_complete() {
                tracing::warn!(
                    "sessions take more memory than session.index_max_bytes: the oldest are read from the file"
                );
                self.index_members(true);
            }
            self.index.shrink();
        }
    }

    /// Without the index what needs it reads all sessions, so that a failure only costs time.
    fn index_members(&self, needed: bool) {
        let sql = if needed {
            "CREATE INDEX IF NOT EXISTS sessions_by_member ON sessions (member)"
        } else {
            "DROP INDEX IF EXISTS sessions_by_member"
        };
        if let Err(error) = self.connection.execute_batch(sql) {
            tracing::warn!(error = %error, "whose session is whose could not be indexed in the file");
        }
    }

    /// Nothing is tried again on this connection: what the disk has is found out by opening it anew.
    fn fail(&mut self, error: &rusqlite::Error, batch: Vec<Box<dyn Intent>>, verdict: &Verdict) {
        if failure::is_damage(error) {
            tracing::error!("the database is damaged: restore a backup");
        }
        tracing::error!(error = %error, "the outcome of a write is unknown: no more is written");
        // Everybody is answered before the program, which ends at the sight of this state, can see it.
        answer(batch, verdict);
        self.queue.close();
        while let Some(message) = self.queue.blocking_recv() {
            if let Message::Apply(intent) = message {
                intent.answer(verdict);
            }
        }
        self.state.send_replace(State::Failed);
    }

    /// Empties the log after a batch that demands it. Readers who hold on to the log put it off to the next batch.
    fn scrub(&mut self, demanded: bool) {
        if demanded || self.scrub_due {
            self.scrub_due = !log::empty(&self.connection, if demanded { SCRUB_PATIENCE } else { Duration::ZERO });
        }
    }

    fn tidy(&mut self, worth: i64) {
        if self.role == Role::Writer {
            self.log.tidy(&self.connection, worth);
        }
    }
}
