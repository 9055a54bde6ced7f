//! A process that is killed while everybody talks to it: what was acknowledged holds.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use wxgate_sandbox::UserSpec;

use crate::support::{Bench, Request, Server, delete, get, post, until};

const ROUNDS: usize = 5;
const CLIENTS: usize = 12;
/// Acknowledgements in a round before the kill.
const ENOUGH: usize = 40;
/// What a start may take, on a machine that has other tests to run.
const QUICKLY: Duration = Duration::from_secs(5);

/// What the server said is so. A request without an answer stands in neither list.
#[derive(Clone, Default)]
struct Ledger {
    alive: Vec<String>,
    dead: Vec<String>,
}

/// Logs in and, every other time, out again, until the server is gone.
async fn client(server: Arc<Server>, bench: Arc<Bench>, ledger: Arc<Mutex<Ledger>>) {
    let acknowledged = async |request: Request| {
        let answer = server.public.try_send(&request).await.ok()?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Some(answer)
    };
    loop {
        let user = bench.sandbox.add_user(UserSpec::default()).id;
        let mut skeys = Vec::new();
        for _ in 0..2 {
            let body = json!({ "code": bench.sandbox.login(bench.appid(), &user).unwrap() });
            let Some(answer) = acknowledged(post("/v1/login").json(&body)).await else { return };
            ledger.lock().unwrap().alive.push(answer.text("skey"));
            skeys.push(answer.text("skey"));
        }
        // From here on the session may be dead, and is known to be once that is said.
        ledger.lock().unwrap().alive.retain(|skey| *skey != skeys[0]);
        let Some(_) = acknowledged(delete("/v1/session").bearer(&skeys[0])).await else { return };
        ledger.lock().unwrap().dead.push(skeys.swap_remove(0));
    }
}

async fn loaded_and_killed(server: Server, bench: &Arc<Bench>, ledger: &Arc<Mutex<Ledger>>) {
    let known = || {
        let ledger = ledger.lock().unwrap();
        ledger.alive.len().min(ledger.dead.len())
    };
    let before = known();
    let server = Arc::new(server);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(Arc::clone(&server), Arc::clone(bench), Arc::clone(ledger)));
    }
    until("a load", || (known() >= before + ENOUGH).then_some(())).await;
    server.signal(rustix::process::Signal::KILL);
    clients.join_all().await;
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_holds_after_it() {
    let (bench, ledger) = (Arc::new(Bench::new().await), Arc::new(Mutex::new(Ledger::default())));
    let mut server = bench.serve().await;
    for round in 0..ROUNDS {
        loaded_and_killed(server, &bench, &ledger).await;
        let killed = Instant::now();
        server = bench.serve().await;
        assert_eq!(server.internal.send(get("/readyz")).await.status, 200);
        assert!(killed.elapsed() < QUICKLY, "round {round}: ready after {:?}", killed.elapsed());
        let Ledger { alive, dead } = ledger.lock().unwrap().clone();
        for (skeys, expected) in [(alive, 200), (dead, 401)] {
            for skey in skeys {
                let answer = server.internal.send(get("/forward-auth").bearer(&skey)).await;
                assert_eq!(answer.status, expected, "round {round}");
            }
        }
    }
}
