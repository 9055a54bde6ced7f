//! D7: somebody removes or replaces a file that is in use.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::ledger::Ledger;
use crate::load::{Load, assert_holds};
use crate::support::{Bench, get};

/// Sessions that end before it happens, and at most until it is noticed.
const ENOUGH: usize = 20;
const AT_MOST: usize = 400;

/// Does so to a server under load, which must end by itself and say why; then puts everything back.
async fn ends(bench: &Arc<Bench>, ledger: Ledger, name: &str, strike: impl FnOnce(&Path, &Path)) -> Ledger {
    let server = Arc::new(bench.serve().await);
    let enough = ledger.dead() + ENOUGH;
    let load = Load::up_to(bench, &server, ledger, enough + AT_MOST);
    load.until_ended(enough).await;
    let (file, away) = (bench.data().join(name), bench.dir().join("away"));
    strike(&file, &away);
    let (ledger, in_doubt) = load.end().await;
    let ended = Arc::into_inner(server).unwrap().end().await;
    assert_eq!((ended.code, in_doubt > 0), (Some(70), true), "{}", ended.stderr);
    let said = format!("{name} was removed or replaced while it was open");
    assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    fs::rename(away, file).unwrap();
    ledger
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn db_unlinked() {
    let bench = Arc::new(Bench::new().await);
    let mut ledger = Ledger::default();
    for name in ["wxgate.db", "wxgate.db-wal"] {
        let moved = |file: &Path, away: &Path| fs::rename(file, away).unwrap();
        ledger = ends(&bench, ledger, name, moved).await;
        assert_holds(&bench.serve().await, &ledger).await;
        let replaced = |file: &Path, away: &Path| {
            fs::copy(file, away.with_extension("copy")).unwrap();
            fs::hard_link(file, away).unwrap();
            fs::rename(away.with_extension("copy"), file).unwrap();
        };
        ledger = ends(&bench, ledger, name, replaced).await;
        assert_holds(&bench.serve().await, &ledger).await;
    }
}

#[tokio::test]
async fn what_is_removed_while_nobody_writes_is_noticed_too() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let (file, away) = (bench.data().join("wxgate.db"), bench.dir().join("away"));
    fs::rename(&file, &away).unwrap();
    let ended = server.end().await;
    assert_eq!(ended.code, Some(70), "{}", ended.stderr);
    assert!(ended.stderr.contains("wxgate.db was removed or replaced while it was open"), "{}", ended.stderr);
    fs::rename(&away, &file).unwrap();
    let answer = bench.serve().await.public.send(get("/v1/session").bearer(&skey)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_log_without_its_database_is_not_thrown_away() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    server.kill().await;
    let (file, away) = (bench.data().join("wxgate.db"), bench.dir().join("away"));
    fs::rename(&file, &away).unwrap();
    let refused = bench.run(&["serve"], "").await;
    assert_eq!((refused.code, file.exists()), (Some(1), false));
    assert!(refused.stderr.contains("Put it back"), "{}", refused.stderr);
    fs::rename(&away, &file).unwrap();
    let answer = bench.serve().await.public.send(get("/v1/session").bearer(&skey)).await;
    assert_eq!(answer.status, 200);
}
