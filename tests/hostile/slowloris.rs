//! H1: thousands of clients that never finish, and one that is served all the same.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::figures::{MIB, p99, resident};
use crate::sized;
use crate::support::{At, Bench, PATIENCE, Server, get};

/// What a slow client has sent so far: half a head, a head without its body, and a login whose body has begun.
const BEGINNINGS: [&str; 3] = [
    "GET /v1/session HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
    "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n{",
];

/// Clients are files of this process, and places at the server are five of eight of its own, as many as this process may have.
fn allow_files(files: u64) {
    let limit = getrlimit(Resource::Nofile);
    assert!(limit.maximum.is_none_or(|most| most >= files), "`ulimit -Hn` must be {files} at least for this test");
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

async fn begun(at: &At, beginning: &str) -> TcpStream {
    let At::Tcp(address) = at else { unreachable!() };
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    stream
}

/// So many clients that have begun and go no further.
async fn slow(at: &At, count: usize) -> Vec<TcpStream> {
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        clients.push(begun(at, BEGINNINGS[number % BEGINNINGS.len()]).await);
    }
    clients
}

/// Asks who somebody is, on both listeners, each time by a new connection. Every one is answered.
async fn served(server: &Server, skey: &str, count: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(2 * count);
    for _ in 0..count {
        for (at, path) in [(&server.public, "/v1/session"), (&server.internal, "/forward-auth")] {
            let asked = Instant::now();
            let answer = timeout(PATIENCE, at.send(get(path).bearer(skey))).await.unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            times.push(asked.elapsed());
        }
    }
    times
}

/// Whether the server has ended the connection. What it had to say before is of no interest.
async fn ends(mut client: TcpStream, patience: Duration) -> bool {
    let ended = async { while matches!(client.read(&mut [0; 1024]).await, Ok(1..)) {} };
    timeout(patience, ended).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slowloris_10k() {
    let count = sized(2_000, 10_000);
    allow_files((count as u64 + 100) * 8 / 5);
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let mut clients = slow(&server.public, count).await;
    let mut times = served(&server, &skey, 100).await;
    for client in &mut clients {
        // Those whose time is up are gone.
        client.write_all(b"x").await.ok();
    }
    times.extend(served(&server, &skey, 100).await);
    let memory = resident(&server);
    println!("{count} slow clients: p99 {:?}, {} MiB", p99(&mut times), memory / MIB);
    assert!(memory < 150 * MIB, "{memory}");
    if count == 10_000 {
        for client in clients {
            assert!(ends(client, Duration::from_mins(1)).await, "ten seconds for a head or a body");
        }
    }
}

#[tokio::test]
async fn when_the_table_is_full_the_oldest_that_has_not_finished_yields_to_the_newest() {
    let bench = Bench::new().await;
    // Of eight files five are for the public listener.
    let (files, places) = (400, 250);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -n {files}; exec \"$0\" serve"), env!("CARGO_BIN_EXE_wxgate")]);
    limited.current_dir(bench.dir()).env_clear();
    let server = Server::start(limited).await;
    let skey = server.login(&bench.code("alice")).await;
    let oldest = slow(&server.public, 30).await;
    let crowd = slow(&server.public, 4 * places).await;
    served(&server, &skey, 20).await;
    for client in oldest {
        assert!(ends(client, PATIENCE).await, "head or body, whole or in chunks");
    }
    drop(crowd);
}
