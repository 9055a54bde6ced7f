//! A connection that stays open, and what an attacker sees of an answer.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::At;

/// A connection for one request after the other.
pub struct Line(TcpStream);

impl Line {
    pub async fn to(server: &At) -> Self {
        let At::Tcp(address) = server else { panic!("the benches listen on loopback: {server:?}") };
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Posts JSON and waits for the whole answer.
    pub async fn post(&mut self, path: &str, skey: Option<&str>, body: &Value) -> Seen {
        let body = body.to_string();
        let length = body.len();
        self.send(
            "POST",
            path,
            skey,
            &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"),
        )
        .await
    }

    /// Gets a path and waits for the whole answer.
    pub async fn get(&mut self, path: &str, skey: &str) -> Seen {
        self.send("GET", path, Some(skey), "\r\n").await
    }

    /// Deletes what is at a path and waits for the whole answer.
    pub async fn delete(&mut self, path: &str, skey: &str) -> Seen {
        self.send("DELETE", path, Some(skey), "\r\n").await
    }

    async fn send(&mut self, method: &str, path: &str, skey: Option<&str>, rest: &str) -> Seen {
        let bearer = skey.map(|skey| format!("Authorization: Bearer {skey}\r\n")).unwrap_or_default();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\n{bearer}{rest}");
        let begun = Instant::now();
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::with_capacity(1024);
        let head = loop {
            assert_ne!(self.0.read_buf(&mut bytes).await.unwrap(), 0, "the server hung up");
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8(bytes.drain(..end + 4).collect()).unwrap();
            }
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        while bytes.len() < length {
            assert_ne!(self.0.read_buf(&mut bytes).await.unwrap(), 0, "the server hung up");
        }
        let took = begun.elapsed();
        assert_eq!(bytes.len(), length, "more than was asked for");
        Seen { status: head[9..12].parse().unwrap(), head, body: serde_json::from_slice(&bytes).unwrap(), took }
    }
}

/// An answer as it is seen from outside.
pub struct Seen {
    pub status: u16,
    head: String,
    pub body: Value,
    pub took: Duration,
}

impl Seen {
    /// All that two answers of one meaning have in common: everything but the request's id and the date.
    pub fn bytes(&self) -> String {
        let named = |line: &&str| !line.starts_with("x-request-id: ") && !line.starts_with("date: ");
        let head: Vec<_> = self.head.lines().filter(named).collect();
        let mut body = self.body.clone();
        body.as_object_mut().unwrap().remove("rid");
        format!("{}\n{body}", head.join("\n"))
    }
}
