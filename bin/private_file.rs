//! Files that are this program's user's alone, and that appear complete or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Makes the file `path` (0600) with this content: written and synced under another name beside it, then linked.
///
/// # Errors
/// Of the kind `AlreadyExists`, and nothing has changed, when there is something of this name.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut draft = Draft::new(path)?;
    draft.write_all(content)?;
    draft.publish()
}

/// Such a file while it is written. It goes when it is dropped, unless it was published.
pub(crate) struct Draft {
    path: PathBuf,
    /// Where it stands until then.
    written: PathBuf,
    file: File,
}

impl Draft {
    /// Begins the file that is to become `path`.
    ///
    /// # Errors
    /// As of [`create`], which [`publish`](Self::publish) may find, too.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        // A name of its own: in a container every process has the same number, and one may have ended in here before.
        let written = path.with_file_name(format!(".{name}.{}", uuid::Uuid::now_v7().simple()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&written)?;
        Ok(Self { path: path.to_owned(), written, file })
    }

    /// Gives it its name, complete and on the disk.
    ///
    /// # Errors
    /// As of [`create`].
    pub(crate) fn publish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::hard_link(&self.written, &self.path)?;
        let directory = directory_of(&self.path).to_owned();
        drop(self);
        File::open(directory)?.sync_all()
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One that stays is nobody's loss: the next has another name.
        drop(fs::remove_file(&self.written));
    }
}

/// The directory in which `path` stands.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_made_once_for_its_user_alone_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        create(&path, b"one").unwrap();
        assert_eq!(create(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(create(&dir.path().join("none/b"), b"").is_err());
    }
}
