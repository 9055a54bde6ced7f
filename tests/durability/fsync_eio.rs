//! D3: a disk on which one sync fails and the next ones do not, as Linux has it.

use std::sync::Arc;

use crate::disk::put_under;
use crate::ledger::Ledger;
use crate::load::{Load, assert_holds};
use crate::long;
use crate::support::{Bench, Server, program};

/// The last sync that fails, and the distance between two, in the normal run and in the long one.
const LAST: usize = 60;
const STEP: [usize; 2] = [5, 1];
/// Sessions after whose end that sync has come.
const ENOUGH: usize = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fsync_eio() {
    let (bench, mut ledger) = (Arc::new(Bench::new().await), Ledger::default());
    bench.serve().await.stop().await;
    let mut told = Vec::new();
    for failing in (1..=LAST).step_by(long(STEP)) {
        let mut serve = program(bench.dir());
        put_under(
            serve.arg("serve"),
            bench.dir(),
            &[("DISK_FAIL_SYNC", &failing.to_string()), ("DISK_SYNC_US", "500")],
        );
        let server = Arc::new(Server::start(serve).await);
        let enough = ledger.dead() + ENOUGH;
        let in_doubt;
        (ledger, in_doubt) = Load::up_to(&bench, &server, ledger, enough).end().await;
        let server = Arc::into_inner(server).unwrap();
        if in_doubt == 0 {
            // It was of a checkpoint, which is tried again: what it moves stands in the log until it succeeds.
            assert_eq!(server.stop().await.code, Some(0), "sync {failing}");
        } else {
            let ended = server.end().await;
            assert_eq!(ended.code, Some(70), "sync {failing}: {}", ended.stderr);
            told.push(in_doubt);
        }
        let server = bench.serve().await;
        assert_holds(&server, &ledger).await;
        assert_eq!(server.stop().await.code, Some(0));
    }
    println!("told that the outcome is unknown, by failed sync: {told:?}");
    assert!(
        told.len() * 2 > LAST / long(STEP) && told.iter().any(|all| *all > 1),
        "whole batches were in doubt: {told:?}"
    );
}
