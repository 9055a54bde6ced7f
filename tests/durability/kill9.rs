//! D2 and, for those who log out meanwhile, S8 (`revoke_kill9`): a process that is killed while everybody talks to it.

use std::sync::Arc;
use std::time::Instant;

use rustix::process::Signal;

use crate::ledger::Ledger;
use crate::load::{Load, assert_holds};
use crate::long;
use crate::support::{Bench, get};

/// In the normal run and in the long one.
const KILLS: [usize; 2] = [20, 200];
/// Sessions that end between two kills.
const ENOUGH: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill9() {
    let bench = Arc::new(Bench::new().await);
    let (mut ledger, mut waits) = (Ledger::default(), Vec::new());
    let mut server = Arc::new(bench.serve().await);
    for kill in 1..=long(KILLS) {
        let load = Load::start(&bench, &server, ledger);
        load.until_ended(kill * ENOUGH).await;
        server.signal(Signal::KILL);
        (ledger, _) = load.end().await;
        let killed = Instant::now();
        server = Arc::new(bench.serve().await);
        assert_eq!(server.internal.send(get("/readyz")).await.status, 200);
        waits.push(killed.elapsed());
        assert_holds(&server, &ledger).await;
    }
    waits.sort_unstable();
    println!("ready again after {:?} in the middle, {:?} at most", waits[waits.len() / 2], waits.last());
}
