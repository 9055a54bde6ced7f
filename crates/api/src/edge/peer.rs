//! Who comes to a listener.

use std::io;
use std::net::IpAddr;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Where a listener listens.
#[derive(Debug)]
pub enum Listener {
    /// A TCP address.
    Tcp(TcpListener),
    /// A unix socket: its peers are programs of this machine.
    Unix(UnixListener),
    /// A unix socket for programs of these users alone, by their numbers: whoever else got at it is hung up on.
    Users(UnixListener, Vec<u32>),
}

/// Somebody who has connected.
pub enum Peer {
    /// From this address.
    Tcp(TcpStream, IpAddr),
    /// A program of this machine.
    Unix(UnixStream),
}

impl Peer {
    /// Resolves with the first byte, which is left where it is. A program of this machine is taken at its word.
    pub async fn speaks(&self) -> bool {
        match self {
            Self::Tcp(stream, _) => matches!(stream.peek(&mut [0]).await, Ok(1..)),
            Self::Unix(_) => true,
        }
    }
}

/// The next peer; `None` for one that may not come in.
pub async fn accept(listener: &Listener) -> io::Result<Option<Peer>> {
    Ok(match listener {
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Some(Peer::Tcp(stream, peer.ip()))
        }
        Listener::Unix(listener) => Some(Peer::Unix(listener.accept().await?.0)),
        Listener::Users(listener, users) => {
            let (stream, _) = listener.accept().await?;
            // As the kernel knows them: whoever connected cannot say otherwise.
            let user = stream.peer_cred()?.uid();
            let is_known = users.contains(&user);
            if !is_known {
                tracing::warn!(user, "a user who may not give commands was hung up on");
            }
            is_known.then_some(Peer::Unix(stream))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the listener for `users` says to a program of this process's own user who knows nothing of it.
    async fn said(users: impl FnOnce(u32) -> Vec<u32>) -> io::Result<Option<u32>> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.sock");
        let listener = UnixListener::bind(&path)?;
        let own = rustix::process::geteuid().as_raw();
        let (mut stream, accepted) =
            tokio::join!(UnixStream::connect(&path), async { accept(&Listener::Users(listener, users(own))).await });
        match accepted? {
            None => {
                // Nothing but the end of the line.
                let mut rest = Vec::new();
                tokio::io::AsyncReadExt::read_to_end(stream.as_mut().expect("a connection"), &mut rest).await?;
                assert!(rest.is_empty());
                Ok(None)
            }
            Some(_) => Ok(Some(own)),
        }
    }

    #[tokio::test]
    async fn a_user_who_is_not_listed_is_hung_up_on() {
        assert_eq!(said(|own| vec![own.wrapping_add(1), own.wrapping_add(2)]).await.unwrap(), None);
        assert!(said(|own| vec![own.wrapping_add(1), own]).await.unwrap().is_some());
    }
}
