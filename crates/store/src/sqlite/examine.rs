use std::path::Path;

use super::snapshot::{Sealed, Snapshot};
use super::{files, migrations, pragmas};
use crate::error::{Error, Result};

/// What a look at a store's file shows.
#[derive(Debug)]
pub struct Examined {
    /// The newest migration it has had.
    pub schema_version: u32,
    /// What SQLite's `quick_check` says is wrong; nothing if all is well.
    pub faults: Vec<String>,
    /// One sealed value of each kind that there is; none of a damaged file, or of another schema.
    pub sealed: Vec<Sealed>,
}

/// Looks at the database in `data_dir` beside its server, or without one. Nothing in it is changed. Reads all of it, which
/// takes its time.
///
/// # Errors
/// [`Error::Refused`] if there is none, others may touch it, or it is no database.
pub fn examine(data_dir: &Path) -> Result<Examined> {
    let found = Snapshot::open(&files::existing_database(data_dir)?)?;
    let (schema_version, faults) = (found.schema_version()?, found.faults()?);
    // What a damaged or strange file says is not asked for.
    let is_ours = faults.is_empty() && schema_version == migrations::LATEST;
    let sealed = if is_ours { found.sealed()? } else { Vec::new() };
    Ok(Examined { schema_version, faults, sealed })
}

/// The schema of the database in `data_dir`, by the number of its newest migration; `None` when there is no database.
///
/// # Errors
/// [`Error::Refused`] if others may touch it, or it is no database.
pub fn schema_version(data_dir: &Path) -> Result<Option<u32>> {
    if !data_dir.join(files::DATABASE).exists() {
        return Ok(None);
    }
    Snapshot::open(&files::existing_database(data_dir)?)?.schema_version().map(Some)
}

/// The version of the SQLite that this program has.
///
/// # Errors
/// [`Error::Refused`] if it is too old to be trusted with data.
pub fn sqlite_version() -> Result<&'static str> {
    pragmas::check_version(rusqlite::version_number()).map_err(|error| Error::Refused(error.to_string()))?;
    Ok(rusqlite::version())
}
