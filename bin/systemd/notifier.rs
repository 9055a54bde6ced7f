//! States of the service, as sd_notify(3) describes: a datagram for each.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::task::AbortHandle;

/// systemd reads at once. A reader that does not must not hold up the server.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much time is asked for, and how often again.
const EXTENSION: Duration = Duration::from_secs(30);
const EXTEND_EVERY: Duration = Duration::from_secs(10);

/// Tells systemd, or nobody, how the server is.
#[derive(Clone, Default)]
pub(crate) struct Notifier(Option<Arc<(UnixDatagram, SocketAddr)>>);

impl Notifier {
    /// For the socket that `$NOTIFY_SOCKET` names: a path, or an abstract name behind an `@`. One that cannot be used is
    /// said in the log: the server serves all the same.
    pub(crate) fn new(name: Option<&OsStr>) -> Self {
        let Some(name) = name else { return Self::default() };
        match bound(name) {
            Ok(socket) => Self(Some(Arc::new(socket))),
            Err(error) => {
                tracing::warn!(%error, "NOTIFY_SOCKET cannot be used: systemd hears nothing of this server");
                Self::default()
            }
        }
    }

    /// It serves.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// It reads its configuration anew; [`ready`](Self::ready) ends that.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let usec = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={usec}\nSTATUS=reading the configuration"));
    }

    /// It ends.
    pub(crate) fn stopping(&self, status: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={status}"));
    }

    /// What it does, in one line.
    pub(crate) fn status(&self, status: &str) {
        self.tell(&format!("STATUS={status}"));
    }

    /// It is well.
    pub(super) fn beat(&self) {
        self.tell("WATCHDOG=1");
    }

    /// Asks for more time to start or to end, again and again until what this gives is dropped.
    pub(crate) fn extend(&self) -> Extension {
        self.extend_every(EXTEND_EVERY)
    }

    fn extend_every(&self, pause: Duration) -> Extension {
        let notifier = self.clone();
        let task = tokio::spawn(async move {
            while notifier.0.is_some() {
                notifier.tell(&format!("EXTEND_TIMEOUT_USEC={}", EXTENSION.as_micros()));
                tokio::time::sleep(pause).await;
            }
        });
        Extension(task.abort_handle())
    }

    fn tell(&self, state: &str) {
        let Some((socket, address)) = self.0.as_deref() else { return };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            tracing::warn!(%error, "systemd could not be told: {}", state.lines().next().unwrap_or_default());
        }
    }
}

/// For as long as this is kept, more time is asked for.
pub(crate) struct Extension(AbortHandle);

impl Drop for Extension {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn bound(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut bytes = [0; 1024];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[tokio::test]
    async fn each_state_is_a_datagram_to_a_path_or_an_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let abstract_name = format!("@wxgate-test-{}", uuid::Uuid::now_v7());
        let address = SocketAddr::from_abstract_name(&abstract_name[1..]).unwrap();
        let sockets = [
            (path.as_os_str(), UnixDatagram::bind(&path).unwrap()),
            (OsStr::new(&abstract_name), UnixDatagram::bind_addr(&address).unwrap()),
        ];
        for (name, socket) in sockets {
            let notifier = Notifier::new(Some(name));
            notifier.ready("serving");
            assert_eq!(heard(&socket), "READY=1\nSTATUS=serving");
            notifier.reloading();
            let reloading = heard(&socket);
            let usec = reloading.lines().nth(1).and_then(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
            assert!(reloading.starts_with("RELOADING=1\n") && usec.parse::<u64>().unwrap() > 0, "{reloading}");
            notifier.stopping("bye");
            assert_eq!(heard(&socket), "STOPPING=1\nSTATUS=bye");
            notifier.beat();
            assert_eq!(heard(&socket), "WATCHDOG=1");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn more_time_is_asked_for_until_it_is_not_needed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let extension = Notifier::new(Some(path.as_os_str())).extend_every(Duration::from_millis(1));
        for _ in 0..4 {
            assert_eq!(heard(&socket), "EXTEND_TIMEOUT_USEC=30000000");
        }
        let task = extension.0.clone();
        drop(extension);
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
        socket.set_nonblocking(true).unwrap();
        while socket.recv(&mut [0; 64]).is_ok() {}
        tokio::task::yield_now().await;
        assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn nobody_and_a_socket_that_is_gone_are_told_nothing() {
        Notifier::default().ready("serving");
        let dir = tempfile::tempdir().unwrap();
        Notifier::new(Some(dir.path().join("none").as_os_str())).ready("serving");
        Notifier::new(Some(OsStr::new(&"x".repeat(200)))).ready("serving");
    }
}
