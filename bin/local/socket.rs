//! The server's own socket: `wxgate.sock`, for its user and root.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::geteuid;
use tokio::net::{UnixListener, UnixStream};
use wxgate_api::Listener;

use crate::lang::words;
use crate::listen::{SocketFile, remove_stale};
use crate::out::Failure;
use crate::private_file::directory_of;

/// Its name in the data directory, where every command looks for it.
const SOCKET: &str = "wxgate.sock";
/// The kernel's limit for a socket's path is 108 bytes with the closing zero.
const PATH_BYTES: usize = 107;
const ROOT: u32 = 0;

/// The listener, and the files that go with it.
pub(crate) type Bound = (Listener, Vec<SocketFile>);

/// Binds the socket: in `runtime_dir` if there is one, with a link to it in `data_dir`, else there. Whoever calls has the
/// data directory's lock: what stands there is of a server that is gone.
pub(crate) async fn bind(data_dir: &Path, runtime_dir: Option<&Path>) -> Result<Bound, Failure> {
    let path = runtime_dir.unwrap_or(data_dir).join(SOCKET);
    let link = runtime_dir.map(|_| data_dir.join(SOCKET));
    bind_at(&path, link.as_deref()).await.map_err(|error| {
        let path = path.display();
        Failure::problem(words(
            format!("无法建立供命令行使用的套接字 {path}：{error}"),
            format!("cannot make the socket for commands, {path}: {error}"),
        ))
    })
}

async fn bind_at(path: &Path, link: Option<&Path>) -> io::Result<Bound> {
    remove_stale(path).await?;
    let reach = Reach::of(path)?;
    // From the first moment on for nobody else: the program's umask takes the rights of group and others.
    let listener = UnixListener::bind(&reach.path)?;
    let mut files = vec![SocketFile(path.to_owned())];
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    if let Some(link) = link {
        match fs::remove_file(link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => symlink(std::path::absolute(path)?, link)?,
        }
        files.push(SocketFile(link.to_owned()));
    }
    Ok((Listener::Users(listener, vec![ROOT, geteuid().as_raw()]), files))
}

/// Where commands look for the server that has `data_dir`.
pub(super) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}

/// Connects to the server that has `data_dir`.
pub(super) async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(&Reach::of(&path(data_dir))?.path).await
}

/// A path to a socket that is short enough for the kernel.
struct Reach {
    path: PathBuf,
    /// Kept open for as long as the path leads through it.
    _through: Option<OwnedFd>,
}

impl Reach {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= PATH_BYTES {
            return Ok(Self { path: path.to_owned(), _through: None });
        }
        let directory = open(directory_of(path), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(Self { path, _through: Some(directory) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn the_socket_is_its_users_alone_and_goes_with_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let bound = bind(dir.path(), None).await.unwrap();
        assert!(matches!(&bound.0, Listener::Users(_, users) if *users == [0, geteuid().as_raw()]));
        assert_eq!(mode(&dir.path().join(SOCKET)), 0o600);
        connect(dir.path()).await.unwrap();
        drop(bound);
        assert_eq!(connect(dir.path()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn in_a_runtime_directory_it_is_found_by_a_link_even_after_a_kill() {
        let (data, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for _ in 0..2 {
            // What a killed server leaves: the files, and nobody who listens.
            std::mem::forget(bind(data.path(), Some(runtime.path())).await.unwrap().1);
            assert_eq!(connect(data.path()).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        }
        let _bound = bind(data.path(), Some(runtime.path())).await.unwrap();
        connect(data.path()).await.unwrap();
        assert_eq!(mode(&runtime.path().join(SOCKET)), 0o600);
        assert_eq!(fs::read_link(data.path().join(SOCKET)).unwrap(), runtime.path().join(SOCKET));
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_for_the_kernel_is_reached_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(120));
        fs::create_dir(&deep).unwrap();
        let _bound = bind(&deep, None).await.unwrap();
        connect(&deep).await.unwrap();
    }
}
