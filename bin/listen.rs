//! Binds the addresses that the configuration names, or takes what systemd has bound.

use std::fs;
use std::io;
use std::net::ToSocketAddrs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener, UnixStream};
use wxgate_api::Listener;

use crate::config::Address;
use crate::lang::{Lang, words};
use crate::out::Failure;
use crate::systemd::Socket;

/// A bound listener. A socket's file goes when this does.
pub(crate) struct Bound {
    pub(crate) listener: Listener,
    pub(crate) at: At,
}

/// Where a listener really stands: with the port that was free.
pub(crate) struct At {
    pub(crate) address: Address,
    _socket: Option<SocketFile>,
}

/// A file of a socket, or a link to one, which goes when this does.
pub(crate) struct SocketFile(pub(crate) PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Gone already, or in a place that is gone: either way nothing is left behind.
        let _ = fs::remove_file(&self.0);
    }
}

/// Takes the listener that was `passed` for `address`, which the configuration calls `key` (or a flag); else binds it.
pub(crate) async fn open(address: &Address, key: &str, passed: Option<Socket>) -> Result<Bound, Failure> {
    match passed {
        Some(socket) => take(address, key, socket),
        None => bind(address, key).await,
    }
}

/// What was passed must be what the configuration says: other commands and the proxy go by that.
fn take(address: &Address, key: &str, socket: Socket) -> Result<Bound, Failure> {
    let at = match &socket {
        Socket::Tcp(listener) => {
            listener.local_addr().map(|at| Address::Tcp { host: at.ip().to_string(), port: at.port() })
        }
        Socket::Unix(listener) => {
            listener.local_addr().map(|at| Address::Unix(at.as_pathname().unwrap_or(Path::new("")).to_owned()))
        }
    };
    let at = at.map_err(|error| cannot_listen(address, key, &error))?;
    if !fits(address, &at) {
        return Err(Failure::refused(words(
            format!("systemd 传来的 {at} 与 {key}（{address}）不一致；请让 .socket 单元的 ListenStream= 与配置相同"),
            format!("systemd passed {at}, but {key} is {address}: make ListenStream= of the .socket unit say the same"),
        )));
    }
    let listener = match socket {
        Socket::Tcp(listener) => {
            listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)).map(Listener::Tcp)
        }
        Socket::Unix(listener) => {
            listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener)).map(Listener::Unix)
        }
    };
    // Its file, if it has one, is systemd's and outlives this process.
    let listener = listener.map_err(|error| cannot_listen(address, key, &error))?;
    Ok(Bound { listener, at: At { address: at, _socket: None } })
}

/// Whether a listener at `at` is what `address` asks for.
fn fits(address: &Address, at: &Address) -> bool {
    match (address, at) {
        (Address::Tcp { host, port }, Address::Tcp { host: bound, port: bound_port }) => {
            let is_host = || {
                (host.as_str(), 0)
                    .to_socket_addrs()
                    .is_ok_and(|mut found| found.any(|one| one.ip().to_string() == *bound))
            };
            (*port == 0 || port == bound_port) && is_host()
        }
        (one, other) => one == other,
    }
}

/// Binds `address`, which the configuration calls `key` (or a flag).
async fn bind(address: &Address, key: &str) -> Result<Bound, Failure> {
    let bound = match address {
        Address::Tcp { host, port } => tcp(host, *port).await,
        Address::Unix(path) => unix(path).await,
    };
    bound.map_err(|error| cannot_listen(address, key, &error))
}

fn cannot_listen(address: &Address, key: &str, error: &io::Error) -> Failure {
    let taken = error.kind() == io::ErrorKind::AddrInUse;
    let why = if taken {
        words("已被占用", "taken by another program")
    } else {
        words(error.to_string(), error.to_string())
    };
    let (zh, en) = (why.say(Lang::Zh), why.say(Lang::En));
    Failure::problem(words(
        format!("无法监听 {address}：{zh}；可用 {key} 另选地址"),
        format!("cannot listen on {address}: {en}; {key} names another address"),
    ))
}

async fn tcp(host: &str, port: u16) -> io::Result<Bound> {
    let listener = TcpListener::bind((host, port)).await?;
    let port = listener.local_addr()?.port();
    let address = Address::Tcp { host: host.to_owned(), port };
    Ok(Bound { listener: Listener::Tcp(listener), at: At { address, _socket: None } })
}

async fn unix(path: &Path) -> io::Result<Bound> {
    remove_stale(path).await?;
    let listener = UnixListener::bind(path)?;
    let socket = SocketFile(path.to_owned());
    // A proxy runs as somebody else: it gets in by the group of the directory or of this process.
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    let at = At { address: Address::Unix(path.to_owned()), _socket: Some(socket) };
    Ok(Bound { listener: Listener::Unix(listener), at })
}

/// Removes the socket of a process that was killed: one where nobody answers.
pub(crate) async fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let nobody = || async {
        UnixStream::connect(path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    if is_socket && nobody().await { fs::remove_file(path) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(address: &Address) -> String {
        let failure = bind(address, "listen.public").await.err().expect("a refusal");
        failure.words.say(Lang::En).to_owned()
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error_that_names_the_address_and_the_key() {
        let first = bind(&Address::parse("127.0.0.1:0").unwrap(), "listen.public").await.unwrap();
        let said = refusal(&first.at.address).await;
        assert!(
            said.contains(&first.at.address.to_string()) && said.contains("taken") && said.contains("listen.public")
        );
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let address = Address::Unix(path.clone());
        let living = bind(&address, "listen.public").await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(refusal(&address).await.contains("taken"));
        drop(living);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        fs::write(&path, "mine").unwrap();
        assert!(refusal(&Address::Unix(path.clone())).await.contains("taken"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[tokio::test]
    async fn what_was_passed_is_taken_where_it_is_what_the_configuration_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let tcp = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = |listener: &std::net::TcpListener| listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost"] {
            let listener = tcp();
            let address = Address::parse(&format!("{host}:{}", port(&listener))).unwrap();
            open(&address, "listen.public", Some(Socket::Tcp(listener))).await.unwrap();
        }
        let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let taken = open(&Address::Unix(path.clone()), "listen.public", Some(Socket::Unix(unix))).await.unwrap();
        assert_eq!(taken.at.address, Address::Unix(path.clone()));
        drop(taken);
        assert!(path.exists(), "the file is systemd's");
        for address in ["127.0.0.1:1", "[::1]:0", "unix:/run/other.sock"] {
            let address = Address::parse(address).unwrap();
            let failure = open(&address, "listen.public", Some(Socket::Tcp(tcp()))).await.err().expect("a refusal");
            let said = failure.words.say(Lang::En);
            assert_eq!(failure.exit, crate::out::Exit::Refused);
            assert!(said.contains("listen.public is") && said.contains("ListenStream="), "{said}");
        }
    }
}
