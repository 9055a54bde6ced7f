use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Result as SqlResult};

use super::{files, migrations, pragmas};
use crate::error::{Error, Result};

/// Faults that are named; more say no more.
const MOST_FAULTS: u32 = 5;

/// What a look at a store's file shows.
#[derive(Debug)]
pub struct Examined {
    /// The newest migration it has had.
    pub schema_version: u32,
    /// What SQLite's `quick_check` says is wrong; nothing if all is well.
    pub faults: Vec<String>,
    /// Something that was sealed and stored, if there is anything.
    pub probe: Option<SealedProbe>,
}

/// A stored session_key, and whose it is: to see whether a key opens it.
#[derive(Debug)]
pub struct SealedProbe {
    /// The mini program.
    pub appid: String,
    /// WeChat's name of the person in it.
    pub openid: String,
    /// As the vault sealed it.
    pub sealed: Vec<u8>,
}

/// Looks at the database in `data_dir` beside its server, or without one. Nothing in it is changed. Reads all of it, which
/// takes its time.
///
/// # Errors
/// [`Error::Refused`] if there is none, others may touch it, or it is no database.
pub fn examine(data_dir: &Path) -> Result<Examined> {
    let database = files::existing_database(data_dir)?;
    connect(&database).and_then(|connection| look(&connection)).map_err(|error| files::refused(&database, error))
}

fn connect(database: &Path) -> SqlResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1")?;
    Ok(connection)
}

/// The schema of the database in `data_dir`, by the number of its newest migration; `None` when there is no database.
///
/// # Errors
/// [`Error::Refused`] if others may touch it, or it is no database.
pub fn schema_version(data_dir: &Path) -> Result<Option<u32>> {
    if !data_dir.join(files::DATABASE).exists() {
        return Ok(None);
    }
    let database = files::existing_database(data_dir)?;
    let version = connect(&database).and_then(|connection| migrations::version(&connection));
    version.map(Some).map_err(|error| files::refused(&database, error))
}

/// The version of the SQLite that this program has.
///
/// # Errors
/// [`Error::Refused`] if it is too old to be trusted with data.
pub fn sqlite_version() -> Result<&'static str> {
    pragmas::check_version(rusqlite::version_number()).map_err(|error| Error::Refused(error.to_string()))?;
    Ok(rusqlite::version())
}

fn look(connection: &Connection) -> SqlResult<Examined> {
    let schema_version = migrations::version(connection)?;
    let faults = faults(connection)?;
    // What a damaged or strange file says is not asked for.
    let is_ours = faults.is_empty() && schema_version == migrations::LATEST;
    let probe = if is_ours { probe(connection)? } else { None };
    Ok(Examined { schema_version, faults, probe })
}

fn faults(connection: &Connection) -> SqlResult<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check({MOST_FAULTS})"))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?.collect::<SqlResult<Vec<_>>>()?;
    Ok(if lines == ["ok"] { Vec::new() } else { lines })
}

fn probe(connection: &Connection) -> SqlResult<Option<SealedProbe>> {
    const SELECT: &str = "
        SELECT members.appid, members.openid, sessions.sealed_key
        FROM sessions
        JOIN members ON members.number = sessions.member
        WHERE sessions.sealed_key IS NOT NULL
        ORDER BY sessions.id DESC
        LIMIT 1";
    let probe = |row: &rusqlite::Row<'_>| {
        Ok(SealedProbe { appid: row.get("appid")?, openid: row.get("openid")?, sealed: row.get("sealed_key")? })
    };
    connection.query_row(SELECT, [], probe).optional()
}
