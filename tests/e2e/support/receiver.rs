use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// What a receiver does with a message: the status it answers, or nothing, ever.
pub type Answers = Arc<dyn Fn(&Told) -> Option<u16> + Send + Sync>;

/// A message, and how often it came before.
#[derive(Clone, Debug)]
pub struct Told {
    /// `webhook-id`.
    pub id: String,
    pub body: Value,
    pub tries_before: u32,
}

/// A service of the team's that is told of events, over real HTTP.
pub struct Receiver {
    pub url: String,
    took: Arc<Mutex<Took>>,
}

#[derive(Default)]
struct Took {
    tries: HashMap<String, u32>,
    /// Those that were answered 200, in the order in which they came.
    accepted: Vec<Told>,
}

impl Receiver {
    pub async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let took: Arc<Mutex<Took>> = Arc::default();
        let kept = Arc::clone(&took);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (took, answers) = (Arc::clone(&kept), Arc::clone(&answers));
                let take = service_fn(move |request| take(request, Arc::clone(&took), Arc::clone(&answers)));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), take));
            }
        });
        Self { url, took }
    }

    /// Those that were answered 200, in the order in which they came, repetitions too.
    pub fn accepted(&self) -> Vec<Told> {
        self.took().accepted.clone()
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.took().accepted.len()
    }

    /// How many messages came, whatever they were answered.
    pub fn tries(&self) -> u32 {
        self.took().tries.values().sum()
    }

    fn took(&self) -> MutexGuard<'_, Took> {
        self.took.lock().unwrap()
    }
}

async fn take(
    request: Request<Incoming>,
    took: Arc<Mutex<Took>>,
    answers: Answers,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let id = request.headers()["webhook-id"].to_str().unwrap().to_owned();
    let bytes = request.into_body().collect().await?.to_bytes();
    let status = {
        let mut took = took.lock().unwrap();
        let tries = took.tries.entry(id.clone()).or_default();
        *tries += 1;
        let told = Told { id, body: serde_json::from_slice(&bytes).unwrap(), tries_before: *tries - 1 };
        let status = answers(&told);
        if status == Some(200) {
            took.accepted.push(told);
        }
        status
    };
    let Some(status) = status else { return std::future::pending().await };
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}
