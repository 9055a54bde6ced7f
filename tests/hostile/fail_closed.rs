//! H6, U2, U4: whatever happens to the server or to WeChat, nobody is let in who is not logged in, and who is stays so.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::net::TcpListener;
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::nginx::Nginx;
use crate::support::{Bench, Server, delete, get, post, until};

/// A proxy as the README has it, in front of something worth having.
const GUARDED: &str = "location = /wxgate {\n      internal;\n      proxy_pass http://internal/forward-auth/nginx;\n      \
                       proxy_pass_request_body off; proxy_set_header Content-Length '';\n      \
                       proxy_read_timeout 1s; proxy_connect_timeout 1s;\n    }\n    \
                       location / { auth_request /wxgate; root ROOT; }";
const GRANTED: &str = "granted";

/// A signal is sent before it is obeyed, and each thread obeys by itself.
fn has_stopped(server: &Server) -> bool {
    let state = |thread: PathBuf| {
        let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    fs::read_dir(server.proc("task")).unwrap().all(|thread| state(thread.unwrap().path()))
}

#[tokio::test]
async fn forward_auth_fail_closed() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    fs::write(bench.dir().join("granted"), GRANTED).unwrap();
    let nginx = Nginx::start(&server, &GUARDED.replace("ROOT", &bench.dir().display().to_string())).await;
    let skey = server.login(&bench.code("alice")).await;
    let asked = async |skey: &str| nginx.at.send(get("/granted").bearer(skey)).await;

    let granted = asked(&skey).await;
    assert_eq!((granted.status, granted.body.as_str()), (200, GRANTED));
    let gone = server.login(&bench.code("bob")).await;
    assert_eq!(server.public.send(delete("/v1/session").bearer(&gone)).await.status, 200);
    for nobody in [gone.as_str(), "", "wxg_", "wxg_AAAA", &skey[..skey.len() - 1]] {
        assert_eq!(asked(nobody).await.status, 401, "{nobody:?}");
    }
    // It hangs: the proxy gives up and lets nobody in.
    server.signal(Signal::STOP);
    until("a process whose threads have all stopped", || has_stopped(&server).then_some(())).await;
    let hung = asked(&skey).await;
    server.signal(Signal::CONT);
    assert!(hung.status >= 500 && !hung.body.contains(GRANTED), "{hung:?}");
    assert_eq!(asked(&skey).await.status, 200);
    server.kill().await;
    let killed = asked(&skey).await;
    assert!(killed.status >= 500 && !killed.body.contains(GRANTED), "{killed:?}");
}

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
