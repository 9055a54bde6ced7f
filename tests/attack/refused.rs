//! P6, P10, P14: payloads that open and are not what they should be.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;
use wxgate_sandbox::Endpoint;

use crate::block::{Dice, Payload};
use crate::classes::Class;
use crate::member::Member;
use crate::support::{Bench, get, post};

/// Failures that one member has.
const BUDGET: usize = 5;
/// Members at once.
const LINES: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn iv_flip() {
    let bench = Arc::new(Bench::new().await);
    let server = bench.serve_with(&["phone.reply=full"]).await;
    // Every byte of the first block to each other printable one.
    let block = *br#"{"phoneNumber":""#;
    let mut changes: Vec<_> = (0..16)
        .flat_map(|byte| (b' '..=b'~').map(move |new| (byte, new ^ block[byte])).filter(|(_, pattern)| *pattern != 0))
        .collect();
    assert_eq!(changes.len(), 1_504);
    let (mut members, mut refused) = (JoinSet::new(), 0);
    while !changes.is_empty() || !members.is_empty() {
        if members.len() < LINES && !changes.is_empty() {
            let changes = changes.split_off(changes.len().saturating_sub(BUDGET));
            let (bench, server) = (Arc::clone(&bench), server.public.clone());
            members.spawn(async move {
                let mut member = Member::new(&bench, &server).await;
                for (byte, pattern) in &changes {
                    let payload = member.genuine.flipped(0, *byte, *pattern);
                    assert_eq!(member.post(&payload).await.status, 422, "byte {byte}, {pattern:#04x}");
                }
                changes.len()
            });
        } else {
            refused += members.join_next().await.unwrap().unwrap();
        }
    }
    assert_eq!(refused, 1_504);
    assert!(bench.calls(Endpoint::CheckEncrypted).is_empty(), "WeChat's word could not have saved any of them");
    let mut member = Member::new(&bench, &server.public).await;
    let genuine = member.genuine.clone();
    let accepted = member.post(&genuine).await;
    assert_eq!((accepted.status, &accepted.body["trust"]), (200, &json!("hash")), "WeChat knows the ciphertext");
}

#[tokio::test]
async fn appid_of_other_tenant_refused() {
    let bench = Bench::with_apps(2).await;
    let server = bench.serve_with(&["phone.encrypted_data=local", "phone.reply=full"]).await;
    let mut member = Member::new(&bench, &server.public).await;
    let now = bench.sandbox.now();
    let other = member.sealed(&member.number_for(&bench.apps[1].appid, now), [7; 16]);
    let own = member.sealed(&member.number_for(bench.appid(), now), [8; 16]);
    let theirs = bench.sandbox.phone(&bench.apps[1].appid, &member.user).unwrap().data;
    let theirs = Payload::read(&theirs.encrypted_data, &theirs.iv);
    for foreign in [other, theirs] {
        assert_eq!(member.post(&foreign).await.status, 422);
    }
    member.genuine = own.clone();
    assert_eq!(member.post(&own).await.status, 200, "only the watermark was wrong");
}

#[tokio::test]
async fn no_plaintext_in_answer() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["phone.encrypted_data=local"]).await;
    let mut member = Member::new(&bench, &server.public).await;
    let mut dice = Dice(5);
    let mut answers = Vec::new();
    // Whatever else somebody gets sealed under the key of the session is not read out to them.
    let watermark = json!({ "timestamp": bench.sandbox.now(), "appid": bench.appid() });
    for (path, kind, content) in [
        ("/v1/phone", None, json!({ "canary": "canary", "watermark": watermark })),
        ("/v1/me/open-data", Some("share"), json!({ "openGId": "G", "canary": "canary", "watermark": watermark })),
        ("/v1/me/open-data", Some("werun"), json!({ "openGId": "canary", "watermark": watermark })),
        ("/v1/me/open-data", Some("share"), json!("canary")),
    ] {
        let mut body = member.sealed(&content.to_string(), dice.block()).body();
        if let Some(kind) = kind {
            body["kind"] = json!(kind);
        }
        let answer = server.public.send(post(path).bearer(&member.skey).json(&body)).await;
        answers.push(answer.status);
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
    }
    assert_eq!(answers, [422, 200, 422, 422]);
    // The key of another session opens nothing.
    let other = Member::new(&bench, &server.public).await;
    assert_eq!(member.post(&other.genuine).await.status, 422);
    // One's own number comes back masked, here and wherever it is shown.
    let genuine = member.genuine.body();
    let accepted = server.public.send(post("/v1/phone").bearer(&member.skey).json(&genuine)).await;
    assert_eq!(accepted.status, 200);
    for answer in [accepted, server.public.send(get("/v1/me").bearer(&member.skey)).await] {
        assert!(!answer.body.contains(&member.number) && answer.body.contains("****"), "{answer:?}");
    }
    let failing = Class::Padding.payload(&member, &bench, &mut dice);
    assert!(member.post(&failing).await.bytes().len() < 600, "a refusal has no room for a plaintext");
}
