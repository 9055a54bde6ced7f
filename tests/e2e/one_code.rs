//! Many requests with one code: clients repeat what seems to take long.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::support::{Answer, Bench, Server, post, until};

/// Long enough for everybody to arrive while WeChat still thinks.
const THINKS_MS: u64 = 1_500;

async fn all_at_once(server: &Arc<Server>, code: &str, count: usize) -> Vec<Answer> {
    let mut logins = JoinSet::new();
    for _ in 0..count {
        let (server, request) = (Arc::clone(server), post("/v1/login").json(&json!({ "code": code })));
        logins.spawn(async move { server.public.send(request).await });
    }
    logins.join_all().await
}

fn one_skey(answers: &[Answer]) {
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let skeys: HashSet<String> = answers.iter().map(|answer| answer.text("skey")).collect();
    assert_eq!(skeys.len(), 1);
}

#[tokio::test]
async fn twenty_logins_with_one_code_are_one_call_and_one_skey() {
    let bench = Bench::new().await;
    let server = Arc::new(bench.serve().await);
    let code = bench.code("alice");
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::LatencyMs(THINKS_MS).times(1)).unwrap();
    one_skey(&all_at_once(&server, &code, 20).await);
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 1);
    let late = server.public.send(post("/v1/login").json(&json!({ "code": code }))).await;
    assert_eq!(late.refusal(), (400, "code_used".to_owned(), 40163));
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 1, "a used code is known here");
}

#[tokio::test]
async fn a_caller_that_hangs_up_spoils_nothing_for_the_others() {
    let bench = Bench::new().await;
    let server = Arc::new(bench.serve().await);
    let code = bench.code("alice");
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::LatencyMs(THINKS_MS).times(1)).unwrap();
    let mut first = server.public.connect().await.unwrap();
    first.write_all(&post("/v1/login").json(&json!({ "code": code })).bytes()).await.unwrap();
    until("the call to WeChat", || (!bench.calls(Endpoint::Code2Session).is_empty()).then_some(())).await;
    drop(first);
    one_skey(&all_at_once(&server, &code, 5).await);
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 1);
}
