//! A database with a page in it that SQLite did not write.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use rusqlite::Connection;
use serde_json::json;

use crate::support::{Answer, Bench, Server, get, post};

const PAGE: usize = 4096;

/// Spoils the page where a table begins.
fn spoil(bench: &Bench, table: &str) {
    let path = bench.data().join("wxgate.db");
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    let page: i64 = Connection::open(&path).unwrap().query_row(root, [table], |row| row.get(0)).unwrap();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0x5a; PAGE], (u64::try_from(page).unwrap() - 1) * PAGE as u64).unwrap();
}

/// What is asked of a server whose data is damaged ends it, and the log says why.
async fn ends(bench: &Bench, ask: impl AsyncFnOnce(&Server) -> Answer) -> Answer {
    let server = bench.serve().await;
    let answer = ask(&server).await;
    let ended = server.end().await;
    assert_eq!(ended.code, Some(70), "{}", ended.stderr);
    assert!(ended.stderr.contains("the database is damaged: restore a backup"), "{}", ended.stderr);
    answer
}

#[tokio::test]
async fn damage_that_a_write_finds_ends_the_server() {
    let bench = Bench::new().await;
    bench.serve().await.stop().await;
    spoil(&bench, "members");
    let login = post("/v1/login").json(&json!({ "code": bench.code("alice") }));
    let answer = ends(&bench, async |server| server.public.send(login).await).await;
    assert_eq!((answer.status, answer.text("error").as_str()), (503, "outcome_unknown"));
}

#[tokio::test]
async fn damage_that_a_read_finds_ends_the_server() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    server.stop().await;
    spoil(&bench, "sessions");
    let session = get("/v1/session").bearer(&skey);
    let answer = ends(&bench, async |server| server.public.send(session).await).await;
    assert!(answer.status >= 500, "nobody is told that the session is over: {answer:?}");
}
