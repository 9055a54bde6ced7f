//! H3: requests whose length can be read in two ways. Behind a proxy that reads the other one, a second request would hide
//! in the first: such a connection ends with at most one answer.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wxgate_sandbox::Endpoint;

use crate::nginx::Nginx;
use crate::support::{At, Bench, Raw, get, post};

/// Only a connection that is kept open is waited for so long.
const PATIENCE: Duration = Duration::from_secs(3);
/// What would hide: its answer is known by its body.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const HIDDENS_ANSWER: &str = r#""status":"ok""#;

/// Sends a login with these header lines and this body, and the hidden request behind it.
async fn send(at: &At, lines: &str, body: &str) -> Raw {
    let head = format!("POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{lines}\r\n");
    at.raw(format!("{head}{body}{HIDDEN}").as_bytes(), PATIENCE).await
}

/// Header lines with two meanings, or none, and a body that is whole by one of them.
const SHAPES: &[(&str, &str)] = &[
    ("Content-Length: 2\r\nContent-Length: 40\r\n", "{}"),
    ("Content-Length: 40\r\nContent-Length: 2\r\n", "{}"),
    ("Content-Length: 2, 40\r\n", "{}"),
    ("Content-Length: 2, 2\r\n", "{}"),
    ("Content-Length: -2\r\n", "{}"),
    ("Content-Length: +2\r\n", "{}"),
    ("Content-Length:\r\n", ""),
    ("Content-Length: \r\n", ""),
    ("Content-Length: 0x2\r\n", "{}"),
    ("Content-Length: 2 0\r\n", "{}"),
    ("Content-Length: 2.0\r\n", "{}"),
    ("Content-Length: 2;a\r\n", "{}"),
    ("Content-Length: two\r\n", "{}"),
    ("Content-Length: 99999999999999999999\r\n", "{}"),
    ("Content-Length: 18446744073709551618\r\n", "{}"),
    ("Content-Length : 2\r\n", "{}"),
    ("Content-Length\t: 2\r\n", "{}"),
    (" Content-Length: 2\r\n", "{}"),
    ("Content-Length: 2\r\n 0\r\n", "{}"),
    ("Content-Length\u{b}: 2\r\n", "{}"),
    ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Content-Length: 2\r\nTransfer-Encoding: identity\r\n", "{}"),
    ("Content-Length: 2\r\nTransfer-Encoding: gzip\r\n", "{}"),
    ("Transfer-Encoding: identity\r\n", "{}"),
    ("Transfer-Encoding: chunked, identity\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: xchunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked;q=1\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding : chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding:\u{b}chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: \"chunked\"\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "+2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "2\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "2\r\n{}0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "10000000000000002\r\n{}\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "\r\n0\r\n\r\n"),
];

/// Shapes that the standard lets a server read, one way or the other.
const READABLE: &[(&str, bool)] = &[
    ("Content-Length: LENGTH\r\nContent-Length: LENGTH\r\n", false),
    ("X-A: b\nContent-Length: LENGTH\r\n", false),
    ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", true),
    ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", true),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", true),
    ("Transfer-Encoding: chunked, chunked\r\n", true),
    ("Transfer-Encoding: gzip, chunked\r\n", true),
];

/// A login in one of the readable shapes.
fn readable(lines: &str, chunked: bool, code: &str) -> (String, String) {
    let login = format!("{{\"code\":\"{code}\"}}");
    let lines = lines.replace("LENGTH", &login.len().to_string());
    let body = if chunked { format!("{:x}\r\n{login}\r\n0\r\n\r\n", login.len()) } else { login };
    (lines, body)
}

/// A proxy that passes everything on at once, over connections that it keeps, but for what hides.
const PROXY: &str = "location = /healthz { return 403; }\n    location / {\n      proxy_pass http://public;\n      \
                     proxy_http_version 1.1; proxy_set_header Connection ''; proxy_request_buffering off;\n    }";

#[tokio::test]
async fn smuggling_corpus() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    for (lines, body) in SHAPES {
        let answer = send(&server.public, lines, body).await;
        let refused = answer.statuses().iter().all(|status| (400..500).contains(status));
        assert!(answer.closed && refused && answer.statuses().len() <= 1, "{lines:?} {body:?} {answer:?}");
    }
    for (lines, chunked) in READABLE {
        let (lines, body) = readable(lines, *chunked, &bench.code("alice"));
        let answer = send(&server.public, &lines, &body).await;
        assert_eq!((answer.statuses(), answer.closed), (vec![400], true), "{lines:?} {answer:?}");
    }
    assert!(bench.calls(Endpoint::Code2Session).is_empty());
}

#[tokio::test]
async fn smuggling_corpus_through_nginx() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let nginx = Nginx::start(&server, PROXY).await;
    let login = post("/v1/login").json(&json!({ "code": bench.code("alice") }));
    assert_eq!(nginx.at.send(login).await.status, 200, "an ordinary login passes");
    assert_eq!(nginx.at.send(get("/healthz")).await.status, 403, "what hides does not pass by itself");
    for (number, (lines, body)) in SHAPES.iter().enumerate() {
        let answer = send(&nginx.at, lines, body).await;
        assert!(!answer.text.contains(HIDDENS_ANSWER), "{lines:?} {body:?} {answer:?}");
        assert!(!answer.text.starts_with("HTTP/1.1 2"), "{lines:?} {body:?} {answer:?}");
        // Whoever comes next over the proxy's kept connection gets the answer to their own request.
        let next = nginx.at.send(get(&format!("/v1/number-{number}"))).await;
        assert_eq!(next.status, 404, "{lines:?} {body:?} {next:?}");
    }
    for (lines, chunked) in READABLE {
        let (lines, body) = readable(lines, *chunked, &bench.code("alice"));
        let answer = send(&nginx.at, &lines, &body).await;
        assert!(!answer.text.contains(HIDDENS_ANSWER), "{lines:?} {answer:?}");
    }
    // Where nginx made one plain request of it, it is one login.
    let logins = bench.calls(Endpoint::Code2Session).len();
    assert!(logins <= 1 + READABLE.len(), "{logins}");
}

#[tokio::test]
async fn what_follows_a_request_before_its_answer_is_not_read() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let login = format!("{{\"code\":\"{}\"}}", bench.code("alice"));
    let hidden = format!(
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{login}\r\n0\r\n\r\n",
        login.len()
    );
    for first in [
        "GET /v1/session HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\n{}\r\n0\r\n\r\n",
    ] {
        let answer = server.public.raw(format!("{first}{hidden}").as_bytes(), PATIENCE).await;
        assert!(answer.closed && answer.statuses().len() == 1, "{first} {answer:?}");
        assert!(answer.text.contains("connection: close"), "{first} {answer:?}");
    }
    assert!(bench.calls(Endpoint::Code2Session).is_empty());
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let mut connection = server.public.connect().await.unwrap();
    for body in [None, Some("{}"), None] {
        let request = match body {
            None => "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            Some(body) => format!(
                "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        };
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Both bodies end in a brace, and nothing else of an answer does.
        while !answer.ends_with(b"}") {
            assert_ne!(connection.read_buf(&mut answer).await.unwrap(), 0, "{body:?}");
        }
        assert!(!String::from_utf8(answer).unwrap().contains("connection: close"), "{body:?}");
    }
}
