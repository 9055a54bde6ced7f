//! What the database was before its schema was changed, so that an upgrade can be taken back.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, named_params};

use crate::error::BoxError;
use crate::model::UnixSeconds;

/// A snapshot's name is this and the schema it has.
const PREFIX: &str = "wxgate.db.schema-";
const DRAFT: &str = ".wxgate.db.snapshot";
/// How long one is kept: who is erased meanwhile is still in it.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// Where snapshots are: beside the database.
pub(super) struct Snapshots(PathBuf);

impl Snapshots {
    pub(super) fn of(data_dir: &Path) -> Self {
        Self(data_dir.to_owned())
    }

    /// Copies the database, which has this schema, and makes the copy durable. It appears complete or not at all.
    pub(super) fn take(&self, connection: &Connection, schema: u32) -> Result<PathBuf, BoxError> {
        let (draft, path) = (self.0.join(DRAFT), self.0.join(format!("{PREFIX}{schema}")));
        // Of a process that was killed at it.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        // SQLite writes into an empty file that is there: it is nobody else's from the first byte on.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let copied = connection
            .execute("VACUUM INTO :draft", named_params! { ":draft": draft.to_string_lossy() })
            .map_err(BoxError::from)
            .and_then(|_| Ok(file.sync_all()?))
            .and_then(|()| Ok(fs::rename(&draft, &path)?));
        if let Err(error) = copied {
            // What was written of it takes room that is needed.
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
        File::open(&self.0)?.sync_all()?;
        Ok(path)
    }

    /// The newest one that a program of schema `known` can use.
    pub(super) fn before(&self, known: u32) -> Option<PathBuf> {
        let newest = self.all().into_iter().filter(|(schema, _)| *schema <= known).max();
        newest.map(|(_, path)| path)
    }

    /// Removes those that are older than a week.
    pub(super) fn forget_old(&self, now: UnixSeconds) {
        let now = UNIX_EPOCH + Duration::from_secs(u64::try_from(now.0).unwrap_or(0));
        for (_, path) in self.all() {
            let made = fs::metadata(&path).and_then(|metadata| metadata.modified());
            if made.is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > KEPT)) {
                match fs::remove_file(&path) {
                    Ok(()) => tracing::info!(path = %path.display(), "a snapshot from before an upgrade was removed"),
                    Err(error) => tracing::warn!(%error, path = %path.display(), "a snapshot could not be removed"),
                }
            }
        }
    }

    fn all(&self) -> Vec<(u32, PathBuf)> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().filter_map(Result::ok);
        let schema = |path: &Path| path.file_name()?.to_str()?.strip_prefix(PREFIX)?.parse().ok();
        entries.filter_map(|entry| Some((schema(&entry.path())?, entry.path()))).collect()
    }
}
