use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result};

use crate::sqlite::readers;

/// Pages in the log that are worth a checkpoint: so few that nobody waits long behind it.
pub(super) const WORTH_PAGES: i64 = 500;
/// Pages at which the log is cut, whoever waits: 32 MiB. It begins anew by itself when it was moved whole, but where
/// there are readers at all times one of them may always need what is old.
pub(in crate::sqlite) const MOST_PAGES: i64 = 8192;
/// Twice what a reader of ours may take: those of before it was moved whole, then those of before that was known.
const PATIENCE: Duration = Duration::from_millis(500).saturating_add(readers::LIMIT).saturating_add(readers::LIMIT);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(5);
/// As the pragma of the same name.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The write-ahead log. Only the server's writer moves it into the database file, after the answers, so that nobody waits
/// for the batch's own sake, and often, so that the next batch does not wait long.
#[derive(Default)]
pub(super) struct Log {
    /// Somebody who is not ours reads without an end: it is of no use to wait again.
    held: bool,
}

impl Log {
    /// Moves the log if so many pages of it are worth it, and cuts it when it is too long.
    pub(super) fn tidy(&mut self, connection: &Connection, worth: i64) {
        if let Err(error) = self.try_tidy(connection, worth) {
            tracing::warn!(error = %error, "the write-ahead log could not be moved into the database file");
        }
    }

    fn try_tidy(&mut self, connection: &Connection, worth: i64) -> Result<()> {
        let Length { pages, waiting } = length(connection)?;
        if waiting >= worth {
            checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        let was_held = std::mem::take(&mut self.held);
        if pages >= MOST_PAGES {
            self.held = !empty(connection, if was_held { Duration::ZERO } else { PATIENCE });
        }
        if self.held && !was_held {
            tracing::warn!("another program reads the database without an end: the write-ahead log grows meanwhile");
        }
        Ok(())
    }
}

/// How long the log is.
pub(in crate::sqlite) struct Length {
    /// Pages in it. It begins anew once all are moved and nobody needs it.
    pub(in crate::sqlite) pages: i64,
    /// Of them, those that are not in the database file yet.
    pub(in crate::sqlite) waiting: i64,
}

/// SQLite: NOOP moves nothing and tells how much there is to move.
pub(in crate::sqlite) fn length(connection: &Connection) -> Result<Length> {
    checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")
}

fn checkpoint(connection: &Connection, pragma: &str) -> Result<Length> {
    connection.prepare_cached(pragma)?.query_row([], |row| {
        let pages = row.get("log")?;
        Ok(Length { pages, waiting: pages - row.get::<_, i64>("checkpointed")? })
    })
}

/// Moves the log into the database file and cuts it to nothing, once nobody reads it. Whether it is done.
pub(super) fn empty(connection: &Connection, patience: Duration) -> bool {
    let begin = Instant::now();
    let emptied = connection.busy_timeout(Duration::ZERO).and_then(|()| {
        // SQLite's own wait looks at who reads but once: readers that take turns would keep it waiting for ever.
        while connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get("busy"))? {
            if begin.elapsed() >= patience {
                return Ok(false);
            }
            thread::sleep(PAUSE);
        }
        Ok(true)
    });
    match connection.busy_timeout(BUSY_TIMEOUT).and(emptied) {
        Ok(emptied) => emptied,
        Err(error) => {
            tracing::warn!(error = %error, "the write-ahead log could not be emptied");
            false
        }
    }
}
