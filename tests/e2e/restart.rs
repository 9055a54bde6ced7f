//! Stopping in order and starting again.

use rustix::process::Signal;
use serde_json::json;
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::support::{At, Bench, Server, delete, get, post, until};

async fn status(at: &At, path: &str, skey: &str) -> u16 {
    at.send(get(path).bearer(skey)).await.status
}

#[tokio::test]
async fn sessions_and_revocations_outlive_a_restart() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let kept = server.login(&bench.code("alice")).await;
    let ended = server.login(&bench.code("alice")).await;
    let everywhere = [server.login(&bench.code("bob")).await, server.login(&bench.code("bob")).await];
    let old = server.login(&bench.code("carol")).await;
    assert_eq!(server.public.send(delete("/v1/session").bearer(&ended)).await.status, 200);
    assert_eq!(server.public.send(delete("/v1/sessions").bearer(&everywhere[0])).await.status, 200);
    let new = server.public.send(post("/v1/session/refresh").bearer(&old)).await.text("skey");
    let member = server.public.send(get("/v1/me").bearer(&kept)).await.json();

    assert_eq!(server.stop().await.code, Some(0));
    let server = bench.serve().await;

    assert_eq!(server.public.send(get("/v1/me").bearer(&kept)).await.json(), member);
    assert_eq!(status(&server.internal, "/forward-auth", &new).await, 200);
    for dead in [&ended, &everywhere[0], &everywhere[1], &old] {
        assert_eq!(status(&server.public, "/v1/session", dead).await, 401);
        assert_eq!(status(&server.internal, "/forward-auth", dead).await, 401);
    }
}

#[tokio::test]
async fn a_spent_failure_budget_outlives_a_restart_and_a_new_login() {
    let bench = Bench::new().await;
    let garbage = json!({ "encryptedData": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" });
    let refuse = async |server: &Server, skey: &str| {
        server.public.send(post("/v1/phone").bearer(skey).json(&garbage)).await.status
    };
    let server = bench.serve().await;
    let skey = server.login(&bench.code("mallory")).await;
    for _ in 0..5 {
        assert_eq!(refuse(&server, &skey).await, 422);
    }
    assert_eq!(refuse(&server, &skey).await, 429);
    server.stop().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("mallory")).await;
    assert_eq!(refuse(&server, &skey).await, 429);
}

#[tokio::test]
async fn sigterm_lets_a_login_under_way_end_and_the_session_holds() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::LatencyMs(1_000).times(1)).unwrap();
    let (public, code) = (server.public.clone(), bench.code("alice"));
    let login = tokio::spawn(async move { public.send(post("/v1/login").json(&json!({ "code": code }))).await });
    until("the call to WeChat", || (!bench.calls(Endpoint::Code2Session).is_empty()).then_some(())).await;
    server.signal(Signal::TERM);
    let answer = login.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(server.public.connect().await.is_err(), "nobody new is let in");
    assert_eq!(server.end().await.code, Some(0));
    let server = bench.serve().await;
    assert_eq!(status(&server.public, "/v1/session", &answer.text("skey")).await, 200);
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_at_its_first_word_ends_in_order() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        let ended = bench.serve().await.stop().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
}
