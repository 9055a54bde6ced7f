//! A WeChat that does one thing to everybody who asks.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a connection.
#[derive(Clone)]
pub enum Act {
    /// Resets it before anything is read.
    Refuse,
    /// Reads a request and writes these bytes; then goes on.
    Say(Vec<u8>, Then),
}

/// What follows the bytes.
#[derive(Clone, Copy)]
pub enum Then {
    /// The next request.
    Keep,
    /// The end.
    Close,
    /// A reset.
    Reset,
    /// Nothing, ever.
    Silence,
    /// One of these bytes after the other, with pauses.
    Drip(&'static [u8]),
    /// These bytes again and again, as fast as they are taken.
    Flood(&'static [u8]),
}

/// A WeChat that listens.
pub struct Hostile {
    pub address: SocketAddr,
    act: Arc<Mutex<Act>>,
    requests: Arc<AtomicUsize>,
}

impl Hostile {
    pub async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hostile = Self { address, act: Arc::new(Mutex::new(act)), requests: Arc::default() };
        let (act, requests) = (Arc::clone(&hostile.act), Arc::clone(&hostile.requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&act), Arc::clone(&requests)));
            }
        });
        hostile
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on does this to the next request.
    pub fn does(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    /// The requests that were read so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Ends when the other side does, whatever it was about to do.
async fn serve(mut stream: TcpStream, act: Arc<Mutex<Act>>, requests: Arc<AtomicUsize>) -> Option<()> {
    let now = || act.lock().unwrap().clone();
    if matches!(now(), Act::Refuse) {
        return stream.set_zero_linger().ok();
    }
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        requests.fetch_add(1, Ordering::Relaxed);
        let Act::Say(bytes, then) = now() else { return stream.set_zero_linger().ok() };
        stream.write_all(&bytes).await.ok()?;
        match then {
            Then::Keep => {}
            Then::Close => return stream.shutdown().await.ok(),
            Then::Reset => return stream.set_zero_linger().ok(),
            Then::Silence => return stream.read(&mut [0]).await.ok().map(drop),
            Then::Drip(bytes) => {
                for byte in bytes.iter().cycle() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    stream.write_all(&[*byte]).await.ok()?;
                }
            }
            Then::Flood(bytes) => {
                let bytes = bytes.repeat(16 * 1024 / bytes.len());
                while stream.write_all(&bytes).await.is_ok() {}
            }
        }
    }
}
