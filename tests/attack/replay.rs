//! P9: a payload is good once, and repeating the request is good always.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wxgate_sandbox::Endpoint;

use crate::classes::replayer;
use crate::line::Line;
use crate::member::Member;
use crate::support::{Bench, Server};

#[tokio::test]
async fn phone_replay() {
    let bench = Bench::new().await;
    let settings = ["phone.encrypted_data=local", "phone.reply=full"];
    let server = bench.serve_with(&settings).await;
    let mut member = replayer(&bench, &server.public).await;
    let spent = member.spent.clone().unwrap();
    assert_eq!(member.post(&spent).await.status, 422, "in another session");
    assert_eq!(member.post(&spent.flipped(0, 0, 1)).await.status, 422, "under another IV");
    assert_eq!(server.kill().await.code, None);
    let server = bench.serve_with(&settings).await;
    member.line = Line::to(&server.public).await;
    assert_eq!(member.post(&spent).await.status, 422, "after a crash");
    let mut other = Member::new(&bench, &server.public).await;
    assert_eq!(other.post(&spent).await.status, 422, "by somebody else");
    let genuine = member.genuine.clone();
    assert_eq!(member.post(&genuine).await.status, 200, "a new tap is a new payload");
    assert_eq!((member.posted.forged, other.posted.forged), (0, 0));
}

#[tokio::test]
async fn phone_retry_is_idempotent() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let member = Member::new(&bench, &server.public).await;
    let first = repeated(&server, &member, 16).await;
    assert_eq!(first["trust"], json!("hash"));
    assert_eq!(server.kill().await.code, None);
    let server = bench.serve().await;
    assert_eq!(repeated(&server, &member, 4).await, first, "and after a crash");
    assert_eq!(bench.calls(Endpoint::CheckEncrypted).len(), 1, "nothing happened twice");
}

/// The one answer to the same request sent at once on so many connections.
async fn repeated(server: &Server, member: &Member, times: usize) -> Value {
    let mut requests = JoinSet::new();
    for _ in 0..times {
        let (mut line, skey, body) = (Line::to(&server.public).await, member.skey.clone(), member.genuine.body());
        requests.spawn(async move { line.post("/v1/phone", Some(&skey), &body).await });
    }
    let mut answers = requests.join_all().await;
    let first = answers.pop().unwrap();
    assert_eq!(first.status, 200, "{}", first.bytes());
    for answer in answers {
        assert_eq!(answer.body, first.body);
    }
    first.body
}
