//! An HTTP server that does what it is told, one act for each request, and remembers what it was sent.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub(crate) enum Act {
    /// Writes these bytes and keeps the connection.
    Answer(Vec<u8>),
    /// Writes these bytes and ends the connection.
    Cut(&'static str),
    /// Ends the connection once the request has been read.
    Close,
    /// Resets the connection before anything is read.
    Reset,
    /// Says nothing more.
    Hang,
    /// Begins an answer and writes a byte of it each second.
    Drip,
    /// Writes this head and then zeros, a GiB at most.
    Endless(&'static str),
}

impl Act {
    pub(crate) fn http(head: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
        Self::Answer([head.as_bytes(), body].concat())
    }

    /// What `wxa/…` and `cgi-bin/…` send.
    pub(crate) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::http("200 OK\r\nContent-Type: application/json; encoding=utf-8", body)
    }

    /// What `sns/…` sends.
    pub(crate) fn text(body: impl AsRef<[u8]>) -> Self {
        Self::http("200 OK\r\nContent-Type: text/plain", body)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// Names in lowercase.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    acts: Mutex<VecDeque<Act>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    written: AtomicUsize,
    arrived: Notify,
}

impl Server {
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { acts: Mutex::new(acts.into_iter().collect()), ..Shared::default() });
        let server = Self { address, shared: shared.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(shared.clone().serve(stream));
            }
        });
        server
    }

    /// The requests so far, and how many connections they came by.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many bytes of an endless answer found a taker.
    pub(crate) fn written(&self) -> usize {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Returns once a whole request has arrived.
    pub(crate) async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        if self.acts.lock().unwrap().pop_front_if(|act| matches!(act, Act::Reset)).is_some() {
            stream.set_zero_linger().unwrap();
            return;
        }
        while let Some(request) = read_request(&mut stream).await {
            self.requests.lock().unwrap().push(request);
            self.arrived.notify_one();
            let act = self.acts.lock().unwrap().pop_front();
            match act {
                Some(Act::Answer(bytes)) => stream.write_all(&bytes).await.unwrap(),
                Some(Act::Cut(bytes)) => return stream.write_all(bytes.as_bytes()).await.unwrap(),
                Some(Act::Hang) => std::future::pending().await,
                Some(Act::Drip) => return drip(stream).await,
                Some(Act::Endless(head)) => return self.endless(stream, head).await,
                Some(Act::Close | Act::Reset) | None => return,
            }
        }
    }

    async fn endless(&self, mut stream: TcpStream, head: &str) {
        stream.write_all(head.as_bytes()).await.unwrap();
        let zeros = vec![b'0'; 16 * 1024];
        while self.written.load(Ordering::Relaxed) < 1 << 30 && stream.write_all(&zeros).await.is_ok() {
            self.written.fetch_add(zeros.len(), Ordering::Relaxed);
        }
    }
}

async fn drip(mut stream: TcpStream) {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{").await.unwrap();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if stream.write_all(b" ").await.is_err() {
            return;
        }
    }
}

/// A request with its body, of the length it names; nothing at the end of the connection, or if it is no HTTP.
async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).ok()?;
    let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line, headers, body: String::from_utf8(body).ok()? })
}
