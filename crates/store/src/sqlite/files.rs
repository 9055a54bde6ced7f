use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::failure;
use crate::error::{Error, Result};

pub(super) const DATABASE: &str = "wxgate.db";
const LOCK: &str = "wxgate.lock";
/// How often a lock that is held is tried again, and after what pause: a server that stops has it until its log is empty, and a
/// command that found no server until it is done.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The data directory, made if it is not there, by its one true path.
pub(super) fn data_dir(path: &Path) -> Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| path.canonicalize())
        .map_err(|error| refused(path, error))
}

/// A data directory that is taken, as a server takes it, until this is dropped.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a directory that is there.
    ///
    /// # Errors
    /// [`Error::Refused`] if a server or another command has it.
    pub fn take(data_dir: &Path) -> Result<Self> {
        lock(data_dir).map(|file| Self { _file: file })
    }
}

/// Takes the data directory for this process, until the file is dropped.
pub(super) fn lock(data_dir: &Path) -> Result<File> {
    let path = data_dir.join(LOCK);
    let file = private().create(true).open(&path).map_err(|error| refused(&path, error))?;
    let mut locked = file.try_lock();
    for _ in 0..LOCK_TRIES {
        if !matches!(locked, Err(TryLockError::WouldBlock)) {
            break;
        }
        thread::sleep(LOCK_PAUSE);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(
            data_dir,
            "another wxgate uses this data directory (it holds wxgate.lock). Stop it, or give this one a data_dir of its own",
        )),
        Err(TryLockError::Error(error)) => Err(refused(&path, error)),
    }
}

/// The database file, made if it is not there, readable by nobody else. Not beside a log, which SQLite would delete.
pub(super) fn database(data_dir: &Path) -> Result<PathBuf> {
    let path = data_dir.join(DATABASE);
    if !path.exists() && log(data_dir).metadata().is_ok_and(|log| log.len() > 0) {
        let why = "it is missing, but its log wxgate.db-wal is there. Put it back or restore a backup; \
                   to begin with nothing, remove the log too";
        return Err(refused(&path, why));
    }
    match private().create_new(true).open(&path) {
        Ok(_) => sync(data_dir).map_err(|error| refused(&path, error))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(&path, error)),
    }
    existing_database(data_dir)
}

/// The database file that is there, unless others may touch it or what SQLite keeps beside it.
pub(super) fn existing_database(data_dir: &Path) -> Result<PathBuf> {
    let path = data_dir.join(DATABASE);
    check_private(&path)?;
    for beside in [log(data_dir), data_dir.join("wxgate.db-shm")] {
        if beside.symlink_metadata().is_ok() {
            check_private(&beside)?;
        }
    }
    Ok(path)
}

/// The database file and its log.
pub(super) fn names(data_dir: &Path) -> [PathBuf; 2] {
    [data_dir.join(DATABASE), log(data_dir)]
}

fn log(data_dir: &Path) -> PathBuf {
    data_dir.join("wxgate.db-wal")
}

/// The database and its log while they are open, so that nothing is acknowledged that no restart would find.
pub(super) struct Watch([(PathBuf, Inode); 2]);

type Inode = (u64, u64);

impl Watch {
    /// Of files that are open.
    pub(super) fn new(data_dir: &Path) -> Result<Self> {
        let inode =
            |path: PathBuf| inode(&path).map(|inode| (path.clone(), inode)).map_err(|error| refused(&path, error));
        Ok(Self([inode(data_dir.join(DATABASE))?, inode(log(data_dir))?]))
    }

    /// Fails when a name is gone or stands for another file.
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        match self.0.iter().find(|(path, opened)| inode(path).ok() != Some(*opened)) {
            None => Ok(()),
            Some((path, _)) => Err(failure::ours(format!(
                "{} was removed or replaced while it was open: put it back, or restore a backup",
                path.display()
            ))),
        }
    }
}

fn inode(path: &Path) -> std::io::Result<Inode> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Makes the names in a directory as durable as what their files will hold.
pub(super) fn sync(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn check_private(path: &Path) -> Result<()> {
    let metadata = fs::symlink_metadata(path).map_err(|error| refused(path, error))?;
    if !metadata.is_file() {
        return Err(refused(path, "this must be an ordinary file, not a link, directory or device"));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(refused(path, format!("its mode {mode:04o} lets others in. Run: chmod 600 {}", path.display())));
    }
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false).mode(0o600);
    options
}

/// A new file that nobody else reads.
pub(super) fn make_private(path: &Path) -> std::io::Result<File> {
    private().create_new(true).open(path)
}

/// An error that names the file.
pub(super) fn refused(path: &Path, why: impl Display) -> Error {
    Error::Refused(format!("{}: {why}", path.display()))
}
