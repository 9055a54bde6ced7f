//! D10: backups that are made while everybody talks to the server hold what was acknowledged until each was begun.

use std::fs;
use std::sync::Arc;

use crate::ledger::Ledger;
use crate::load::{Load, assert_holds};
use crate::long;
use crate::support::Bench;

/// In the normal run and in the long one.
const BACKUPS: [usize; 2] = [5, 50];
/// Sessions that end between two backups.
const ENOUGH: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup_restore() {
    let bench = Arc::new(Bench::new().await);
    let server = Arc::new(bench.serve().await);
    let load = Load::start(&bench, &server, Ledger::default());
    let mut ledgers = Vec::new();
    for number in 1..=long(BACKUPS) {
        load.until_ended(number * ENOUGH).await;
        let before = load.ledger();
        let name = format!("backup{number}");
        let made = bench.run(&["backup", "create", "--out", &name], "").await;
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        ledgers.push((name, before, load.ledger()));
    }
    server.signal(rustix::process::Signal::TERM);
    load.end().await;
    for (name, before, after) in ledgers {
        let dir = bench.dir().join("restored");
        let (key, to) = (bench.data().join("wxgate.backup.key"), dir.to_str().unwrap());
        let restore = ["backup", "restore", &name, "--key", key.to_str().unwrap(), "--to", to];
        let restored = bench.run(&restore, "").await;
        assert_eq!(restored.code, Some(0), "{}", restored.stderr);
        let server = bench.serve_with(&[&format!("data_dir={to}")]).await;
        assert_holds(&server, &before.in_doubt_until(&after)).await;
        server.stop().await;
        fs::remove_dir_all(&dir).unwrap();
    }
}
