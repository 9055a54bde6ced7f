//! Events over HTTP, to a receiver beside the built program.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::receiver::Receiver;
use crate::support::{Bench, Server, delete, get, post, until};

async fn admin(bench: &Bench) -> String {
    let made = bench.run(&["token", "create", "--name", "ops", "--scope", "admin", "--json"], "").await;
    serde_json::from_str::<Value>(&made.stdout).unwrap()["token"].as_str().unwrap().to_owned()
}

async fn hook(server: &Server, token: &str, url: &str) -> crate::support::Answer {
    server.internal.send(post("/api/v1/webhooks").bearer(token).json(&json!({ "url": url }))).await
}

const PRIVATE: &[&str] = &["webhooks.allow_private=true"];

#[tokio::test]
async fn private_receivers_are_the_operators_choice() {
    let bench = Bench::new().await;
    let (token, receiver) = (admin(&bench).await, Receiver::start(Arc::new(|_| Some(200))).await);
    let server = bench.serve().await;
    for url in [receiver.url.as_str(), "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/"] {
        assert_eq!(hook(&server, &token, url).await.refusal(), (400, "bad_request".to_owned(), -400), "{url}");
    }
    server.stop().await;
    let server = bench.serve_with(PRIVATE).await;
    let id = hook(&server, &token, &receiver.url).await.text("id");
    server.login(&bench.code("alice")).await;
    until("two events", || (receiver.count() == 2).then_some(())).await;
    let told = receiver.accepted();
    assert_ne!(told[0].id, told[1].id);
    server.stop().await;
    // What was allowed is not any more: nothing goes there, though the webhook is still of record.
    let server = bench.serve().await;
    let test = post(&format!("/api/v1/webhooks/{id}/test")).bearer(&token);
    assert_eq!(server.internal.send(test).await.text("error"), "address");
    server.stop().await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_receiver_that_hangs_and_the_next_start_goes_on() {
    let bench = Bench::new().await;
    let token = admin(&bench).await;
    let receiver = Receiver::start(Arc::new(|told| (told.tries_before > 0).then_some(200))).await;
    let server = bench.serve_with(PRIVATE).await;
    hook(&server, &token, &receiver.url).await.text("id");
    server.login(&bench.code("alice")).await;
    until("the first try", || (receiver.tries() == 1).then_some(())).await;
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let server = bench.serve_with(PRIVATE).await;
    until("the first event again", || (receiver.count() >= 1).then_some(())).await;
    assert_eq!(receiver.accepted()[0].body["type"], "member.created");
    server.kill().await;
}

#[tokio::test]
async fn a_member_who_is_erased_is_known_by_id_alone() {
    let bench = Bench::new().await;
    let (token, receiver) = (admin(&bench).await, Receiver::start(Arc::new(|_| Some(200))).await);
    let server = bench.serve_with(PRIVATE).await;
    let skey = server.login(&bench.code("alice")).await;
    hook(&server, &token, &receiver.url).await.text("id");
    let id = server.public.send(get("/v1/me").bearer(&skey)).await.json()["member"]["id"].clone();
    assert_eq!(server.public.send(delete("/v1/me").bearer(&skey)).await.status, 200);
    until("the end", || (receiver.count() == 1).then_some(())).await;
    let told = &receiver.accepted()[0].body;
    assert_eq!(told["type"], "member.erased");
    assert_eq!(told["data"], json!({ "appid": bench.appid(), "member_id": id }));
    server.stop().await;
}
