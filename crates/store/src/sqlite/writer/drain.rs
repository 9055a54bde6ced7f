use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::time::sleep;

use super::batch::{self, Commit, Duty, Intent};
use super::group::{Answer, Disk, Verdict};
use super::log::{self, Log};
use crate::sqlite::failure;
use crate::sqlite::files::Watch;
use crate::sqlite::index::Index;
use crate::sqlite::meter::Meter;
use crate::sqlite::reads::Reads;
use crate::sqlite::reserve::Reserve;

/// How long a scrub waits at first for readers that still use the log. Later tries do not wait.
const SCRUB_PATIENCE: Duration = Duration::from_millis(250);
/// The most that is waited for as many to come as there were in the last batch, and between two looks. A commit costs the
/// same for one and for many, so where many come at once it pays; who is alone never waits.
const GATHER: Duration = Duration::from_millis(1);
const GATHER_LOOK: Duration = Duration::from_micros(100);
/// How long nothing happens before the writer uses the time to move what is in the log.
const IDLE: Duration = Duration::from_millis(250);

/// The writing connection, and what keeps its files small.
pub(in crate::sqlite) struct Drain {
    connection: Connection,
    files: Watch,
    index: Arc<Index>,
    reserve: Reserve,
    commit: Commit,
    log: Log,
    meter: Arc<Meter>,
    reads: Arc<Reads>,
    /// The log still holds what was deleted for good.
    scrub_due: bool,
}

impl Drain {
    pub(in crate::sqlite) fn new(
        connection: Connection,
        files: Watch,
        index: Arc<Index>,
        reserve: Reserve,
        commit: Commit,
        meter: Arc<Meter>,
        reads: Arc<Reads>,
    ) -> Self {
        Self { connection, files, index, reserve, commit, log: Log::default(), meter, reads, scrub_due: false }
    }

    fn apply(&mut self, batch: &mut [Box<dyn Intent>]) -> Verdict {
        let begun = Instant::now();
        // To files that are still what they were: the outcome is unknown if the names stand for others.
        let (commit, files) = (&mut self.commit, &self.files);
        let commit = |connection: &Connection| commit(connection).and_then(|()| files.check());
        let verdict = self.reads.watch(|| batch::apply(&self.connection, &self.index, commit, batch));
        match &verdict {
            Verdict::Committed => self.meter.committed(batch.len(), begun.elapsed()),
            Verdict::RolledBack(_) => self.meter.rolled_back(),
            Verdict::Unknown(_) => self.meter.in_doubt(),
        }
        verdict
    }

    /// While the room that was reserved is all there is, only what is urgent gets any; the rest hears that the disk is full.
    fn admit(&mut self, batch: &mut Vec<Box<dyn Intent>>) {
        if self.reserve.is_spent() {
            let full = Verdict::RolledBack(Arc::new(failure::full()));
            batch
                .extract_if(.., |intent| intent.duty() == Duty::Ordinary)
                .for_each(|intent| Answer::answer(intent, &full));
        }
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

    /// Empties the log after a batch that demands it. Readers who hold on to the log put it off to the next batch.
    fn scrub(&mut self, demanded: bool) {
        if demanded || self.scrub_due {
            self.scrub_due = !log::empty(&self.connection, if demanded { SCRUB_PATIENCE } else { Duration::ZERO });
        }
    }

    /// Nothing is to be written: time to move the log, if the files are still there. A server that nobody uses must not find
    /// out at its next login that its database went long ago.
    fn idle_while(&mut self) -> Verdict {
        if let Err(error) = self.files.check() {
            tracing::error!(error = %error, "no more is written");
            return Verdict::Unknown(error);
        }
        self.tidy_log(1);
        Verdict::Committed
    }

    fn tidy_log(&mut self, worth: i64) {
        self.log.tidy(&self.connection, worth);
    }
}

impl Disk for Drain {
    type Intent = Box<dyn Intent>;

    fn commit(&mut self, batch: &mut Vec<Box<dyn Intent>>) -> Verdict {
        self.admit(batch);
        if batch.is_empty() {
            return self.idle_while();
        }
        let mut verdict = self.apply(batch);
        if verdict.is_full() && self.reserve.free() {
            self.admit(batch);
            verdict = self.apply(batch);
        }
        // After a failure nothing is tried again on this connection: what the disk has is found out by opening it anew.
        if let Verdict::Unknown(error) = &verdict {
            if failure::is_damage(error) {
                tracing::error!("the database is damaged: restore a backup");
            }
            tracing::error!(error = %error, "the outcome of a write is unknown: no more is written");
        } else {
            self.scrub(batch.iter().any(|intent| intent.duty() == Duty::Scrub));
        }
        verdict
    }

    fn tidy(&mut self) {
        self.tidy_log(log::WORTH_PAGES);
        self.shrink();
    }

    fn gather(&mut self, answered: usize, waiting: impl Fn() -> usize) {
        let begun = Instant::now();
        while answered > 1 && waiting() < answered && begun.elapsed() < GATHER {
            thread::sleep(GATHER_LOOK);
        }
    }

    /// What memory does not hold, the file must find: whose session is whose. What it holds needs no index there.
    fn settle(&mut self) {
        self.index_members(!self.index.is_complete());
        self.index.settle();
    }

    fn close(&mut self, is_asked: bool) {
        if is_asked {
            log::empty(&self.connection, SCRUB_PATIENCE);
        }
    }

    fn idle(&self) -> impl Future<Output = ()> {
        sleep(IDLE)
    }
}
