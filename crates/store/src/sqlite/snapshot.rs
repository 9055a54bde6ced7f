//! The whole database as it is at one moment, in a file of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use super::pragmas::{self, Role};
use super::writer::{MOST_LOG_PAGES as WRITER_WAITS_PAGES, log_length};
use super::{failure, files, migrations};
use crate::error::{Error, Result};
use crate::model::{Erasure, UnixSeconds};

/// Pages that are copied between two looks at the log: 1 MiB.
const STEP_PAGES: i32 = 256;
/// Pages in the log at which a copy lets go of it, well below those at which the writer would wait for it.
const MOST_LOG_PAGES: i64 = WRITER_WAITS_PAGES / 4 * 3;
/// Times a copy begins anew because the log became too long.
const TRIES: u32 = 8;
/// How long a copy waits for the writer to move the log that it held up.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);
const READ_ONLY: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX).union(OpenFlags::SQLITE_OPEN_NOFOLLOW);
/// Faults that are named; more say no more.
const MOST_FAULTS: u32 = 5;

/// A database that is only looked into, usually a copy that nobody writes.
pub struct Snapshot {
    path: PathBuf,
    connection: Connection,
}

/// One sealed value, to see whether a key opens it.
#[non_exhaustive]
pub struct Sealed {
    /// What is sealed.
    pub what: SealedWhat,
    /// Whose it is.
    pub appid: String,
    /// Whose it is; empty for what belongs to an app.
    pub openid: String,
    /// As it is stored.
    pub bytes: Vec<u8>,
}

/// What a [`Sealed`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedWhat {
    /// A phone number.
    Phone,
    /// A session_key.
    SessionKey,
    /// An access_token.
    AccessToken,
}

impl fmt::Debug for Sealed {
    /// Neither what is sealed nor whose it is.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sealed").field("what", &self.what).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Copies the database of `data_dir` to `to`, which must not be there yet, and has it on the disk. `progress` hears
    /// how many bytes of how many are copied.
    ///
    /// It reads in one transaction, so that the copy is one moment's, beside a server that goes on writing. What the server
    /// writes meanwhile stays in its log. Before that becomes too long the copy lets go, waits, and begins anew; so it
    /// needs a quieter time only where 24 MiB are written faster than the whole file is read.
    ///
    /// # Errors
    /// [`Error::Refused`] names the file; [`Error::Busy`] if the server wrote too much all the time; [`Error::Full`].
    pub fn take(data_dir: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self> {
        let database = files::existing_database(data_dir)?;
        let (source, watch) = (reader(&database)?, reader(&database)?);
        let made = files::make_private(to).map_err(|error| files::refused(to, error))?;
        for _ in 0..TRIES {
            if copy(&source, &watch, to, progress).map_err(failure::of)? {
                made.sync_all().map_err(|error| files::refused(to, error))?;
                return Self::open(to);
            }
            wait_until_moved(&watch).map_err(failure::of)?;
            made.set_len(0).map_err(|error| files::refused(to, error))?;
        }
        Err(Error::Busy)
    }

    /// Opens a database to look into it, a copy or one that is in use.
    ///
    /// # Errors
    /// [`Error::Refused`] names the file.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open_with_flags(path, READ_ONLY)
            .and_then(|connection| pragmas::distrust(&connection).map(|()| connection))
            .map_err(|error| files::refused(path, error))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// What SQLite's `quick_check` says is wrong; nothing if all is well.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is no database.
    pub fn faults(&self) -> Result<Vec<String>> {
        let read = || {
            let mut check = self.connection.prepare(&format!("PRAGMA quick_check({MOST_FAULTS})"))?;
            check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        };
        let lines = read().map_err(|error| files::refused(&self.path, error))?;
        Ok(if lines == ["ok"] { Vec::new() } else { lines })
    }

    /// Reads every page and every reference.
    ///
    /// # Errors
    /// [`Error::Refused`] says what is damaged.
    pub fn check(&self) -> Result<()> {
        let said = |pragma: &str| self.connection.query_row(pragma, [], |row| row.get::<_, String>(0)).optional();
        let found = said("PRAGMA integrity_check(1)").and_then(|found| match found.as_deref() {
            None | Some("ok") => said("PRAGMA foreign_key_check"),
            Some(_) => Ok(found),
        });
        match found {
            Ok(None) => Ok(()),
            Ok(Some(damage)) => Err(files::refused(&self.path, format!("the database is damaged: {damage}"))),
            Err(error) => Err(files::refused(&self.path, format!("the database is damaged: {error}"))),
        }
    }

    /// The number of its last migration.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is no database.
    pub fn schema_version(&self) -> Result<u32> {
        migrations::version(&self.connection).map_err(|error| files::refused(&self.path, error))
    }

    /// How many rows each table has, by its name.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub fn counts(&self) -> Result<BTreeMap<String, u64>> {
        const TABLES: &str =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        let count = |name: String| {
            let sql = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
            let rows: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
            Ok((name, rows.unsigned_abs()))
        };
        let counted = || {
            let mut tables = self.connection.prepare(TABLES)?;
            let names = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
            names.into_iter().map(count).collect::<rusqlite::Result<_>>()
        };
        counted().map_err(failure::of)
    }

    /// Who was erased, and when.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub fn erasures(&self) -> Result<Vec<Erasure>> {
        let read = || {
            let mut select = self.connection.prepare("SELECT pseudonym, erased_at FROM erasures")?;
            let row = |row: &Row<'_>| Ok(Erasure { pseudonym: row.get(0)?, erased_at: UnixSeconds(row.get(1)?) });
            select.query_map([], row)?.collect::<rusqlite::Result<_>>()
        };
        read().map_err(failure::of)
    }

    /// The newest sealed value of each kind that there is.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub fn sealed(&self) -> Result<Vec<Sealed>> {
        const PHONE: &str = "
            SELECT appid, openid, phone_sealed
            FROM members
            WHERE phone_sealed IS NOT NULL
            ORDER BY number DESC
            LIMIT 1";
        const SESSION_KEY: &str = "
            SELECT members.appid, members.openid, sessions.sealed_key
            FROM sessions
            JOIN members ON members.number = sessions.member
            WHERE sessions.sealed_key IS NOT NULL
            ORDER BY sessions.id DESC
            LIMIT 1";
        const ACCESS_TOKEN: &str = "
            SELECT appid, '', sealed_token
            FROM access_tokens
            LIMIT 1";
        let kinds = [
            (SealedWhat::Phone, PHONE),
            (SealedWhat::SessionKey, SESSION_KEY),
            (SealedWhat::AccessToken, ACCESS_TOKEN),
        ];
        let one = |(what, sql)| {
            let sealed =
                |row: &Row<'_>| Ok(Sealed { what, appid: row.get(0)?, openid: row.get(1)?, bytes: row.get(2)? });
            self.connection.query_row(sql, [], sealed).optional()
        };
        kinds.into_iter().filter_map(|kind| one(kind).transpose()).collect::<rusqlite::Result<_>>().map_err(failure::of)
    }
}

fn reader(database: &Path) -> Result<Connection> {
    Connection::open_with_flags(database, READ_ONLY)
        .and_then(|connection| pragmas::apply(&connection, Role::Reader).map(|()| connection))
        .map_err(|error| files::refused(database, error))
}

/// Whether the whole was copied; not if the log became too long meanwhile. The log is looked at by SQLite itself: to open
/// and close one of its files otherwise would give up the locks that this process has on it, and with them the moment.
fn copy(
    source: &Connection,
    watch: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> rusqlite::Result<bool> {
    let mut copied = Connection::open(to)?;
    // Nobody else sees the file, and an unfinished one is thrown away: it is synced once, when it is whole.
    copied.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")?;
    // Open during the whole copy: the steps would otherwise each see another moment, and begin anew after each write.
    let reading = source.unchecked_transaction()?;
    let page_bytes = u64::from(reading.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?);
    reading.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let pages_before = log_length(watch)?.pages;
    {
        let backup = Backup::new(source, &mut copied)?;
        loop {
            let step = backup.step(STEP_PAGES)?;
            let pages = backup.progress();
            let [left, all] = [pages.remaining, pages.pagecount].map(|count| u64::from(count.unsigned_abs()));
            progress((all - left) * page_bytes, all * page_bytes);
            if step == StepResult::Done {
                break;
            }
            // One that did not grow since is done with, and only waits to begin anew.
            let now = log_length(watch)?.pages;
            if now > MOST_LOG_PAGES && now > pages_before {
                return Ok(false);
            }
        }
    }
    // The copy says of itself that it has a log, as its source has. A file that nobody writes needs none.
    copied.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = DELETE")?;
    Ok(true)
}

/// The writer moves the log soon, since it has something to write, or nothing.
fn wait_until_moved(watch: &Connection) -> rusqlite::Result<()> {
    let begin = Instant::now();
    while log_length(watch)?.waiting > 0 && begin.elapsed() < PATIENCE {
        thread::sleep(PAUSE);
    }
    Ok(())
}
