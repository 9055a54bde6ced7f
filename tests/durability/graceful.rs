//! D14: stopping in order, however clients behave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::ledger::Ledger;
use crate::load::{Load, assert_holds};
use crate::long;
use crate::support::http::Connection;
use crate::support::{At, Bench, post};

/// Servers that are stopped, in the normal run and in the long one.
const STOPS: [usize; 2] = [20, 100];
/// How many of them at once: each takes ten seconds for those who hang.
const AT_ONCE: usize = 20;
/// Sessions that end before the stop.
const ENOUGH: usize = 4;

/// Clients who began and do not go on: between two requests, in a head, in a body, and in an answer that nobody reads.
async fn hanging(server: &At, code: &str) -> Vec<Box<dyn Connection>> {
    let health = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let login = post("/v1/login").json(&json!({ "code": code })).bytes();
    let mut clients = Vec::new();
    for bytes in [&health[..], &health[..20], &login[..login.len() - 10], &[&health[..], &health[..20]].concat()] {
        let mut client = server.connect().await.unwrap();
        client.write_all(bytes).await.unwrap();
        clients.push(client);
    }
    clients[0].read_u8().await.unwrap();
    clients
}

/// Serves a load, is told to stop while clients hang, and is asked afterwards what it kept. How long the stop took.
async fn stopped_in_order() -> Duration {
    let bench = Arc::new(Bench::new().await);
    let server = Arc::new(bench.serve().await);
    let clients = hanging(&server.public, &bench.code("alice")).await;
    let load = Load::start(&bench, &server, Ledger::default());
    load.until_ended(ENOUGH).await;
    let told = Instant::now();
    server.signal(Signal::TERM);
    let (ledger, in_doubt) = load.end().await;
    let ended = Arc::into_inner(server).unwrap().end().await;
    let took = told.elapsed();
    assert_eq!((ended.code, in_doubt), (Some(0), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("\"stopped\""), "the store was closed: {}", ended.stderr);
    drop(clients);
    assert_holds(&bench.serve().await, &ledger).await;
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn graceful_100() {
    let mut took = Vec::new();
    for _ in 0..long(STOPS) / AT_ONCE {
        let mut stops = JoinSet::new();
        for _ in 0..AT_ONCE {
            stops.spawn(stopped_in_order());
        }
        took.extend(stops.join_all().await);
    }
    println!("{} stops, the longest after {:?}", took.len(), took.iter().max());
}
