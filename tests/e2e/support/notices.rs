use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::time::timeout;

use super::PATIENCE;

/// What a service manager hears of a server.
pub struct Notices(UnixDatagram);

impl Notices {
    /// Listens in `dir` for the server that `command` starts.
    pub fn of(command: &mut Command, dir: &Path) -> Self {
        let path = dir.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        command.env("NOTIFY_SOCKET", path);
        Self(socket)
    }

    /// The next datagram, unless none comes in this time.
    pub async fn next(&self, patience: Duration) -> Option<String> {
        let mut bytes = [0; 4096];
        let length = timeout(patience, self.0.recv(&mut bytes)).await.ok()?.unwrap();
        Some(String::from_utf8(bytes[..length].to_vec()).unwrap())
    }

    /// Waits for one with this in it: not for long, however many others come.
    pub async fn hear(&self, part: &str) -> String {
        let heard = async {
            loop {
                let notice = self.next(PATIENCE).await;
                if let Some(notice) = notice.filter(|notice| notice.contains(part)) {
                    return notice;
                }
            }
        };
        timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("waited in vain: {part}"))
    }

    /// Reads what has come so far.
    pub fn forget(&self) {
        while self.0.try_recv(&mut [0; 4096]).is_ok() {}
    }
}
