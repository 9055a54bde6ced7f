//! D14: a process that is killed while it makes the schema.

use std::fs;

use crate::disk::put_under;
use crate::long;
use crate::support::{Bench, Process, get, program, until};

/// Fewer writes than this make no schema.
const FEW: usize = 20;
/// Writes from one kill to the next, in the normal run and in the long one.
const STEP: [usize; 2] = [3, 1];

/// Starts a server that is killed at this write; whether it served before that came.
async fn serves_before(bench: &Bench, write: usize) -> bool {
    let mut serve = program(bench.dir());
    put_under(serve.arg("serve"), bench.dir(), &[("DISK_KILL_AT", &write.to_string())]);
    let mut process = Process::spawn(serve, "");
    until("an end or a beginning", || {
        let serves = process.stderr().contains("\"listening\"");
        (serves || process.status().is_some()).then_some(serves)
    })
    .await
}

#[tokio::test]
async fn migration_kill9() {
    let bench = Bench::new().await;
    let mut write = 1;
    while !serves_before(&bench, write).await {
        let server = bench.serve().await;
        let skey = server.login(&bench.code("alice")).await;
        server.kill().await;
        let server = bench.serve().await;
        let session = server.public.send(get("/v1/session").bearer(&skey)).await;
        assert_eq!((session.status, server.stop().await.code), (200, Some(0)), "killed at write {write}");
        fs::remove_dir_all(bench.data()).unwrap();
        write += long(STEP);
    }
    assert!(write > FEW, "all was made after {write} writes");
}
