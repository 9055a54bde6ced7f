//! What the database was before its schema was changed, so that an upgrade can be taken back.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::statvfs;

use super::files;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::model::UnixSeconds;

/// A snapshot's name is this and the schema it has.
const PREFIX: &str = "wxgate.db.schema-";
const DRAFT: &str = ".wxgate.db.snapshot";
/// How long one is kept: who is erased meanwhile is still in it.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// Left free beside a snapshot: what the migration itself writes, and the reserve.
const MARGIN_BYTES: u64 = 64 << 20;

/// The snapshots beside the database, one from before each upgrade.
pub(super) struct Kept(PathBuf);

impl Kept {
    pub(super) fn of(data_dir: &Path) -> Self {
        Self(data_dir.to_owned())
    }

    /// Copies the database, which has this schema, checks the copy and makes it durable. It appears complete or not at all.
    pub(super) fn take(&self, schema: u32) -> Result<PathBuf> {
        self.check_room()?;
        let (draft, path) = (self.0.join(DRAFT), self.0.join(format!("{PREFIX}{schema}")));
        // Of a process that was killed at it.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(files::refused(&draft, error)),
            _ => {}
        }
        let place = || fs::rename(&draft, &path).and_then(|()| files::sync(&self.0));
        let taken = Snapshot::take(&self.0, &draft, &mut |_, _| {})
            .and_then(|taken| taken.check())
            .and_then(|()| place().map_err(|error| files::refused(&path, error)));
        if taken.is_err() {
            // What was written of it takes room that is needed.
            let _ = fs::remove_file(&draft);
        }
        taken.map(|()| path)
    }

    fn check_room(&self) -> Result<()> {
        let bytes = files::names(&self.0).iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
        let found = statvfs(&self.0).map_err(|error| files::refused(&self.0, error))?;
        let (needed, free) = (MARGIN_BYTES.saturating_add(bytes), found.f_bavail.saturating_mul(found.f_frsize));
        if free >= needed {
            return Ok(());
        }
        let [needed, free] = [needed.div_ceil(1 << 20), free >> 20];
        Err(Error::Refused(format!("{needed} MiB are needed for it, {free} are free. Make room, or use a larger disk")))
    }

    /// What a program that knows only the schema `known` can go back to.
    pub(super) fn way_back(&self, known: u32) -> String {
        let newest = self.all().into_iter().filter(|(schema, _)| *schema <= known).max();
        newest.map_or_else(
            || "a backup from before the upgrade".to_owned(),
            |(_, path)| {
                let path = path.display();
                format!(
                    "put {path}, which is from before the upgrade, in place of wxgate.db and its -wal; what was written since is not in it"
                )
            },
        )
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
