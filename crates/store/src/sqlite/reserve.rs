//! Room on the disk that nobody else gets: for logging out, revoking and erasing when there is none left.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

const NAME: &str = "wxgate.reserve";
const BYTES: u64 = 16 << 20;
/// Free beyond the reserve when it is taken again, so that it is not given away at once.
const MARGIN: u64 = 4 << 20;
/// Time between two tries to take it again.
const PATIENCE: Duration = Duration::from_secs(1);

/// A file that only takes room.
pub(super) struct Reserve {
    path: PathBuf,
    state: State,
}

enum State {
    Held,
    /// Given away, and not to be had again when last tried.
    Spent(Instant),
    /// This file system reserves nothing.
    None,
}

impl Reserve {
    /// Takes the room in `data_dir`, unless it was taken before.
    pub(super) fn hold(data_dir: &Path) -> Self {
        let mut reserve = Self { path: data_dir.join(NAME), state: State::None };
        reserve.take(0);
        reserve
    }

    /// For a writer of a test, which has nothing to hold back.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { path: PathBuf::new(), state: State::None }
    }

    /// Gives the room away. Whether there was any.
    pub(super) fn free(&mut self) -> bool {
        if !matches!(self.state, State::Held) {
            return false;
        }
        tracing::error!(
            "the disk is full: no new logins, what is reserved is left to logging out, revoking and erasing"
        );
        let freed = OpenOptions::new().write(true).open(&self.path).and_then(|file| file.set_len(0));
        self.state = State::Spent(Instant::now());
        freed.is_ok()
    }

    /// Whether it is given away. Looks from time to time if it can be had again.
    pub(super) fn is_spent(&mut self) -> bool {
        if let State::Spent(tried) = self.state
            && tried.elapsed() >= PATIENCE
        {
            self.take(MARGIN);
            if matches!(self.state, State::Held) {
                tracing::info!("there is room on the disk again");
            }
        }
        matches!(self.state, State::Spent(_))
    }

    fn take(&mut self, margin: u64) {
        self.state = match allocated(&self.path, margin) {
            Ok(()) => State::Held,
            Err(error) if is_full(&error) => State::Spent(Instant::now()),
            Err(error) => {
                tracing::warn!(%error, "no room can be reserved on this disk: when it is full, nobody can log out");
                State::None
            }
        };
    }
}

/// Makes the file, with `margin` to spare.
fn allocated(path: &Path, margin: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.len() == BYTES {
        return Ok(());
    }
    fallocate(&file, FallocateFlags::empty(), 0, BYTES + margin)
        .map_err(io::Error::from)
        .and_then(|()| file.set_len(BYTES))
        .inspect_err(|_| give_back(&file))
}

/// What was allocated of it before the disk was full.
fn give_back(file: &File) {
    // If even that fails, the room is taken by a file that is there to be given away.
    let _ = file.set_len(0);
}

fn is_full(error: &io::Error) -> bool {
    [Errno::NOSPC, Errno::DQUOT, Errno::FBIG].map(Some).contains(&Errno::from_io_error(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn what_is_reserved_is_really_taken_and_really_given_away() {
        let dir = tempfile::tempdir().unwrap();
        let taken = || std::fs::metadata(dir.path().join(NAME)).unwrap().blocks() * 512;
        let mut reserve = Reserve::hold(dir.path());
        assert!(taken() >= BYTES && !reserve.is_spent());
        assert!(reserve.free() && reserve.is_spent());
        assert_eq!(taken(), 0);
        assert!(!reserve.free(), "there is none left");
        reserve.take(MARGIN);
        assert!((BYTES..BYTES + MARGIN).contains(&taken()) && !reserve.is_spent());
    }

    #[test]
    fn what_another_process_reserved_is_reserved() {
        let dir = tempfile::tempdir().unwrap();
        drop(Reserve::hold(dir.path()));
        assert!(Reserve::hold(dir.path()).free());
    }
}
