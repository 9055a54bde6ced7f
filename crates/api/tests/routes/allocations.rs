//! What a check costs in memory, beside a route that knows nothing.

use std::future::pending;

use allocation_counter::measure;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use warp::Filter;
use warp::http::StatusCode;
use wxgate_api::{Edge, Listener};

use super::support::TestApp;

const REQUESTS: u64 = 200;
/// Allocations of as many requests, one after the other on one connection. All runs on this thread: both sides of the
/// connection are counted, and the near one makes none.
fn allocations(runtime: &Runtime, listener: &TcpListener, request: &str, status: &str) -> u64 {
    let mut stream = runtime.block_on(TcpStream::connect(listener.local_addr().unwrap())).unwrap();
    let mut answer = [0; 4096];
    let mut ask = |times: u64| {
        runtime.block_on(async {
            for _ in 0..times {
                stream.write_all(request.as_bytes()).await.unwrap();
                let count = stream.read(&mut answer).await.unwrap();
                assert!(answer[..count].starts_with(status.as_bytes()));
            }
        });
    };
    ask(20);
    measure(|| ask(REQUESTS)).count_total
}

fn listen(runtime: &Runtime) -> (TcpListener, TcpListener) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap().into_std().unwrap();
    let _guard = runtime.enter();
    let other = TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    (TcpListener::from_std(listener).unwrap(), other)
}

fn of_edge(runtime: &Runtime, edge: Edge, request: &str) -> u64 {
    let (listener, address) = listen(runtime);
    runtime.spawn(wxgate_api::serve(Listener::Tcp(listener), edge, pending()));
    allocations(runtime, &address, request, "HTTP/1.1 200 ")
}

fn of_bare(runtime: &Runtime, request: &str) -> u64 {
    let (listener, address) = listen(runtime);
    let route = warp::path!("forward-auth").and(warp::get()).map(|| StatusCode::OK);
    let service = TowerToHyperService::new(warp::service(route));
    runtime.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    });
    allocations(runtime, &address, request, "HTTP/1.1 200 ")
}

#[test]
fn a_check_allocates_no_more_than_a_route_that_knows_nothing() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let skey = runtime.block_on(app.login("o1")).skey;
    let request = format!("GET /forward-auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {skey}\r\n\r\n");
    let (bare, check) = (of_bare(&runtime, &request), of_edge(&runtime, app.internal.clone(), &request));
    // A table that grows once, as that of the timers does, is no allocation of a request's.
    let more = check.saturating_sub(bare) / REQUESTS;
    assert_eq!(more, 0, "{check} against {bare} in {REQUESTS} requests");
}
