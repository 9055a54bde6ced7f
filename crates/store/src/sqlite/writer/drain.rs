use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

use super::batch::{self, Commit, Intent};
use super::{Message, State, Verdict};
use crate::sqlite::pragmas::Role;

/// The most intents that are committed together.
const BATCH: usize = 256;
/// How long a scrub waits at first for readers that still use the log. Later tries do not wait.
const SCRUB_PATIENCE: Duration = Duration::from_millis(250);
/// As the pragma of the same name.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The thread's side: takes what waits, commits it, answers.
pub(super) struct Drain {
    connection: Connection,
    role: Role,
    queue: mpsc::Receiver<Message>,
    state: watch::Sender<State>,
    commit: Commit,
    /// Someone asked to close, which ends with a checkpoint.
    closing: bool,
    /// The log still holds what was deleted for good.
    scrub_due: bool,
}

impl Drain {
    pub(super) fn new(
        connection: Connection,
        role: Role,
        queue: mpsc::Receiver<Message>,
        state: watch::Sender<State>,
        commit: Commit,
    ) -> Self {
        Self { connection, role, queue, state, commit, closing: false, scrub_due: false }
    }

    /// Ends when the queue is closed and empty, or when the outcome of a batch is unknown.
    pub(super) fn run(mut self) {
        while let Some(mut batch) = self.next_batch() {
            if batch.is_empty() {
                continue;
            }
            let verdict = batch::apply(&self.connection, &mut self.commit, &mut batch);
            if let Verdict::Unknown(error) = &verdict {
                return self.fail(error, batch, &verdict);
            }
            self.scrub(batch.iter().any(|intent| intent.scrubs()));
            answer(batch, &verdict);
        }
        if self.closing && self.role == Role::Writer {
            self.empty_log(SCRUB_PATIENCE);
        }
        self.state.send_replace(State::Closed);
    }

    /// Waits for an intent and takes what waits behind it.
    fn next_batch(&mut self) -> Option<Vec<Box<dyn Intent>>> {
        let mut batch = Vec::new();
        let mut message = self.queue.blocking_recv()?;
        loop {
            match message {
                Message::Apply(intent) => batch.push(intent),
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

    /// Nothing is tried again on this connection: what the disk has is found out by opening it anew.
    fn fail(&mut self, error: &rusqlite::Error, batch: Vec<Box<dyn Intent>>, verdict: &Verdict) {
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
            self.scrub_due = !self.empty_log(if demanded { SCRUB_PATIENCE } else { Duration::ZERO });
        }
    }

    /// Moves the log into the database file and cuts it to nothing. Whether it is done.
    fn empty_log(&self, patience: Duration) -> bool {
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = (self.connection.busy_timeout(patience))
            .and_then(|()| self.connection.query_row(truncate, [], |row| row.get::<_, bool>("busy")));
        let restored = self.connection.busy_timeout(BUSY_TIMEOUT);
        match restored.and(busy) {
            Ok(busy) => !busy,
            Err(error) => {
                tracing::warn!(error = %error, "the write-ahead log could not be emptied");
                false
            }
        }
    }
}

fn answer(batch: Vec<Box<dyn Intent>>, verdict: &Verdict) {
    for intent in batch {
        intent.answer(verdict);
    }
}
