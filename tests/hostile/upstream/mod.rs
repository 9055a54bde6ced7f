//! U2 to U4: a broken or hostile WeChat.

mod behaviours;
mod wechat;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wx_client::{Client, Credentials, Error, NoKeep, Settings, WeChat};

use self::behaviours::{Behaviour, GOOD, Outcome, all, answer, good};
use self::wechat::{Act, Hostile, Then};
use crate::figures::{MIB, resident};
use crate::sized;
use crate::support::{Answer, Bench, Server, get, post};

/// Requests at once.
const AT_ONCE: usize = 64;
/// The time that a call has.
const TIME: Duration = Duration::from_secs(5);
/// What comes on top is the machine's.
const AT_MOST: Duration = Duration::from_secs(15);
const APPID: &str = "wx0123456789abcdef";

fn client(hostile: &Hostile) -> Arc<Client> {
    let settings = Settings { base_url: hostile.base_url(), ..Settings::default() };
    let app = Credentials { appid: APPID.to_owned(), secret: "0123456789abcdef0123456789abcdef".into() };
    Arc::new(Client::new(&settings, vec![app], Arc::new(NoKeep)).unwrap())
}

/// Every behaviour for 200 requests, 64 of them at once. Those that only the clock ends share its time; the others come one
/// after the other, so that none is late for want of a processor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upstream_matrix() {
    let (waiting, quick): (Vec<_>, Vec<_>) = all().into_iter().partition(|behaviour| behaviour.waits);
    assert!(waiting.len() + quick.len() >= 22);
    for behaviour in quick {
        told(behaviour, 200).await;
    }
    let waiting: JoinSet<()> = waiting.into_iter().map(|behaviour| told(behaviour, sized(AT_ONCE, 200))).collect();
    waiting.join_all().await;
}

/// What so many calls are told of a behaviour. A client asks no more than four times: a fifth failure would be the last that
/// it makes, and all of them are to be seen.
async fn told(behaviour: Behaviour, count: usize) {
    let hostile = Hostile::start(behaviour.act).await;
    let (slots, mut calls) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for number in 0..count / 4 {
        let client = client(&hostile);
        for code in 0..4 {
            let (client, slots) = (Arc::clone(&client), Arc::clone(&slots));
            calls.spawn(async move {
                let _slot = slots.acquire().await.unwrap();
                let asked = Instant::now();
                (client.code2session(APPID, &format!("{number}-{code}")).await, asked.elapsed())
            });
        }
    }
    for (answer, took) in calls.join_all().await {
        let outcome = match &answer {
            Ok(_) => Outcome::Good,
            Err(Error::Unreachable { .. }) => Outcome::Unreachable,
            Err(Error::Unreadable { .. }) => Outcome::Unreadable,
            Err(Error::Refused { errcode, .. }) => Outcome::Refused(*errcode),
            Err(other) => panic!("{}: {other}", behaviour.name),
        };
        // Where the machine is so slow that the time is up first, that is what is told.
        let is_late = took >= TIME && outcome == Outcome::Unreachable;
        assert!(is_late || outcome == behaviour.outcome, "{}: {answer:?}", behaviour.name);
        assert!(took < AT_MOST, "{}: {took:?}", behaviour.name);
    }
    // A code is sent once, come what may. (Nothing was read where the connection was reset before.)
    assert!(matches!(hostile.requests(), read if read == count || read == 0), "{}", behaviour.name);
}

async fn login(server: &Server, code: &str) -> Answer {
    server.public.send(post("/v1/login").json(&json!({ "code": code }))).await
}

/// So many logins at once, and how they went.
async fn logins(server: &Arc<Server>, prefix: &'static str, count: usize) -> Vec<(Answer, Duration)> {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let server = Arc::clone(server);
        tasks.spawn(async move {
            let asked = Instant::now();
            (login(&server, &format!("{prefix}-{number}")).await, asked.elapsed())
        });
    }
    tasks.join_all().await
}

fn word(outcome: Outcome) -> (u16, &'static str) {
    match outcome {
        Outcome::Good => (200, "ok"),
        Outcome::Unreachable | Outcome::Unreadable => (503, "wechat_unreachable"),
        Outcome::Refused(40029) => (400, "code_invalid"),
        Outcome::Refused(40163) => (400, "code_used"),
        Outcome::Refused(_) => (503, "wechat_busy"),
    }
}

/// A server whose WeChat does this to 64 logins at once: what they are told, what it costs, and who does not notice.
async fn survives(behaviour: Behaviour) -> usize {
    let (bench, hostile) = (Bench::new().await, Hostile::start(good()).await);
    let base_url = format!("wechat.base_url={}", hostile.base_url());
    // All of them are one member's.
    let server = Arc::new(bench.serve_with(&[&base_url, "session.max_per_member=1000"]).await);
    let skey = server.login("bystander").await;
    // What the largest good answers need is no loss.
    hostile.does(Act::Say(answer("200 OK", &format!("{GOOD}{}", " ".repeat(60_000))), Then::Keep));
    assert!(logins(&server, "warm", AT_ONCE).await.iter().all(|(answer, _)| answer.status == 200));
    let before = resident(&server);
    hostile.does(behaviour.act);
    let meanwhile = async {
        for _ in 0..50 {
            let answer = server.internal.send(get("/forward-auth").bearer(&skey)).await;
            assert_eq!(answer.status, 200, "{}", behaviour.name);
        }
    };
    let (answers, ()) = tokio::join!(logins(&server, "code", AT_ONCE), meanwhile);
    for (answer, took) in answers {
        let told = (answer.status, answer.json()["error"].as_str().unwrap_or("ok").to_owned());
        let (status, word) = word(behaviour.outcome);
        assert_eq!(told, (status, word.to_owned()), "{}: {answer:?}", behaviour.name);
        assert_eq!(answer.header("retry-after").is_some(), status == 503, "{}", behaviour.name);
        assert!(took < AT_MOST, "{}: {took:?}", behaviour.name);
    }
    resident(&server).saturating_sub(before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upstream_matrix_through_the_server() {
    let (slots, mut servers) = (Arc::new(Semaphore::new(6)), JoinSet::new());
    for behaviour in all() {
        let slots = Arc::clone(&slots);
        servers.spawn(async move {
            let _slot = slots.acquire_owned().await.unwrap();
            (behaviour.name, survives(behaviour).await)
        });
    }
    let grown = servers.join_all().await;
    let worst = grown.iter().max_by_key(|(_, bytes)| *bytes).unwrap();
    println!("{} behaviours; most memory for {}: {} KiB", grown.len(), worst.0, worst.1 / 1024);
    assert!(worst.1 <= 8 * MIB, "{worst:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_breaker_opens_when_nobody_answers_and_closes_when_somebody_does() {
    let (bench, hostile) = (Bench::new().await, Hostile::start(good()).await);
    let base_url = format!("wechat.base_url={}", hostile.base_url());
    let server = Arc::new(bench.serve_with(&[&base_url]).await);
    hostile.does(Act::Say(Vec::new(), Then::Silence));
    logins(&server, "silence", AT_ONCE).await;
    let sent = hostile.requests();
    let paused = logins(&server, "paused", 200).await;
    for (answer, _) in &paused {
        assert_eq!(answer.refusal(), (503, "wechat_unreachable".to_owned(), -503));
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=5).contains(&seconds), "{seconds}");
    }
    // One probe in five seconds, and this machine is not so slow that many of them went by.
    assert!(hostile.requests() - sent < 10, "{}", hostile.requests() - sent);
    hostile.does(good());
    // The code of a login that was not sent is as good as ever.
    let deadline = Instant::now() + AT_MOST;
    while login(&server, "paused-199").await.status != 200 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(logins(&server, "again", AT_ONCE).await.iter().all(|(answer, _)| answer.status == 200));
}
