//! Sockets: limits, paths and listeners as they are met over a connection.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;

use crate::support::{At, Bench, Raw, Server, get, post};

/// Only a server that neither answers nor closes is waited for so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A login whose body comes in chunks of no told length.
async fn chunked(server: &Server, body: &str) -> Raw {
    let head = "POST /v1/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    for chunk in body.as_bytes().chunks(1000).chain([&[][..]]) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(&[chunk, b"\r\n"].concat());
    }
    server.public.raw(&bytes, PATIENCE).await
}

#[tokio::test]
async fn a_chunked_body_is_read_and_has_the_limit_that_any_body_has() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let body = |padding: usize| json!({ "code": bench.code("alice") }).to_string() + &" ".repeat(padding);
    assert_eq!(chunked(&server, &body(12_000)).await.statuses(), [200]);
    for padding in [17_000, 200_000, 2_000_000] {
        let refused = chunked(&server, &body(padding)).await;
        // Of the last one less is read than is sent: what is left unread may cost the answer, never the refusal.
        assert!(refused.closed && refused.statuses().iter().all(|status| *status == 413), "{refused:?}");
        assert!(padding > 256 * 1024 || refused.text.contains(r#""error":"too_large""#), "{refused:?}");
    }
    let told = post("/v1/login").json(&json!({ "code": "x".repeat(17_000) }));
    assert_eq!(server.public.send(told).await.refusal(), (413, "too_large".to_owned(), -413));
}

#[tokio::test]
async fn a_head_has_its_limits() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let headers = async |count: usize, length: usize| {
        let lines = format!("X: {}\r\n", "v".repeat(length)).repeat(count);
        let head = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n");
        server.public.raw(head.as_bytes(), PATIENCE).await
    };
    for (count, length) in [(60, 1), (1, 8_000), (30, 400)] {
        assert_eq!(headers(count, length).await.statuses(), [200], "{count} headers of {length} bytes");
    }
    for (count, length) in [(65, 1), (1_000, 1), (1, 17_000), (40, 500), (1, 1_000_000)] {
        let refused = headers(count, length).await;
        let all = refused.statuses().iter().all(|status| (400..500).contains(status));
        assert!(refused.closed && all, "{count} headers of {length} bytes: {refused:?}");
    }
    let path = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "p".repeat(20_000));
    let refused = server.public.raw(path.as_bytes(), PATIENCE).await;
    assert!(refused.closed && refused.statuses().iter().all(|status| (400..500).contains(status)), "{refused:?}");
}

#[tokio::test]
async fn bytes_that_are_no_request_get_what_every_failure_gets() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let many = |count| format!("GET /healthz HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(count));
    let long = format!("GET /healthz HTTP/1.1\r\nX: {}", "y".repeat(17_000));
    let shapeless = ["garbage\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nno header\r\n\r\n"];
    for bytes in shapeless.into_iter().chain([&many(65), &many(101), &long].map(String::as_str)) {
        let refused = server.public.raw(bytes.as_bytes(), PATIENCE).await;
        assert!(refused.closed && refused.statuses() == [400], "{refused:?}");
        let (head, body) = refused.text.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["error"], &body["errcode"]), (&"bad_request".into(), &(-400).into()), "{body}");
        assert!(body["hint"].is_string() && body["errmsg"].is_string(), "{body}");
        assert!(head.contains(&format!("x-request-id: {}", body["rid"].as_str().unwrap())), "{refused:?}");
        for line in ["cache-control: no-store", "content-type: application/json", "x-content-type-options: nosniff"] {
            assert!(head.contains(line), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn nothing_of_the_internal_listener_answers_on_the_public_one() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let At::Tcp(internal) = server.internal.clone() else { unreachable!() };
    let status = async |at: &At, line: &str, host: &str| {
        let bytes = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {skey}\r\nX-Original-URL: /forward-auth\r\n\
             X-Rewrite-URL: /forward-auth\r\nX-Forwarded-Host: {internal}\r\nConnection: close\r\n\r\n"
        );
        at.raw(bytes.as_bytes(), PATIENCE).await
    };
    let reached = status(&server.internal, "GET /forward-auth", "a").await;
    assert!(reached.statuses() == [200] && reached.text.contains("wxgate-openid"), "{reached:?}");

    let absolute = [format!("GET http://{internal}/forward-auth"), format!("CONNECT {internal}")];
    let tricks = [
        "GET /forward-auth",
        "GET /forward-auth/nginx",
        "GET /introspect",
        "POST /introspect",
        "GET /readyz",
        "GET /metrics",
        "GET /api/v1/members",
        "GET /console/",
        "GET /openapi.json",
        "GET //forward-auth",
        "GET /./forward-auth",
        "GET /v1/../forward-auth",
        "GET /v1/session/../../forward-auth",
        "GET /v1/%2e%2e/forward-auth",
        "GET /v1/..%2fforward-auth",
        "GET /%66orward-auth",
        "GET /forward-auth;a=b",
        "GET /forward-auth%00",
        "GET /forward-auth?x=/healthz",
        "GET /healthz/../forward-auth",
        "GET /FORWARD-AUTH",
        "GET forward-auth",
        "GET \\forward-auth",
        "OPTIONS *",
        "TRACE /forward-auth",
    ];
    for line in tricks.into_iter().chain(absolute.iter().map(String::as_str)) {
        for host in ["a", internal.as_str()] {
            let answer = status(&server.public, line, host).await;
            let refused = matches!(answer.statuses()[..], [400 | 404 | 405]);
            assert!(answer.closed && refused && !answer.text.contains("wxgate-"), "{line}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_skey_in_a_url_is_refused() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    for query in [format!("skey={skey}"), format!("access={skey}"), "skey=1".to_owned()] {
        let answer = server.public.send(get(&format!("/v1/session?{query}")).bearer(&skey)).await;
        assert_eq!((answer.status, answer.text("error")), (400, "bad_request".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn both_listeners_may_be_unix_sockets_which_go_with_the_server() {
    let bench = Bench::new().await;
    let sockets = ["public", "internal"].map(|name| bench.dir().join(format!("{name}.sock")));
    let settings = [
        format!("listen.public=unix:{}", sockets[0].display()),
        format!("listen.internal=unix:{}", sockets[1].display()),
    ];
    let settings = [settings[0].as_str(), settings[1].as_str()];
    // The sockets of a server that was killed are in nobody's way.
    bench.serve_with(&settings).await.kill().await;
    assert!(sockets.iter().all(|socket| socket.exists()));
    let server = bench.serve_with(&settings).await;
    let skey = server.login(&bench.code("alice")).await;
    assert_eq!(server.internal.send(get("/forward-auth").bearer(&skey)).await.status, 200);
    for socket in &sockets {
        assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o660);
    }
    let healthy = bench.run(&["healthcheck", "--set", settings[0]], "").await;
    assert_eq!(healthy.code, Some(0), "{}", healthy.stderr);
    assert_eq!(server.stop().await.code, Some(0));
    assert!(sockets.iter().all(|socket| !socket.exists()));
}
