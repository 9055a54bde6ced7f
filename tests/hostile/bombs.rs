//! H2, H4, S9: requests that are large, deep, compressed or many cost no more than they must.

use std::time::Duration;

use serde_json::json;
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::figures::{MIB, resident};
use crate::support::{Answer, At, Bench, Request, get, post, until};

const PATIENCE: Duration = Duration::from_secs(20);
const LOGIN: &str = "POST /v1/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";

/// Bytes that swell, nest or do not end.
fn bombs() -> Vec<String> {
    let body = |body: &str| format!("{LOGIN}Content-Length: {}\r\n\r\n{body}", body.len());
    let keys: Vec<_> = (0..1_500).map(|key| format!("\"k{key}\":1")).collect();
    vec![
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100_000)),
        format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(MIB)),
        format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(MIB)),
        body(&" ".repeat(MIB)),
        format!("{LOGIN}Content-Length: 1099511627776\r\n\r\n{}", " ".repeat(MIB)),
        format!("{LOGIN}Transfer-Encoding: chunked\r\n\r\n{}", "1\r\n \r\n".repeat(MIB / 3)),
        format!("{LOGIN}Transfer-Encoding: chunked\r\n\r\nfffffffffff\r\n{}", " ".repeat(MIB)),
        format!("{LOGIN}Transfer-Encoding: chunked\r\n\r\n1;{}\r\n \r\n", "x".repeat(MIB)),
        body(&format!("{{\"code\":{}", "[".repeat(16_000))),
        body(&format!("{{\"code\":{}{}}}", "[".repeat(17), "]".repeat(17))),
        body(&format!("{}{}", "{\"code\":".repeat(2_000), "}".repeat(2_000))),
        body("{\"code\":\"a\",\"code\":\"b\"}"),
        body(&format!("{{{}}}", keys.join(","))),
        body(&format!("{{\"code\":1e{}}}", "9".repeat(16_000))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_are_refused_and_cost_no_memory() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let round = async || {
        for bomb in bombs() {
            let answer = server.public.raw(bomb.as_bytes(), PATIENCE).await;
            let refused = answer.statuses().iter().all(|status| matches!(status, 400 | 413));
            assert!(answer.closed && refused, "{:?}: {answer:?}", &bomb[..100.min(bomb.len())]);
        }
    };
    round().await;
    let before = resident(&server);
    for _ in 0..5 {
        round().await;
    }
    let grown = resident(&server).saturating_sub(before);
    println!("bombs: {} KiB", grown / 1024);
    assert!(grown <= 4 * MIB, "{grown}");
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let squeezed = post("/v1/login").header("Content-Encoding", coding).json(&json!({ "code": "a" }));
        assert_eq!(server.public.send(squeezed).await.refusal(), (415, "unsupported_media_type".to_owned(), -415));
    }
    assert!(bench.calls(Endpoint::Code2Session).is_empty());
}

#[tokio::test]
async fn xff_spoof() {
    let bench = Bench::new().await;
    // Whoever is not a trusted proxy names no addresses.
    let open = bench.serve_with(&["limits.requests_per_minute=5", "listen.trusted_proxies=10.0.0.0/8"]).await;
    let asked = async |at: &At, lines: &[&str]| {
        let request = lines.iter().fold(get("/v1/session"), |request, line| request.header("X-Forwarded-For", line));
        at.send(request).await.status
    };
    let mut statuses = Vec::new();
    for number in 0..8 {
        statuses.push(asked(&open.public, &[&format!("203.0.113.{number}")]).await);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    open.stop().await;
    // Behind one, what stands left of the client's own address is the client's invention, on one line or on several.
    let proxied = bench.serve_with(&["limits.requests_per_minute=5"]).await;
    for number in 0..5 {
        let invented = format!("203.0.113.{number}");
        let status = match number % 2 {
            0 => asked(&proxied.public, &[&format!("{invented}, 198.51.100.7")]).await,
            _ => asked(&proxied.public, &[&invented, "198.51.100.7"]).await,
        };
        assert_eq!(status, 401);
    }
    assert_eq!(asked(&proxied.public, &["203.0.113.9, 198.51.100.7"]).await, 429);
    assert_eq!(asked(&proxied.public, &["198.51.100.8"]).await, 401, "somebody else");
    // One customer's network is one address.
    for number in 0..5 {
        assert_eq!(asked(&proxied.public, &[&format!("2001:db8::{number:x}")]).await, 401);
    }
    assert_eq!(asked(&proxied.public, &["2001:db8::ffff"]).await, 429);
    for _ in 0..20 {
        assert_eq!(proxied.internal.send(get("/forward-auth")).await.status, 401, "never limited");
    }
}

async fn login(at: &At, code: &str) -> Answer {
    at.send(post("/v1/login").json(&json!({ "code": code }))).await
}

#[tokio::test]
async fn junk_codes_cost_nothing() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["limits.logins_per_minute=30"]).await;
    let long = "x".repeat(5_000);
    for junk in ["", " ", "a b", "\u{4f60}", "a\nb", "\u{0}", &long] {
        assert_eq!(login(&server.public, junk).await.status, 400, "{junk:?}");
    }
    assert!(bench.calls(Endpoint::Code2Session).is_empty(), "what cannot be a code is not sent");
    for _ in 0..10 {
        assert_eq!(login(&server.public, "0123456789abcdef0123456789abcdef").await.text("error"), "code_invalid");
    }
    assert_eq!(bench.calls(Endpoint::Code2Session).len(), 1, "what WeChat called invalid is not sent again");
    let mut limited = 0;
    for number in 0..40 {
        limited += usize::from(login(&server.public, &format!("{number:032}")).await.status == 429);
    }
    // 30 a minute, of which 17 are gone, and the few that come back meanwhile.
    assert!(limited >= 15, "{limited}");
    assert!(bench.calls(Endpoint::Code2Session).len() <= 41 - limited);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upstream_slots_bounded() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["wechat.max_in_flight=4"]).await;
    let skey = server.login(&bench.code("alice")).await;
    bench.sandbox.fault(Endpoint::Code2Session, FaultKind::Hang.forever()).unwrap();
    let crowd: Vec<_> =
        (0..40).map(|number| post("/v1/login").json(&json!({ "code": format!("code-{number}") }))).collect();
    let crowd: tokio::task::JoinSet<Answer> = crowd
        .into_iter()
        .map(|request: Request| {
            let at = server.public.clone();
            async move { at.send(request).await }
        })
        .collect();
    until("four calls", || (bench.calls(Endpoint::Code2Session).len() == 5).then_some(())).await;
    assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 200);
    let answers = crowd.join_all().await;
    let told = |word: &str| answers.iter().filter(|answer| answer.text("error") == word).count();
    assert!(told("wechat_busy") >= 30 && told("wechat_busy") + told("wechat_unreachable") == 40);
    assert!(answers.iter().all(|answer| answer.header("retry-after").is_some()));
    assert!(bench.calls(Endpoint::Code2Session).len() <= 1 + 8, "{}", bench.calls(Endpoint::Code2Session).len());
}
