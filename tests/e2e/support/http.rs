use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// An open connection.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Where a listener stands.
#[derive(Clone, Debug)]
pub enum At {
    /// `host:port`
    Tcp(String),
    Unix(PathBuf),
}

impl At {
    /// Reads an address as the program writes it.
    pub fn parse(text: &str) -> Self {
        text.strip_prefix("unix:").map_or_else(|| Self::Tcp(text.to_owned()), |path| Self::Unix(path.into()))
    }

    pub async fn connect(&self) -> io::Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    }

    /// Sends the request on a connection of its own and reads the answer.
    pub async fn send(&self, request: Request) -> Answer {
        self.try_send(&request).await.unwrap()
    }

    /// As [`send`](Self::send), where the server may be gone.
    ///
    /// # Errors
    /// Also for an answer that is not whole: nobody can rely on it.
    pub async fn try_send(&self, request: &Request) -> io::Result<Answer> {
        let mut connection = self.connect().await?;
        connection.write_all(&request.bytes()).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        Answer::parse(&answer).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// Sends bytes as they are. What comes back until the server closes; nothing else ends it before `patience` does.
    pub async fn raw(&self, bytes: &[u8], patience: Duration) -> Raw {
        let mut connection = self.connect().await.unwrap();
        let mut answers = Vec::new();
        let conversation = async {
            // The server may close before it has read everything: then it has decided.
            connection.write_all(bytes).await.ok();
            while let Ok(1..) = connection.read_buf(&mut answers).await {}
        };
        let closed = timeout(patience, conversation).await.is_ok();
        Raw { text: String::from_utf8_lossy(&answers).into_owned(), closed }
    }
}

/// What came back for bytes that may be no request at all.
#[derive(Debug)]
pub struct Raw {
    pub text: String,
    /// Whether the server closed the connection.
    pub closed: bool,
}

impl Raw {
    /// The statuses of the answers, in their order.
    pub fn statuses(&self) -> Vec<u16> {
        self.text.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
    }
}

/// A request that is in order.
#[derive(Clone)]
pub struct Request {
    head: String,
    body: Vec<u8>,
}

pub fn get(path: &str) -> Request {
    Request::new("GET", path)
}

pub fn post(path: &str) -> Request {
    Request::new("POST", path)
}

pub fn delete(path: &str) -> Request {
    Request::new("DELETE", path)
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Language: en\r\n");
        Self { head, body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// Names the session or the API token that the request is made with.
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes_of("application/json", body.to_string())
    }

    pub fn form(self, body: &str) -> Self {
        self.bytes_of("application/x-www-form-urlencoded", body)
    }

    pub fn bytes_of(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        Self { body, ..self.header("Content-Type", media_type).header("Content-Length", &length) }
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// An answer that has arrived as a whole.
pub struct Answer {
    pub status: u16,
    head: String,
    pub bytes: Vec<u8>,
    /// The same as text.
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
        let (head, bytes) = (std::str::from_utf8(&bytes[..end]).ok()?, bytes[end + 4..].to_vec());
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let answer = Self { status, head: head.to_owned(), bytes, body };
        let length: usize = answer.header("content-length")?.parse().ok()?;
        (answer.bytes.len() == length).then_some(answer)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A text of the body's object.
    pub fn text(&self, key: &str) -> String {
        self.json()[key].as_str().unwrap_or_else(|| panic!("no text {key}: {self:?}")).to_owned()
    }

    /// What a program decides by: the status, the word, and WeChat's number.
    pub fn refusal(&self) -> (u16, String, i64) {
        (self.status, self.text("error"), self.json()["errcode"].as_i64().unwrap())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{}", self.head, self.body)
    }
}
