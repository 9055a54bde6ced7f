use std::path::Path;
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
pub(super) struct Readers(Pool<SqliteConnectionManager>);

impl Readers {
    pub(super) fn open(database: &Path, count: u32) -> Result<Self> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let manager = SqliteConnectionManager::file(database)
            .with_flags(flags)
            .with_init(|connection| pragmas::apply(connection, Role::Reader));
        // The pool would try again and again; a connection that cannot be had at all should say so at once.
        manager.connect().map_err(|error| files::refused(database, error))?;
        Pool::builder()
            .max_size(count)
            .connection_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .build(manager)
            .map(Self)
            .map_err(|error| files::refused(database, error))
    }

    /// Runs `query` off the runtime's threads.
    pub(super) async fn read<T: Send + 'static>(&self, query: impl Query<T>) -> Result<T> {
        let pool = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let connection = pool.get().map_err(|_| Error::Busy)?;
            query(&connection).map_err(failure::of)
        })
        .await
        .map_err(|error| Error::Internal(error.into()))?
    }
}
