//! The app's access_token, shared with the team's other services, and WeChat's interfaces behind it.

use serde_json::{Value, json};
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::support::{Answer, Bench, Server, get, post};

async fn token(bench: &Bench, scope: &str) -> String {
    let made = bench.run(&["token", "create", "--name", "shop", "--scope", scope, "--json"], "").await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    serde_json::from_str::<Value>(&made.stdout).unwrap()["token"].as_str().unwrap().to_owned()
}

/// A server, and what its token centre is asked.
struct Centre {
    bench: Bench,
    server: Server,
    /// Of scope `wechat:token,wechat:call`.
    token: String,
}

impl Centre {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let token = token(&bench, "wechat:token,wechat:call").await;
        let server = bench.serve_with(&["calls.allowed=wxa/business,wxa/checksession"]).await;
        Self { bench, server, token }
    }

    async fn restarted(self) -> Self {
        let Self { bench, server, token } = self;
        assert_eq!(server.stop().await.code, Some(0));
        Self { server: bench.serve().await, bench, token }
    }

    fn at(&self, rest: &str) -> String {
        format!("/api/v1/apps/{}/{rest}", self.bench.appid())
    }

    async fn shared(&self) -> Answer {
        self.server.internal.send(get(&self.at("access-token")).bearer(&self.token)).await
    }

    async fn stale(&self, access_token: &str) -> Answer {
        let body = json!({ "access_token": access_token });
        self.server.internal.send(post(&self.at("access-token/stale")).bearer(&self.token).json(&body)).await
    }

    async fn call(&self, path: &str, body: &Value) -> Answer {
        self.server.internal.send(post(&self.at(&format!("wechat/{path}"))).bearer(&self.token).json(body)).await
    }

    fn asked(&self) -> usize {
        self.bench.calls(Endpoint::StableToken).len()
    }
}

#[tokio::test]
async fn one_token_serves_all_services_and_the_next_start() {
    let centre = Centre::new().await;
    let first = centre.shared().await;
    assert_eq!((first.status, centre.asked()), (200, 1), "{first:?}");
    let left = first.json()["expires_in"].as_i64().unwrap();
    assert!((7_000..=7_200).contains(&left), "{left}");
    assert_eq!(centre.shared().await.text("access_token"), first.text("access_token"));
    let centre = centre.restarted().await;
    assert_eq!(centre.shared().await.text("access_token"), first.text("access_token"));
    assert_eq!(centre.asked(), 1);
}

#[tokio::test]
async fn a_token_that_wechat_refused_is_replaced_for_whoever_reports_it() {
    let centre = Centre::new().await;
    let old = centre.shared().await.text("access_token");
    assert_eq!(centre.stale("77_stranger").await.text("access_token"), old);
    assert_eq!(centre.stale(&old).await.text("access_token"), old, "WeChat named it just now");
    assert_eq!(centre.asked(), 1);
    centre.bench.sandbox.rotate_token(centre.bench.appid()).unwrap();
    let centre = centre.restarted().await;
    assert_eq!(centre.shared().await.text("access_token"), old, "nobody has said a word");
    let next = centre.stale(&old).await.text("access_token");
    assert_ne!(next, old);
    for reported in [&old, &next] {
        assert_eq!(centre.stale(reported).await.text("access_token"), next);
    }
    let asked = centre.bench.calls(Endpoint::StableToken);
    assert!(asked.len() == 2 && asked.iter().all(|call| !call.body.contains_key("force_refresh")), "{asked:?}");
}

#[tokio::test]
async fn a_token_that_cannot_be_had_costs_few_calls_and_comes_back() {
    let centre = Centre::new().await;
    centre.bench.sandbox.fault(Endpoint::StableToken, FaultKind::Errcode(40164).forever()).unwrap();
    for _ in 0..50 {
        assert_eq!(centre.shared().await.refusal(), (502, "wechat_refused".to_owned(), 40164));
    }
    let asked = centre.asked();
    assert!(asked < 10, "{asked} calls for 50 requests");
}

#[tokio::test]
async fn a_call_is_wechats_own_answer_and_a_refused_token_is_renewed_on_the_way() {
    let centre = Centre::new().await;
    let hash = json!({ "encrypted_msg_hash": "0".repeat(64) });
    let answer = centre.call("wxa/business/checkencryptedmsg", &hash).await;
    assert_eq!((answer.status, answer.json()["errcode"].as_i64()), (200, Some(1)), "{answer:?}");
    assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{answer:?}");
    centre.bench.sandbox.rotate_token(centre.bench.appid()).unwrap();
    let again = centre.call("wxa/business/checkencryptedmsg", &hash).await;
    assert_eq!((again.status, again.json()["errcode"].as_i64()), (200, Some(1)), "{again:?}");
    assert_eq!((centre.asked(), centre.bench.calls(Endpoint::CheckEncrypted).len()), (2, 3));
    for path in ["cgi-bin/token", "cgi-bin/stable_token", "sns/jscode2session", "wxa/business/../../cgi-bin/token"] {
        assert_eq!(centre.call(path, &hash).await.refusal(), (403, "forbidden".to_owned(), -403), "{path}");
    }
    assert!(centre.bench.calls(Endpoint::Token).is_empty());
}

#[tokio::test]
async fn an_answer_of_wechats_that_is_none_is_503() {
    let centre = Centre::new().await;
    for fault in [FaultKind::ResetAfter, FaultKind::HugeBytes(100_000_000), FaultKind::Redirect("/x".to_owned())] {
        centre.bench.sandbox.fault(Endpoint::CheckEncrypted, fault.clone().times(1)).unwrap();
        let answer = centre.call("wxa/business/checkencryptedmsg", &json!({})).await;
        assert_eq!(answer.refusal(), (503, "wechat_unreachable".to_owned(), -503), "{fault:?}");
    }
}
