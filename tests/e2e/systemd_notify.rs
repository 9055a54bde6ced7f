//! What systemd is told, and when the watchdog is answered.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::json;
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::disk::put_under;
use crate::support::{Bench, Notices, Server, post, program, until};

const BEAT: &str = "WATCHDOG=1";
/// A watchdog's time that is short for people, and long for this machine.
const WATCHDOG: Duration = Duration::from_secs(2);

fn serve(bench: &Bench) -> (Command, Notices) {
    let mut command = program(bench.dir());
    command.arg("serve").env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
    let notices = Notices::of(&mut command, bench.dir());
    (command, notices)
}

#[tokio::test]
async fn systemd_hears_of_the_start_and_the_end() {
    let bench = Bench::new().await;
    let (command, notices) = serve(&bench);
    let server = Server::start(command).await;
    let first = notices.next(WATCHDOG).await.unwrap();
    assert!(first.starts_with("STATUS=opening") || first.starts_with("EXTEND_TIMEOUT_USEC="), "{first}");
    assert_eq!(notices.hear("READY=1").await, "READY=1\nSTATUS=serving");
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::LatencyMs(1_000).times(1)).unwrap();
    let (public, code) = (server.public.clone(), bench.code("alice"));
    let login = tokio::spawn(async move { public.send(post("/v1/login").json(&json!({ "code": code }))).await });
    until("the call to WeChat", || (!bench.calls(Endpoint::Code2Session).is_empty()).then_some(())).await;
    server.signal(Signal::TERM);
    notices.hear("STOPPING=1\nSTATUS=").await;
    notices.hear("EXTEND_TIMEOUT_USEC=").await;
    assert_eq!(login.await.unwrap().status, 200);
    assert_eq!(server.end().await.code, Some(0));
}

#[tokio::test]
async fn the_watchdog_is_answered_while_writing_works_and_only_then() {
    let bench = Bench::new().await;
    let (command, notices) = serve(&bench);
    let server = Server::start(command).await;
    notices.hear("READY=1").await;
    for _ in 0..3 {
        let asked = Instant::now();
        notices.hear(BEAT).await;
        assert!(asked.elapsed() < WATCHDOG, "{:?}", asked.elapsed());
    }
    // A writer that hangs: somebody else has the lock. Reading goes on.
    let other = Connection::open(bench.data().join("wxgate.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    notices.hear("STATUS=writing does not work").await;
    notices.forget();
    let heard = notices.next(WATCHDOG * 2).await;
    assert!(heard.as_deref() != Some(BEAT), "a beat while nothing can be written");
    other.execute_batch("ROLLBACK").unwrap();
    notices.hear("STATUS=serving").await;
    notices.hear(BEAT).await;
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_runtime_that_hangs_does_not_answer_the_watchdog() {
    let bench = Bench::new().await;
    let (command, notices) = serve(&bench);
    let server = Server::start(command).await;
    notices.hear(BEAT).await;
    server.signal(Signal::STOP);
    notices.forget();
    assert_eq!(notices.next(WATCHDOG).await, None);
    server.signal(Signal::CONT);
    notices.hear(BEAT).await;
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_full_disk_is_told_and_no_reason_to_be_killed() {
    let bench = Bench::new().await;
    let (mut command, notices) = serve(&bench);
    let size = bench.dir().join("size");
    put_under(&mut command, bench.dir(), &[("DISK_SIZE", size.to_str().unwrap())]);
    let server = Server::start(command).await;
    let files = fs::read_dir(bench.data()).unwrap();
    let taken: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    fs::write(&size, taken.to_string()).unwrap();
    let mut number = 0;
    let full = loop {
        // Whoever tells is not held up by it, as by nobody of systemd's.
        notices.forget();
        let login = post("/v1/login").json(&json!({ "code": bench.code(&format!("filler{number}")) }));
        let answer = server.public.send(login).await;
        if answer.status != 200 {
            break answer;
        }
        number += 1;
    };
    assert_eq!(full.text("error"), "storage_full");
    notices.hear("STATUS=the disk is full").await;
    // The answer to that very probe: a later one may find room again.
    assert_eq!(notices.next(WATCHDOG).await.as_deref(), Some(BEAT));
    fs::remove_file(&size).unwrap();
    notices.hear("STATUS=serving").await;
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn beats_do_not_make_the_files_grow() {
    let bench = Bench::new().await;
    let (mut command, notices) = serve(&bench);
    // Every 10 ms: as many beats as in hours.
    command.env("WATCHDOG_USEC", "20000");
    let server = Server::start(command).await;
    let size = |name: &str| fs::metadata(bench.data().join(name)).unwrap().len();
    let sizes = || ["wxgate.db", "wxgate.db-wal"].map(size);
    for _ in 0..50 {
        notices.hear(BEAT).await;
    }
    let [database, _] = sizes();
    let mut log = 0;
    for _ in 0..1_000 {
        notices.hear(BEAT).await;
        log = log.max(sizes()[1]);
    }
    assert_eq!(sizes()[0], database);
    assert!(log < 5 << 20, "the log has {log} bytes");
    assert_eq!(server.stop().await.code, Some(0));
}
