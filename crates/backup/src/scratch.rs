//! Room for what is not finished.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::owner::adopt;

const HEAD: &str = ".wxgate-";
const TAIL: &str = ".partial";
/// Between the making of one and its lock passes less.
const YOUNG: Duration = Duration::from_mins(1);

/// A directory (0700) that is gone when this is dropped. One that a killed process left is removed by the next.
pub(crate) struct Scratch {
    path: PathBuf,
    /// Held as long as somebody uses it.
    _lock: File,
}

impl Scratch {
    /// Makes one in `parent`, and removes what others left there.
    pub(crate) fn new(parent: &Path) -> Result<Self> {
        sweep(parent, SystemTime::now());
        let path = parent.join(format!("{HEAD}{}{TAIL}", Uuid::now_v7().simple()));
        let made = DirBuilder::new().mode(0o700).create(&path).and_then(|()| File::open(&path));
        let locked = made.and_then(|dir| dir.lock().map(|()| dir)).and_then(|dir| adopt(&path, parent).map(|()| dir));
        let lock = locked.map_err(Error::at(&path))?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether a name is that of a [`Scratch`].
pub(crate) fn is_scratch(name: &str) -> bool {
    let id = name.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(TAIL));
    id.is_some_and(|id| id.len() == 32 && Uuid::try_parse(id).is_ok())
}

fn sweep(parent: &Path, now: SystemTime) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_scratch)) {
        let is_old = entry
            .metadata()
            .and_then(|data| data.modified())
            .is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= YOUNG));
        let is_left = || File::open(entry.path()).is_ok_and(|dir| dir.try_lock().is_ok());
        if is_old && is_left() {
            // Another may be faster.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Gives a finished file its name, which nothing has yet, so that it stays.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<()> {
    let renamed = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // This file system cannot: then there is a moment in which somebody else's file of the name is replaced.
        Err(Errno::INVAL | Errno::NOSYS) if !to.exists() => fs::rename(from, to),
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => return Err(Error::Exists(to.to_owned())),
        renamed => renamed.map_err(Into::into),
    };
    renamed.and_then(|()| sync(directory_of(to))).map_err(Error::at(to))
}

/// Makes the names in a directory as durable as what their files hold.
pub(crate) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The directory in which `path` stands.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_and_what_is_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let used = Scratch::new(dir.path()).unwrap();
        let left = dir.path().join(format!("{HEAD}{}{TAIL}", Uuid::nil().simple()));
        fs::create_dir(&left).unwrap();
        fs::write(left.join("wxgate.db"), "").unwrap();
        let later = SystemTime::now() + 2 * YOUNG;
        sweep(dir.path(), SystemTime::now());
        assert!(left.exists(), "it may be just about to be locked");
        sweep(dir.path(), later);
        assert!(!left.exists() && used.path().exists());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }

    #[test]
    fn a_name_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two, name) = (dir.path().join("1"), dir.path().join("2"), dir.path().join("name"));
        fs::write(&one, "one").unwrap();
        fs::write(&two, "two").unwrap();
        publish(&one, &name).unwrap();
        assert!(matches!(publish(&two, &name), Err(Error::Exists(_))));
        assert_eq!(fs::read(&name).unwrap(), b"one");
    }
}
