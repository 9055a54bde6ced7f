use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use r2d2::{ManageConnection, Pool};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};

use super::pragmas::{self, Role};
use super::{failure, files};
use crate::error::{Error, Result};

/// A read that finds no connection free for so long gives up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What runs on a reading connection.
pub(super) trait Query<T>: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static {}
impl<T, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static> Query<T> for F {}

/// The connections that read.
pub(super) struct Readers {
    pool: Pool<SqliteConnectionManager>,
    /// For reads of one row.
    quick: Mutex<Connection>,
}

impl Readers {
    pub(super) fn open(database: &Path, count: u32) -> Result<Self> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let manager = SqliteConnectionManager::file(database)
            .with_flags(flags)
            .with_init(|connection| pragmas::apply(connection, Role::Reader));
        // The pool would try again and again; a connection that cannot be had at all should say so at once.
        let quick = manager.connect().map_err(|error| files::refused(database, error))?;
        let pool = Pool::builder()
            .max_size(count)
            .connection_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .build(manager)
            .map_err(|error| files::refused(database, error))?;
        Ok(Self { pool, quick: Mutex::new(quick) })
    }

    /// Runs `query` right here: for what takes microseconds, less than to hand it to another thread.
    pub(super) fn at_once<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        query(&self.quick.lock().unwrap_or_else(PoisonError::into_inner)).map_err(failure::of)
    }

    /// Runs `query` off the runtime's threads.
    pub(super) async fn read<T: Send + 'static>(&self, query: impl Query<T>) -> Result<T> {
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            let connection = pool.get().map_err(|_| Error::Busy)?;
            query(&connection).map_err(failure::of)
        })
        .await
        .map_err(|error| Error::Internal(error.into()))?
    }
}
