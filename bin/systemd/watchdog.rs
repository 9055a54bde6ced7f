//! The watchdog: it is told that all is well only while writing works.
//!
//! A beat is sent after a real write, through the queue and the thread that every login takes, has reached the disk; the
//! write changes nothing, and the file does not grow by it. Who sends it is a task of the runtime: a runtime that hangs
//! sends none. A full disk is no reason to be silent: the writer answers, sessions are checked and ended as before, and a
//! restart, which would cut that off, frees nothing. It is told as the status instead.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use wxgate_store::{Error, Store};

use super::Notifier;

/// Between two tries while the queue is full, or a try failed.
const PAUSE: Duration = Duration::from_millis(100);

/// What the status says while all is well.
pub(crate) const SERVING: &str = "serving";
const FULL: &str = "the disk is full: sessions are checked and ended, nobody can log in; make room";
const SILENT: &str = "writing does not work: the watchdog is not answered";

/// How long systemd waits for a beat until it kills the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watchdog(Duration);

impl Watchdog {
    /// Of `$WATCHDOG_USEC`, unless `$WATCHDOG_PID` says that another process is meant.
    pub(super) fn new(usec: Option<&str>, pid: Option<&str>) -> Option<Self> {
        let is_meant = pid.is_none_or(|pid| pid.parse() == Ok(process::id()));
        let usec = usec?.parse().ok().filter(|usec| *usec > 0 && is_meant)?;
        Some(Self(Duration::from_micros(usec)))
    }

    /// Beats at half the time for as long as `store` takes writes. Never ends.
    pub(crate) async fn run(self, store: Arc<dyn Store>, notifier: Notifier) {
        let mut status = SERVING;
        loop {
            // A quarter for the write: with the half between two beats, one comes in time.
            let state = timeout(self.0 / 4, written(&*store)).await.unwrap_or(SILENT);
            if state != status {
                status = state;
                notifier.status(status);
                tracing::warn!("{status}");
            }
            if state == SILENT {
                sleep(PAUSE.min(self.0 / 8)).await;
            } else {
                notifier.beat();
                sleep(self.0 / 2).await;
            }
        }
    }
}

/// Writes, and says how that went. A full queue is no answer: it is asked until there is one.
async fn written(store: &dyn Store) -> &'static str {
    loop {
        match store.ready().await {
            Ok(_) => return SERVING,
            Err(Error::Full) => return FULL,
            Err(Error::Busy) => sleep(PAUSE).await,
            Err(_) => return SILENT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_watchdog_that_means_this_process_is_heeded() {
        let own = process::id().to_string();
        let of = Watchdog::new;
        assert_eq!(of(Some("30000000"), Some(&own)), Some(Watchdog(Duration::from_secs(30))));
        assert_eq!(of(Some("30000000"), None), Some(Watchdog(Duration::from_secs(30))));
        for (usec, pid) in [(Some("30000000"), Some("1")), (None, None), (Some("0"), None), (Some("soon"), None)] {
            assert_eq!(of(usec, pid), None);
        }
    }
}
