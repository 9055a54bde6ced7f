//! What `wxgate proxy-config` prints, run by Debian's nginx and Caddy before a server and a service of the team's.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{At, Bench, Ended, Process, Server, until};

pub const DOMAIN: &str = "api.example.com";
/// What the service answers to whoever reaches it.
pub const GRANTED: &str = "granted";

/// The proxies that run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
}

pub const KINDS: [Kind; 2] = [Kind::Nginx, Kind::Caddy];

/// A proxy that ends with its test, and what stands behind it.
pub struct Stage {
    pub server: Server,
    pub service: Service,
    pub bench: Bench,
    https: SocketAddr,
    log: PathBuf,
    process: Process,
    _dir: TempDir,
}

impl Stage {
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, &[]).await
    }

    /// Before a server with these `key=value` settings.
    pub async fn with(kind: Kind, settings: &[&str]) -> Self {
        let bench = Bench::new().await;
        let (server, service) = (bench.serve_with(settings).await, Service::start().await);
        let dir = tempfile::tempdir().unwrap();
        let (http, https) = (free(), free());
        let [At::Tcp(public), At::Tcp(internal)] = [&server.public, &server.internal] else { unreachable!() };
        let name = if kind == Kind::Nginx { "nginx" } else { "caddy" };
        let (certificate, key) = (dir.path().join("certificate.pem"), dir.path().join("key.pem"));
        let places =
            ["--public", public, "--internal", internal, "--backend", &service.at.to_string()].map(str::to_owned);
        let files = ["--certificate", text(&certificate), "--certificate-key", text(&key)].map(str::to_owned);
        let arguments = ["proxy-config", name, "--domain", DOMAIN].map(str::to_owned);
        let arguments: Vec<_> = arguments.iter().chain(&places).chain(&files).map(String::as_str).collect();
        let printed = bench.run(&arguments, "").await;
        assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
        let command = match kind {
            Kind::Nginx => {
                certify(&certificate, &key);
                nginx(&printed.stdout, dir.path(), http, https)
            }
            Kind::Caddy => caddy(&printed.stdout, dir.path(), http, https),
        };
        let mut process = Process::spawn(command, "");
        until("a proxy that serves", || {
            assert!(process.status().is_none(), "{kind:?} did not start: {}", process.stderr());
            let healthy = curl(https, "/healthz", &["--fail"]).output().unwrap();
            healthy.status.success().then_some(())
        })
        .await;
        Self { server, service, bench, https, log: dir.path().join("wxgate.access.log"), process, _dir: dir }
    }

    /// Asks as a browser would, with these arguments of curl's.
    pub async fn ask(&self, path: &str, arguments: &[&str]) -> Said {
        let curl = curl(self.https, path, arguments);
        Said::of(&Process::spawn(curl, "").end().await)
    }

    /// As somebody with this skey.
    pub async fn ask_as(&self, skey: &str, path: &str, arguments: &[&str]) -> Said {
        let bearer = format!("Authorization: Bearer {skey}");
        self.ask(path, &[&["--header", &bearer], arguments].concat()).await
    }

    /// A login of somebody, through the proxy.
    pub async fn login(&self, user: &str) -> String {
        let body = format!("{{\"code\":\"{}\"}}", self.bench.code(user));
        let said = self.ask("/v1/login", &["--json", &body]).await;
        assert_eq!(said.status, 200, "{said:?}");
        said.json()["skey"].as_str().unwrap().to_owned()
    }

    /// What the proxy logged, once it has logged `path`.
    pub async fn log(&self, path: &str) -> String {
        until("a line of the access log", || fs::read_to_string(&self.log).ok().filter(|text| text.contains(path)))
            .await
    }

    /// What the proxy itself said.
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }
}

fn curl(at: SocketAddr, path: &str, arguments: &[&str]) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--include", "--insecure", "--http1.1", "--max-time", "30"])
        .args(["--resolve", &format!("{DOMAIN}:{}:{}", at.port(), at.ip())])
        .args(arguments)
        .arg(format!("https://{DOMAIN}:{}{path}", at.port()))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    curl
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Free a moment ago; that somebody takes it meanwhile shows, for the proxy does not start then.
fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Puts `other` in the place of each `usual`, which must be there.
fn moved(text: &str, usual: &str, other: &str) -> String {
    assert!(text.contains(usual), "{usual}");
    text.replace(usual, other)
}

fn certify(certificate: &Path, key: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"])
        .args(["-subj", "/CN=api.example.com", "-keyout", text(key), "-out", text(certificate)])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// The printed file as Debian's `nginx.conf` includes it, on other ports and with its logs elsewhere.
fn nginx(printed: &str, dir: &Path, http: SocketAddr, https: SocketAddr) -> Command {
    let site = ["    listen [::]:80;\n", "    listen [::]:443 ssl http2;\n"]
        .iter()
        .fold(printed.to_owned(), |site, line| moved(&site, line, ""));
    let site = moved(&site, "listen 80;", &format!("listen {http};"));
    let site = moved(&site, "listen 443 ssl http2;", &format!("listen {https} ssl http2;"));
    let site = moved(&site, "/var/log/nginx", text(dir));
    let here = dir.display();
    let whole = format!(
        "daemon off; master_process off; pid {here}/pid; error_log stderr warn;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;\n  \
         fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;\n  include {here}/wxgate.conf;\n}}\n"
    );
    fs::write(dir.join("wxgate.conf"), site).unwrap();
    fs::write(dir.join("nginx.conf"), whole).unwrap();
    let mut command = Command::new(crate::nginx::program());
    command.args(["-e", "stderr", "-p"]).arg(dir).arg("-c").arg(dir.join("nginx.conf")).env_clear();
    command
}

/// The printed file behind options that keep Caddy on this machine: other ports, a certificate of its own, no control.
fn caddy(printed: &str, dir: &Path, http: SocketAddr, https: SocketAddr) -> Command {
    let (http, https) = (http.port(), https.port());
    let options = format!(
        "{{\n\tadmin off\n\thttp_port {http}\n\thttps_port {https}\n\tdefault_bind 127.0.0.1\n\tlocal_certs\n\tskip_install_trust\n}}\n"
    );
    fs::write(dir.join("Caddyfile"), options + &moved(printed, "/var/log/caddy", text(dir))).unwrap();
    let mut command = Command::new("/usr/bin/caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(dir.join("Caddyfile")).env_clear();
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, dir);
    }
    command
}

/// An answer as curl saw it.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Said {
    /// The last of what curl printed: a `100 Continue` may stand before it.
    fn of(ended: &Ended) -> Self {
        let mut rest = ended.stdout.as_str();
        loop {
            let (head, body) = rest.split_once("\r\n\r\n").unwrap_or((rest, ""));
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            if status != 100 {
                return Self { status, head: format!("{head}\n{}", ended.stderr), body: body.to_owned() };
            }
            rest = body;
        }
    }

    pub fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A service of the team's: it keeps each request as it came and answers [`GRANTED`].
pub struct Service {
    pub at: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Service {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (at, requests) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self { at, requests }
    }

    /// The heads of the requests since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|part| part == b"\r\n\r\n") {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
    }
    kept.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{GRANTED}", GRANTED.len());
    stream.write_all(answer.as_bytes()).await.ok();
}
