//! Listeners that systemd holds and passes on, so that a restart refuses nobody: sd_listen_fds(3).

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::{env, io, process};

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;

use crate::lang::{Words, words};
use crate::out::Failure;

/// A listener that is bound already.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The listeners that were passed, by the names of `FileDescriptorName=`.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) public: Option<Socket>,
    pub(crate) internal: Option<Socket>,
}

impl Passed {
    /// Takes what was passed to this process. Called before there is a second thread: it changes the environment.
    pub(super) fn of_environment() -> Result<Self, Failure> {
        let is_ours = env::var("LISTEN_PID").is_ok_and(|pid| pid.parse() == Ok(process::id()));
        if !is_ours {
            return Ok(Self::default());
        }
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self::take(&mut ListenFd::from_env(), &names).map_err(Failure::refused)
    }

    fn take(sockets: &mut ListenFd, names: &str) -> Result<Self, Words> {
        let (mut passed, mut names) = (Self::default(), names.split(':'));
        for index in 0..sockets.len() {
            let name = names.next().unwrap_or_default();
            let place = match name {
                "public" => &mut passed.public,
                "internal" => &mut passed.internal,
                _ => return Err(stranger(name)),
            };
            if place.is_some() {
                return Err(twice(name));
            }
            *place = Some(listener(sockets, index).map_err(|_| not_a_listener(name))?);
        }
        Ok(passed)
    }
}

fn listener(sockets: &mut ListenFd, index: usize) -> io::Result<Socket> {
    let nothing = || io::Error::from(io::ErrorKind::InvalidInput);
    // A connection, as Accept=yes would pass it, listens no more than a file does.
    let listens = |is: rustix::io::Result<bool>| if is? { Ok(()) } else { Err(nothing()) };
    if let Ok(Some(listener)) = sockets.take_tcp_listener(index) {
        listens(socket_acceptconn(&listener))?;
        return Ok(Socket::Tcp(listener));
    }
    let listener = sockets.take_unix_listener(index)?.ok_or_else(nothing)?;
    listens(socket_acceptconn(&listener))?;
    Ok(Socket::Unix(listener))
}

fn stranger(name: &str) -> Words {
    words(
        format!("systemd 传来名为 {name:?} 的套接字；请在 .socket 单元中设 FileDescriptorName=public 或 internal"),
        format!(
            "systemd passed a socket named {name:?}: set FileDescriptorName=public or internal in its .socket unit"
        ),
    )
}

fn twice(name: &str) -> Words {
    words(
        format!("systemd 传来两个名为 {name} 的套接字；该 .socket 单元只能有一行 ListenStream="),
        format!("systemd passed two sockets named {name}: leave one ListenStream= in that .socket unit"),
    )
}

fn not_a_listener(name: &str) -> Words {
    words(
        format!("systemd 传来的 {name} 不是监听套接字；请在 .socket 单元中用 ListenStream=，且不设 Accept=yes"),
        format!(
            "what systemd passed as {name} is no listener: use ListenStream= in its .socket unit, without Accept=yes"
        ),
    )
}
