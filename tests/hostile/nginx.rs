//! Debian's nginx in front of a server, with a directory, a configuration and a port of its own.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{At, Process, Server, until};

/// A proxy that ends with its test.
pub struct Nginx {
    pub at: At,
    _process: Process,
    _dir: TempDir,
}

impl Nginx {
    /// A proxy whose one server holds these `locations`. `public` and `internal` in them are the server's listeners, to
    /// which it keeps connections.
    pub async fn start(server: &Server, locations: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Free a moment ago; that somebody takes it meanwhile shows, for nginx does not start then.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let [At::Tcp(public), At::Tcp(internal)] = [&server.public, &server.internal] else { unreachable!() };
        let here = dir.path().display();
        let configuration = format!(
            "daemon off; master_process off; pid {here}/pid; error_log stderr warn;\n\
             events {{ worker_connections 512; }}\n\
             http {{\n  access_log off;\n  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;\n  \
             fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;\n  \
             upstream public {{ server {public}; keepalive 4; }}\n  \
             upstream internal {{ server {internal}; keepalive 4; }}\n  \
             server {{\n    listen {address};\n    {locations}\n  }}\n}}\n"
        );
        let file = dir.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new(program());
        command.args(["-e", "stderr", "-p"]).arg(dir.path()).arg("-c").arg(&file).env_clear();
        let mut process = Process::spawn(command, "");
        until("an nginx that listens", || {
            assert!(process.status().is_none(), "nginx did not start: {}", process.stderr());
            std::net::TcpStream::connect(address).ok()
        })
        .await;
        Self { at: At::Tcp(address.to_string()), _process: process, _dir: dir }
    }
}

/// nginx stands where only root's PATH leads.
pub fn program() -> PathBuf {
    let known = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].map(PathBuf::from);
    known.into_iter().find(|file| file.exists()).expect("nginx, which tests/run installs")
}
