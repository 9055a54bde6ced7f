//! A store beside one that serves.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{SqliteStore, files, outside};
use crate::error::{Error, Result};

/// How long a write waits for the server to take note of it, which looks four times a second.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// The data directory that another process may have taken.
pub(super) struct Beside(PathBuf);

impl Beside {
    pub(super) fn of(data_dir: PathBuf) -> Self {
        Self(data_dir)
    }
}

impl SqliteStore {
    /// Waits until no server says anything else than what was written here. A server that starts later reads all anew.
    ///
    /// # Errors
    /// [`Error::Internal`] if it was written but a server that runs takes no note.
    pub(super) async fn taken_in(&self) -> Result<()> {
        let Some(Beside(data_dir)) = &self.beside else { return Ok(()) };
        let deadline = Instant::now() + PATIENCE;
        while self.readers.at_once(outside::is_due)? && files::is_locked(data_dir)? {
            if Instant::now() >= deadline {
                return Err(Error::Internal("it is written, but the server that runs takes no note of it".into()));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
