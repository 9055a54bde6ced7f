use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::group::{Answer, Verdict};
use super::tx::{Mark, Tx};
use crate::error::Result;
use crate::sqlite::failure;
use crate::sqlite::index::Index;

/// What runs on the writing connection, inside a transaction. A second time, if the first was undone.
pub(in crate::sqlite) trait Work<T>: FnMut(&Tx<'_>) -> rusqlite::Result<T> + Send + 'static {}
impl<T, F: FnMut(&Tx<'_>) -> rusqlite::Result<T> + Send + 'static> Work<T> for F {}

/// How a batch is committed: a parameter, so that a test can see what a disk that fails does.
pub(in crate::sqlite) type Commit = Box<dyn FnMut(&Connection) -> rusqlite::Result<()> + Send>;

/// As SQLite does it: when this returns, the batch is on the disk.
pub(in crate::sqlite) fn commit(connection: &Connection) -> rusqlite::Result<()> {
    run(connection, "COMMIT")
}

/// What a write is owed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    Ordinary,
    /// It ends or frees something, and goes on while the disk is full.
    Urgent,
    /// It is urgent, and what it deletes must leave the log as well.
    Scrub,
}

/// One write on its way through a batch.
pub(super) trait Intent: Send {
    /// Does the work. An error spoils the whole batch.
    fn apply(&mut self, tx: &Tx<'_>) -> rusqlite::Result<()>;
    /// Does the work so that an error of its own is kept for its caller and undoes nothing else.
    fn apply_apart(&mut self, tx: &Tx<'_>) -> rusqlite::Result<()>;
    fn duty(&self) -> Duty;
    /// Tells the caller.
    fn answer(self: Box<Self>, verdict: &Verdict);
}

impl Answer for Box<dyn Intent> {
    fn answer(self, verdict: &Verdict) {
        Intent::answer(self, verdict);
    }
}

pub(super) struct Task<F, T> {
    work: F,
    result: Option<rusqlite::Result<T>>,
    answer: oneshot::Sender<Result<T>>,
    duty: Duty,
}

impl<F, T> Task<F, T> {
    pub(super) fn new(work: F, answer: oneshot::Sender<Result<T>>, duty: Duty) -> Self {
        Self { work, result: None, answer, duty }
    }
}

impl<T: Send, F: Work<T>> Intent for Task<F, T> {
    fn apply(&mut self, tx: &Tx<'_>) -> rusqlite::Result<()> {
        self.result = Some(Ok((self.work)(tx)?));
        Ok(())
    }

    fn apply_apart(&mut self, tx: &Tx<'_>) -> rusqlite::Result<()> {
        self.result = Some(in_savepoint(tx, &mut self.work)?);
        Ok(())
    }

    fn duty(&self) -> Duty {
        self.duty
    }

    fn answer(self: Box<Self>, verdict: &Verdict) {
        let answer = verdict.of(self.result);
        // A caller that has gone away changes nothing.
        let _ = self.answer.send(answer);
    }
}

/// The inner result is the work's own and undone if it is an error; the outer error spoils the transaction.
fn in_savepoint<T>(tx: &Tx<'_>, work: &mut impl Work<T>) -> rusqlite::Result<rusqlite::Result<T>> {
    let mark = tx.mark();
    run(tx, "SAVEPOINT intent")?;
    match work(tx) {
        Ok(value) => {
            run(tx, "RELEASE intent")?;
            Ok(Ok(value))
        }
        // Some errors make SQLite roll the whole transaction back by itself (sqlite.org/lang_transaction.html, section 3).
        Err(error) if failure::is_fatal(&error) || tx.is_autocommit() => Err(error),
        Err(error) => {
            run(tx, "ROLLBACK TO intent")?;
            run(tx, "RELEASE intent")?;
            tx.undo(&mark);
            Ok(Err(error))
        }
    }
}

/// Applies the intents in one transaction, commits it and tells the index.
///
/// Hardly any intent fails, so nothing is spent on undoing one alone: the first failure undoes all, and then each is
/// done again in a savepoint of its own.
pub(super) fn apply(
    connection: &Connection,
    index: &Index,
    commit: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    batch: &mut [Box<dyn Intent>],
) -> Verdict {
    let tx = Tx::new(connection, index);
    let begin = tx.mark();
    let mut applied = all(&tx, batch, |intent, tx| intent.apply(tx));
    if let Err(error) = &applied
        && !(failure::is_fatal(error) || tx.is_autocommit())
    {
        if let Err(error) = abandon(&tx, &begin) {
            return Verdict::Unknown(error);
        }
        applied = all(&tx, batch, |intent, tx| intent.apply_apart(tx));
    }
    if let Err(error) = applied {
        return if failure::is_fatal(&error) { Verdict::Unknown(error) } else { roll_back(&tx, &begin, error) };
    }
    match commit(connection) {
        Ok(()) => {
            tx.publish();
            Verdict::Committed
        }
        Err(error) if failure::is_full(&error) => roll_back(&tx, &begin, error),
        Err(error) => Verdict::Unknown(error),
    }
}

fn all(
    tx: &Tx<'_>,
    batch: &mut [Box<dyn Intent>],
    mut apply: impl FnMut(&mut dyn Intent, &Tx<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    run(tx, "BEGIN IMMEDIATE")?;
    batch.iter_mut().try_for_each(|intent| apply(&mut **intent, tx))
}

fn roll_back(tx: &Tx<'_>, begin: &Mark, cause: rusqlite::Error) -> Verdict {
    match abandon(tx, begin) {
        Ok(()) => Verdict::RolledBack(Arc::new(cause)),
        Err(error) => Verdict::Unknown(error),
    }
}

/// Undoes the transaction, if SQLite has not done so.
fn abandon(tx: &Tx<'_>, begin: &Mark) -> rusqlite::Result<()> {
    tx.undo(begin);
    if tx.is_autocommit() { Ok(()) } else { run(tx, "ROLLBACK") }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
