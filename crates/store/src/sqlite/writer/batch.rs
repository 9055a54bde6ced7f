use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Verdict;
use crate::error::{Error, Result};
use crate::sqlite::failure;

/// What runs on the writing connection, inside a transaction.
pub(in crate::sqlite) trait Work<T>:
    FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static
{
}
impl<T, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static> Work<T> for F {}

/// How a batch is committed: a parameter, so that a test can see what a disk that fails does.
pub(in crate::sqlite) type Commit = Box<dyn FnMut(&Connection) -> rusqlite::Result<()> + Send>;

/// As SQLite does it: when this returns, the batch is on the disk.
pub(in crate::sqlite) fn commit(connection: &Connection) -> rusqlite::Result<()> {
    run(connection, "COMMIT")
}

/// One write on its way through a batch.
pub(super) trait Intent: Send {
    /// Does the work. An error spoils the whole batch; one that is the work's own is kept for its caller.
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    /// Whether what it deletes must leave the log as well.
    fn scrubs(&self) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>, verdict: &Verdict);
}

pub(super) struct Task<F, T> {
    work: Option<F>,
    result: Option<rusqlite::Result<T>>,
    answer: oneshot::Sender<Result<T>>,
    scrub: bool,
}

impl<F, T> Task<F, T> {
    pub(super) fn new(work: F, answer: oneshot::Sender<Result<T>>, scrub: bool) -> Self {
        Self { work: Some(work), result: None, answer, scrub }
    }
}

impl<T: Send, F: Work<T>> Intent for Task<F, T> {
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(work) = self.work.take() {
            self.result = Some(in_savepoint(connection, work)?);
        }
        Ok(())
    }

    fn scrubs(&self) -> bool {
        self.scrub
    }

    fn answer(self: Box<Self>, verdict: &Verdict) {
        let answer = match (verdict, self.result) {
            (Verdict::Committed, Some(result)) => result.map_err(failure::of),
            (Verdict::RolledBack(cause), _) => Err(failure::of(Arc::clone(cause))),
            (Verdict::Committed, None) | (Verdict::Unknown(_), _) => Err(Error::OutcomeUnknown),
        };
        // A caller that has gone away changes nothing.
        let _ = self.answer.send(answer);
    }
}

/// The inner result is the work's own and undone if it is an error; the outer error spoils the transaction.
fn in_savepoint<T>(connection: &Connection, work: impl Work<T>) -> rusqlite::Result<rusqlite::Result<T>> {
    run(connection, "SAVEPOINT intent")?;
    match work(connection) {
        Ok(value) => {
            run(connection, "RELEASE intent")?;
            Ok(Ok(value))
        }
        // Some errors make SQLite roll the whole transaction back by itself (sqlite.org/lang_transaction.html, section 3).
        Err(error) if failure::is_io(&error) || connection.is_autocommit() => Err(error),
        Err(error) => {
            run(connection, "ROLLBACK TO intent")?;
            run(connection, "RELEASE intent")?;
            Ok(Err(error))
        }
    }
}

/// Applies the intents in one transaction and commits it.
pub(super) fn apply(connection: &Connection, commit: &mut Commit, batch: &mut [Box<dyn Intent>]) -> Verdict {
    let applied = run(connection, "BEGIN IMMEDIATE")
        .and_then(|()| batch.iter_mut().try_for_each(|intent| intent.apply(connection)));
    if let Err(error) = applied {
        return if failure::is_io(&error) { Verdict::Unknown(error) } else { roll_back(connection, error) };
    }
    match commit(connection) {
        Ok(()) => Verdict::Committed,
        Err(error) if failure::is_full(&error) => roll_back(connection, error),
        Err(error) => Verdict::Unknown(error),
    }
}

fn roll_back(connection: &Connection, cause: rusqlite::Error) -> Verdict {
    if !connection.is_autocommit()
        && let Err(error) = run(connection, "ROLLBACK")
    {
        return Verdict::Unknown(error);
    }
    Verdict::RolledBack(Arc::new(cause))
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
