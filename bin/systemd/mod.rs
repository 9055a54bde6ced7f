//! What systemd gives a service, and what it is told: sockets, states, the watchdog.

mod notifier;
mod sockets;
mod watchdog;

use std::path::PathBuf;

pub(crate) use notifier::Notifier;
pub(crate) use sockets::{Passed, Socket};
pub(crate) use watchdog::{SERVING, Watchdog};

use crate::out::Failure;

/// What systemd, or whoever does as it does, gave to this process. By default nothing.
#[derive(Default)]
pub(crate) struct Service {
    /// Where states are told.
    pub(crate) notifier: Notifier,
    /// Listeners that are bound already.
    pub(crate) passed: Passed,
    /// Who wants to hear that all is well, if anybody does.
    pub(crate) watchdog: Option<Watchdog>,
}

impl Service {
    /// What the environment says. Called before there is a second thread.
    ///
    /// # Errors
    /// When a socket was passed that is no listener of this server.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        let notifier = Notifier::new(std::env::var_os("NOTIFY_SOCKET").as_deref());
        let watchdog = Watchdog::new(variable("WATCHDOG_USEC").as_deref(), variable("WATCHDOG_PID").as_deref());
        Ok(Self { notifier, passed: Passed::of_environment()?, watchdog })
    }
}

/// `$RUNTIME_DIRECTORY`: the first, if there are several.
pub(crate) fn runtime_directory() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("RUNTIME_DIRECTORY")?).next()
}
