use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use r2d2::{ManageConnection, Pool};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;
use tokio::time;

use super::pragmas::{self, Role};
use super::reads::Reads;
use super::{failure, files};
use crate::error::{Error, Result};

/// A read that finds no connection free for so long gives up.
const PATIENCE: Duration = Duration::from_secs(2);
/// A read that takes so long is ended: while it goes on, the log cannot begin anew.
pub(super) const LIMIT: Duration = Duration::from_secs(1);
/// Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond.
const LOOK: i32 = 10_000;

/// What runs on a reading connection.
pub(super) trait Query<T>: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static {}
impl<T, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static> Query<T> for F {}

/// The connections that read.
pub(super) struct Readers {
    /// For reads of a few rows, on the thread that asks.
    quick: Mutex<Connection>,
    pool: Pool<SqliteConnectionManager>,
    /// Who has a place in one of these has a connection of the pool.
    lists: Arc<Semaphore>,
    /// For reads of a few rows which may wait for the disk: lists that take their time hold none of these.
    few: Arc<Semaphore>,
    reads: Arc<Reads>,
}

impl Readers {
    /// Lists are read by `count` at once, and a few rows by as many.
    pub(super) fn open(database: &Path, count: u32, reads: Arc<Reads>) -> Result<Self> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let manager = SqliteConnectionManager::file(database)
            .with_flags(flags)
            .with_init(|connection| pragmas::apply(connection, Role::Reader));
        // The pool would try again and again; a connection that cannot be had at all should say so at once.
        let quick = manager.connect().map_err(|error| files::refused(database, error))?;
        let pool = Pool::builder()
            .max_size(2 * count)
            .connection_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not hang up: to ask each time whether it is there costs more than most questions.
            .test_on_check_out(false)
            .build(manager)
            .map_err(|error| files::refused(database, error))?;
        let [lists, few] = [(); 2].map(|()| Arc::new(Semaphore::new(count as usize)));
        Ok(Self { quick: Mutex::new(quick), pool, lists, few, reads })
    }

    /// Reads a few rows: right here, since that takes microseconds, less than to hand it to another thread. Where it may have
    /// to wait for the disk, it does so elsewhere, and others beside it.
    pub(super) async fn read_few<T: Send + 'static>(&self, query: impl Query<T>) -> Result<T> {
        if self.reads.expect_the_disk() {
            return self.read_apart(query).await;
        }
        let connection = self.quick.lock().unwrap_or_else(PoisonError::into_inner);
        self.reads.watch(|| query(&connection)).map_err(failure::of)
    }

    /// Reads a few rows where to wait for the disk holds up nobody else.
    pub(super) async fn read_apart<T: Send + 'static>(&self, query: impl Query<T>) -> Result<T> {
        let reads = Arc::clone(&self.reads);
        self.read_in(&self.few, move |conn| reads.watch(|| query(conn))).await
    }

    /// Whether rows lately come from the disk.
    pub(super) fn expect_the_disk(&self) -> bool {
        self.reads.expect_the_disk()
    }

    /// Reads what may take its time.
    pub(super) async fn read<T: Send + 'static>(&self, query: impl Query<T>) -> Result<T> {
        self.read_in(&self.lists, query).await
    }

    /// Waits for a place in `line`, which takes none of the runtime's threads; then runs `query` on one for what blocks.
    async fn read_in<T: Send + 'static>(&self, line: &Arc<Semaphore>, query: impl Query<T>) -> Result<T> {
        let Ok(Ok(place)) = time::timeout(PATIENCE, Arc::clone(line).acquire_owned()).await else {
            return Err(Error::Busy);
        };
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            // Given up behind the connection.
            let _place = place;
            let connection = pool.get().map_err(|_| Error::Busy)?;
            within(LIMIT, &connection, query).map_err(failure::of)
        })
        .await
        .map_err(|error| Error::Internal(error.into()))?
    }
}

/// Runs a query that is interrupted when its time is over.
pub(super) fn within<T>(time: Duration, connection: &Connection, query: impl Query<T>) -> rusqlite::Result<T> {
    let begin = Instant::now();
    connection.progress_handler(LOOK, Some(move || begin.elapsed() >= time))?;
    let result = query(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    result
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use futures_util::future::join_all;
    use tempfile::TempDir;

    use super::*;
    use crate::contract;
    use crate::{Settings, SqliteStore, Store};

    /// However long the disk takes, the answers are the same.
    #[tokio::test]
    async fn the_suite_holds_where_each_read_may_wait_for_the_disk() {
        let dirs = TempDir::new().unwrap();
        contract::run(async || {
            let dir = TempDir::new_in(dirs.path()).unwrap();
            let store = SqliteStore::open(&Settings::default(), &dir.keep()).unwrap();
            store.readers.reads.expect_many();
            let store: Arc<dyn Store> = Arc::new(store);
            store
        })
        .await;
    }

    #[tokio::test]
    async fn only_what_may_wait_for_the_disk_leaves_the_thread_that_asks() {
        let dir = TempDir::new().unwrap();
        let SqliteStore { readers, .. } = &SqliteStore::open(&Settings::default(), dir.path()).unwrap();
        let here = thread::current().id();
        assert_eq!(readers.read_few(|_| Ok(thread::current().id())).await.unwrap(), here);
        readers.reads.expect_many();
        assert_ne!(readers.read_few(|_| Ok(thread::current().id())).await.unwrap(), here);
    }

    #[tokio::test]
    async fn long_reads_keep_no_read_of_a_few_rows_waiting() {
        let dir = TempDir::new().unwrap();
        let SqliteStore { readers, .. } = &SqliteStore::open(&Settings::default(), dir.path()).unwrap();
        readers.reads.expect_many();
        let all = Settings::default().readers;
        let (ends, long): (Vec<_>, Vec<_>) = (0..all)
            .map(|_| {
                let (end, ended) = mpsc::channel::<()>();
                (end, readers.read(move |_| Ok(ended.recv().is_err())))
            })
            .unzip();
        let brief = async {
            assert_eq!(readers.read_few(|_| Ok(1)).await.unwrap(), 1);
            drop(ends);
        };
        let (ended, ()) = tokio::join!(biased; join_all(long), brief);
        assert!(ended.into_iter().all(|ended| ended.unwrap()));
    }

    #[test]
    fn a_read_that_takes_too_long_is_ended_and_the_next_one_is_not() {
        let connection = Connection::open_in_memory().unwrap();
        let endless = "
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
            SELECT count(*) FROM numbers";
        let ended = within(Duration::from_millis(1), &connection, move |conn| conn.query_row(endless, [], |_| Ok(())));
        assert!(matches!(failure::of(ended.unwrap_err()), Error::Busy));
        let long = endless.replace("FROM numbers)", "FROM numbers WHERE n < 100000)");
        connection.query_row(&long, [], |_| Ok(())).unwrap();
    }
}
