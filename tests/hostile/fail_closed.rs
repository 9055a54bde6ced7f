//! U2, U4: whatever happens to WeChat, who is logged in stays so. (H6 is in `proxies`.)

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::support::{Bench, delete, get, post};

#[tokio::test]
async fn upstream_down_forward_auth() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let [skey, other] = [server.login(&bench.code("alice")).await, server.login(&bench.code("bob")).await];
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::ResetBefore.forever()).unwrap();
    for _ in 0..10 {
        let away = server.public.send(post("/v1/login").json(&json!({ "code": bench.code("carol") }))).await;
        assert_eq!((away.status, away.text("error")), (503, "wechat_unreachable".to_owned()));
    }
    for _ in 0..200 {
        assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 200);
    }
    let made = bench.run(&["token", "create", "--name", "t", "--scope", "introspect"], "").await;
    let introspect = post("/introspect").bearer(made.stdout.trim()).form(&format!("token={skey}"));
    assert_eq!(server.internal.send(introspect).await.json()["active"], true);
    assert_eq!(server.public.send(delete("/v1/session").bearer(&skey)).await.status, 200);
    assert_eq!(server.public.send(delete("/v1/me").bearer(&other)).await.status, 200);
    for ended in [&skey, &other] {
        assert_eq!(server.internal.send(get("/forward-auth").bearer(ended)).await.status, 401);
    }
    assert_eq!(server.internal.send(get("/readyz")).await.status, 200);
}

#[tokio::test]
async fn upstream_redirect_refused() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = FaultKind::Redirect(format!("http://{}/sns/jscode2session", elsewhere.local_addr().unwrap()));
    bench.sandbox.fault(Endpoint::Code2Session, redirect.times(1)).unwrap();
    let answer = server.public.send(post("/v1/login").json(&json!({ "code": bench.code("alice") }))).await;
    assert_eq!((answer.status, answer.text("error")), (503, "wechat_unreachable".to_owned()));
    // Whoever followed would have been here before the answer.
    let come = tokio::time::timeout(Duration::ZERO, elsewhere.accept()).await;
    assert!(come.is_err(), "{come:?}");
}

#[tokio::test]
async fn http_upstream_refused() {
    let bench = Bench::new().await;
    for base_url in ["http://api.weixin.qq.com", "http://10.0.0.1", "ftp://127.0.0.1", "http://127.0.0.1@example.com"] {
        let refused = bench.run(&["serve", "--set", &format!("wechat.base_url={base_url}")], "").await;
        assert_eq!(refused.code, Some(78), "{base_url}: {}", refused.stderr);
        assert!(refused.stderr.contains("base_url"), "{}", refused.stderr);
    }
}
