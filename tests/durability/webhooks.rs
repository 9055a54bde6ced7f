//! Events of a process that is killed while its receiver fails: none is lost, none overtakes another of its member, and
//! what comes twice is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wxgate_sandbox::UserSpec;

use crate::long;
use crate::support::http::Request;
use crate::support::receiver::{Receiver, Told};
use crate::support::{Answer, Bench, Server, delete, get, post, until};

/// Events, in the normal run and in the long one; likewise below.
const EVENTS: [usize; 2] = [1_000, 10_000];
const KILLS: [usize; 2] = [2, 5];
/// How often in a row the receiver may refuse one event: pauses grow, and the normal run is not to wait for minutes.
const REFUSALS: [u32; 2] = [2, 5];
/// Members who do something at once.
const CLIENTS: usize = 8;
/// Above what the pauses after that many refusals of a member's events come to.
const PATIENCE: Duration = Duration::from_mins(20);
/// What happens to a member: `member.created`, three times `session.created`, twice `member.updated`, four times
/// `session.ended` or `session.created` after it.
const EVENTS_OF_MEMBER: usize = 10;

/// Refuses three of ten messages, each in its own way.
fn moody(most: u32) -> impl Fn(&Told) -> Option<u16> + Send + Sync {
    move |told| {
        let mut hasher = DefaultHasher::new();
        (&told.id, told.tries_before).hash(&mut hasher);
        let dice = hasher.finish() % 10;
        Some(if told.tries_before >= most || dice >= 3 { 200 } else { [500, 302, 429][usize::try_from(dice).unwrap()] })
    }
}

/// A server, an operator, and a receiver who is told of everything.
struct Campaign {
    bench: Bench,
    token: String,
}

impl Campaign {
    async fn start(receiver: &Receiver) -> (Arc<Self>, Arc<Server>) {
        let bench = Bench::new().await;
        let made = bench.run(&["token", "create", "--name", "ops", "--scope", "admin", "--json"], "").await;
        let token = serde_json::from_str::<Value>(&made.stdout).unwrap()["token"].as_str().unwrap().to_owned();
        let campaign = Arc::new(Self { bench, token });
        let server = campaign.serve().await;
        let hook = post("/api/v1/webhooks").bearer(&campaign.token).json(&json!({ "url": receiver.url }));
        assert_eq!(server.internal.send(hook).await.status, 200);
        (campaign, server)
    }

    async fn serve(&self) -> Arc<Server> {
        Arc::new(self.bench.serve_with(&["webhooks.allow_private=true"]).await)
    }

    /// One member's life; `None` when the server is gone.
    async fn member(&self, server: &Server) -> Option<()> {
        let user = self.bench.sandbox.add_user(UserSpec::default()).id;
        let skey = self.log_in(server, &user).await?;
        for name in ["a", "b"] {
            let renamed = Request::new("PATCH", "/v1/me").bearer(&skey).json(&json!({ "nickName": name }));
            ask(server, renamed).await?;
        }
        for _ in 0..3 {
            let other = self.log_in(server, &user).await?;
            ask(server, delete("/v1/session").bearer(&other)).await?;
        }
        Some(())
    }

    async fn log_in(&self, server: &Server, user: &str) -> Option<String> {
        let code = self.bench.sandbox.login(self.bench.appid(), user).unwrap();
        Some(ask(server, post("/v1/login").json(&json!({ "code": code }))).await?.text("skey"))
    }

    /// The events that were committed, oldest first: id and member.
    async fn committed(&self, server: &Server) -> Vec<(String, String)> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.deliveries(server, &format!("?limit=200{after}")).await;
            let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
            let listed = page["deliveries"].as_array().unwrap();
            rows.extend(listed.iter().map(|row| (text(row, "event_id"), text(row, "member_id"))));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        rows.reverse();
        rows
    }

    async fn deliveries(&self, server: &Server, query: &str) -> Value {
        let answer = server.internal.send(get(&format!("/api/v1/deliveries{query}")).bearer(&self.token)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Waits until nothing is on its way.
    async fn all_delivered(&self, server: &Server) {
        let deadline = Instant::now() + PATIENCE;
        while self.deliveries(server, "?state=pending&limit=1").await["deliveries"] != json!([]) {
            assert!(Instant::now() < deadline, "waited in vain for the last events");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn ask(server: &Server, request: Request) -> Option<Answer> {
    let answer = server.public.try_send(&request).await.ok()?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Some(answer)
}

/// So many members live, as many at once as there are clients, until the server is gone.
fn lives(campaign: &Arc<Campaign>, server: &Arc<Server>, members: usize) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (campaign, server) = (Arc::clone(campaign), Arc::clone(server));
        clients.spawn(async move {
            let mut left = (client..members).step_by(CLIENTS);
            while left.next().is_some() && campaign.member(&server).await.is_some() {}
        });
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_kill9() {
    let receiver = Receiver::start(Arc::new(moody(long(REFUSALS)))).await;
    let (campaign, mut server) = Campaign::start(&receiver).await;
    let (kills, members) = (long(KILLS), long(EVENTS) / EVENTS_OF_MEMBER);
    for kill in 1..=kills {
        let clients = lives(&campaign, &server, members);
        let share = long(EVENTS) / (kills + 1) * kill / 2;
        until("events that arrive", || (receiver.count() >= share).then_some(())).await;
        server.signal(Signal::KILL);
        clients.join_all().await;
        server = campaign.serve().await;
    }
    let lived = campaign.committed(&server).await.len();
    lives(&campaign, &server, members.saturating_sub(lived / EVENTS_OF_MEMBER)).join_all().await;
    campaign.all_delivered(&server).await;

    let committed = campaign.committed(&server).await;
    let accepted = receiver.accepted();
    let mut seen = BTreeSet::new();
    let mut arrived = BTreeMap::<_, Vec<_>>::new();
    for told in accepted.iter().filter(|told| seen.insert(told.id.clone())) {
        arrived.entry(told.body["data"]["member_id"].as_str().unwrap()).or_default().push(told.id.as_str());
    }
    let mut expected = BTreeMap::<_, Vec<_>>::new();
    for (event, member) in &committed {
        expected.entry(member.as_str()).or_default().push(event.as_str());
    }
    assert!(committed.len() + CLIENTS * kills * EVENTS_OF_MEMBER >= long(EVENTS), "{}", committed.len());
    assert_eq!(arrived, expected, "lost, invented, or out of order");
    println!(
        "{} events of {} members, {kills} kills: none lost, none out of order; {} tries, {} accepted twice",
        committed.len(),
        expected.len(),
        receiver.tries(),
        accepted.len() - committed.len()
    );
}
