//! Requests whose length can be read in two ways. Behind a proxy that reads the other one, a second request would hide
//! in the first: such a connection ends with at most one answer.

use std::time::Duration;

use wxgate_sandbox::Endpoint;

use crate::support::{Bench, Raw, Server};

/// Only a connection that is kept open is waited for so long.
const PATIENCE: Duration = Duration::from_secs(3);
/// What would hide: its answer is known by its body.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const HIDDENS_ANSWER: &str = r#""status":"ok""#;

/// Sends a login with these header lines and this body, and the hidden request behind it.
async fn send(server: &Server, lines: &str, body: &str) -> Raw {
    let head = format!("POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{lines}\r\n");
    server.public.raw(format!("{head}{body}{HIDDEN}").as_bytes(), PATIENCE).await
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

#[tokio::test]
async fn a_request_of_two_lengths_is_never_read_as_two_requests() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let mut read_as_two = Vec::new();
    for (lines, body) in SHAPES {
        let answer = send(&server, lines, body).await;
        if !answer.closed || answer.statuses().len() > 1 || answer.text.contains(HIDDENS_ANSWER) {
            read_as_two.push((lines, body, answer));
        }
    }
    assert!(read_as_two.is_empty(), "{read_as_two:#?}");
}

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

#[tokio::test]
async fn a_login_whose_length_is_said_twice_is_refused_and_not_carried_out() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    for (lines, chunked) in READABLE {
        let login = format!("{{\"code\":\"{}\"}}", bench.code("alice"));
        let lines = lines.replace("LENGTH", &login.len().to_string());
        let body = if *chunked { format!("{:x}\r\n{login}\r\n0\r\n\r\n", login.len()) } else { login };
        let answer = send(&server, &lines, &body).await;
        assert_eq!((answer.statuses(), answer.closed), (vec![400], true), "{lines:?} {answer:?}");
    }
    assert!(bench.calls(Endpoint::Code2Session).is_empty());
}

#[tokio::test]
async fn requests_of_one_length_each_are_two_requests() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    for (lines, body) in [("Content-Length: 2\r\n", "{}"), ("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n")] {
        let answer = send(&server, lines, body).await;
        assert_eq!((answer.statuses(), answer.closed), (vec![400, 200], true), "{lines}");
        assert!(answer.text.contains(HIDDENS_ANSWER), "{lines}");
    }
}
