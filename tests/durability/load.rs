//! Everybody at once: members who log in, take a name, refresh, log out and have themselves erased.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::json;
use tokio::task::JoinSet;
use wxgate_sandbox::UserSpec;

use crate::ledger::{Ledger, State};
use crate::support::http::Request;
use crate::support::{Answer, Bench, Server, delete, get, post, until};

const CLIENTS: usize = 12;
/// Of so many members the first has itself erased, which empties the log.
const ERASED: usize = 250;

/// Clients of one server, who stop when it is gone.
pub struct Load {
    clients: JoinSet<()>,
    shared: Arc<Shared>,
}

struct Shared {
    bench: Arc<Bench>,
    server: Arc<Server>,
    ledger: Mutex<Ledger>,
    members: AtomicUsize,
    /// Requests that were told that their outcome is unknown.
    in_doubt: AtomicUsize,
}

impl Load {
    /// Goes on with what the ledger has.
    pub fn start(bench: &Arc<Bench>, server: &Arc<Server>, ledger: Ledger) -> Self {
        Self::up_to(bench, server, ledger, usize::MAX)
    }

    /// As [`start`](Self::start), but the clients stop when so many sessions have ended, too.
    pub fn up_to(bench: &Arc<Bench>, server: &Arc<Server>, ledger: Ledger, sessions: usize) -> Self {
        let shared = Arc::new(Shared {
            bench: Arc::clone(bench),
            server: Arc::clone(server),
            ledger: Mutex::new(ledger),
            members: AtomicUsize::new(0),
            in_doubt: AtomicUsize::new(0),
        });
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let shared = Arc::clone(&shared);
            clients.spawn(async move { while shared.ledger().dead() < sessions && shared.member().await.is_some() {} });
        }
        Self { clients, shared }
    }

    /// Until so many sessions have ended.
    pub async fn until_ended(&self, sessions: usize) {
        until("a load", || (self.shared.ledger().dead() >= sessions).then_some(())).await;
    }

    /// What was said so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger().clone()
    }

    /// What was said, once the clients have stopped; and how many were told that the outcome is unknown.
    pub async fn end(self) -> (Ledger, usize) {
        self.clients.join_all().await;
        let ledger = self.shared.ledger().clone();
        (ledger, self.shared.in_doubt.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// One member's life. `None` when the server is gone.
    async fn member(&self) -> Option<()> {
        let number = self.members.fetch_add(1, Ordering::Relaxed);
        let user = self.bench.sandbox.add_user(UserSpec::default()).id;
        let (old, kept) = (self.log_in(&user).await?, self.log_in(&user).await?);
        for name in 1..=2 {
            let renamed = Request::new("PATCH", "/v1/me").bearer(&kept).json(&json!({ "nickName": name.to_string() }));
            self.write(&self.ask(renamed).await?, &kept, State::Alive(name));
        }
        self.ledger().ask_to_end(&old);
        let answer = self.ask(post("/v1/session/refresh").bearer(&old)).await?;
        let new = answer.text("skey");
        self.write(&answer, &old, State::Dead);
        self.write(&answer, &new, State::Alive(0));
        self.ledger().ask_to_end(&new);
        self.write(&self.ask(delete("/v1/session").bearer(&new)).await?, &new, State::Dead);
        if number.is_multiple_of(ERASED) {
            self.ledger().ask_to_end(&kept);
            self.write(&self.ask(delete("/v1/me").bearer(&kept)).await?, &kept, State::Dead);
        }
        Some(())
    }

    async fn log_in(&self, user: &str) -> Option<String> {
        let code = self.bench.sandbox.login(self.bench.appid(), user).unwrap();
        let answer = self.ask(post("/v1/login").json(&json!({ "code": code }))).await?;
        let skey = answer.text("skey");
        self.write(&answer, &skey, State::Alive(0));
        Some(skey)
    }

    fn write(&self, answer: &Answer, skey: &str, state: State) {
        self.ledger().write(answer.header("x-request-id").unwrap(), skey, state);
    }

    /// The answer to a write that is acknowledged.
    async fn ask(&self, request: Request) -> Option<Answer> {
        let answer = self.server.public.try_send(&request).await.ok()?;
        if answer.status != 200 {
            assert_eq!((answer.status, answer.text("error").as_str()), (503, "outcome_unknown"), "{answer:?}");
            self.in_doubt.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(answer)
    }
}

/// Asks the server about every session of the ledger.
pub async fn assert_holds(server: &Server, ledger: &Ledger) {
    for (skey, session) in ledger.sessions() {
        let answer = server.public.send(get("/v1/session").bearer(skey)).await;
        let found = match answer.status {
            401 => State::Dead,
            _ => State::Alive(answer.json()["member"]["nickName"].as_str().map_or(0, |name| name.parse().unwrap())),
        };
        let last = session.said.last().map(|(_, state)| *state);
        assert!(session.may_be(found, last), "{last:?} was acknowledged, and {answer:?} is found");
    }
}
