//! Somebody on loopback who is told of events.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What arrived.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub text: String,
}

impl Message {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// Keeps what arrives, in the order in which it does.
pub struct Receiver {
    port: u16,
    messages: Arc<Mutex<Vec<Message>>>,
    count: watch::Receiver<usize>,
}

type Reply = Arc<dyn Fn(usize) -> Option<(u16, Bytes)> + Send + Sync>;

impl Receiver {
    /// Answers the n-th message with this status.
    pub async fn start(status: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(move |number| Some((status(number), Bytes::new())))).await
    }

    /// Answers each message with this body.
    pub async fn saying(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self::serve(Arc::new(move |_| Some((200, body.clone())))).await
    }

    /// Takes messages and never says a word.
    pub async fn silent() -> Self {
        Self::serve(Arc::new(|_| None)).await
    }

    async fn serve(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let (counted, count) = watch::channel(0);
        let (counted, kept) = (Arc::new(counted), Arc::clone(&messages));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, counted, reply) = (Arc::clone(&kept), Arc::clone(&counted), Arc::clone(&reply));
                let take = service_fn(move |request| take(request, kept.clone(), counted.clone(), reply.clone()));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), take));
            }
        });
        Self { port, messages, count }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// All that arrived, once there are so many.
    pub async fn messages(&self, count: usize) -> Vec<Message> {
        self.count.clone().wait_for(|arrived| *arrived >= count).await.unwrap();
        self.messages.lock().unwrap().clone()
    }

    /// Takes what arrived.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.messages.lock().unwrap())
    }

    /// How many arrived so far.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }
}

async fn take(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Message>>>,
    counted: Arc<watch::Sender<usize>>,
    reply: Reply,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let timestamp = timestamp.parse().unwrap();
    let text = String::from_utf8(request.into_body().collect().await?.to_bytes().to_vec()).unwrap();
    let mut number = 0;
    kept.lock().unwrap().push(Message { id, timestamp, signature, text });
    counted.send_modify(|count| {
        number = *count;
        *count += 1;
    });
    let Some((status, body)) = reply(number) else { return std::future::pending().await };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}
