//! What a broken or hostile WeChat does, and what a login is told of it.

use super::wechat::{Act, Then};

/// What becomes of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The login succeeds.
    Good,
    /// No answer.
    Unreachable,
    /// None that can be read.
    Unreadable,
    /// WeChat's number.
    Refused(i64),
}

pub struct Behaviour {
    pub name: &'static str,
    pub act: Act,
    pub outcome: Outcome,
    /// Whether only the clock ends it.
    pub waits: bool,
}

/// What WeChat answers to a good code.
pub const GOOD: &str = r#"{"session_key":"ABEiM0RVZneImaq7zN3u/w==","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}"#;

/// An answer with its length.
pub fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub fn good() -> Act {
    Act::Say(answer("200 OK", GOOD), Then::Keep)
}

fn said(name: &'static str, body: &str, outcome: Outcome) -> Behaviour {
    Behaviour { name, act: Act::Say(answer("200 OK", body), Then::Keep), outcome, waits: false }
}

fn headed(name: &'static str, head: &str, body: &str, outcome: Outcome) -> Behaviour {
    Behaviour { name, act: Act::Say(answer(head, body), Then::Keep), outcome, waits: false }
}

fn raw(name: &'static str, bytes: &str, then: Then, outcome: Outcome) -> Behaviour {
    let waits = matches!(then, Then::Silence | Then::Drip(_));
    Behaviour { name, act: Act::Say(bytes.as_bytes().to_vec(), then), outcome, waits }
}

/// All of them.
pub fn all() -> Vec<Behaviour> {
    [connections(), endless(), heads(), bodies()].into_iter().flatten().collect()
}

fn connections() -> Vec<Behaviour> {
    use Outcome::Unreachable;
    const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"openid\":";
    vec![
        Behaviour { name: "reset before the request", act: Act::Refuse, outcome: Unreachable, waits: false },
        raw("reset after the request", "", Then::Reset, Unreachable),
        raw("reset within the head", "HTTP/1.1 200 OK\r\nConte", Then::Reset, Unreachable),
        raw("reset within the body", HALF, Then::Reset, Unreachable),
        raw("end after the request", "", Then::Close, Unreachable),
        raw("end within the head", "HTTP/1.1 200 OK\r\nConte", Then::Close, Unreachable),
        raw("end within the body", HALF, Then::Close, Unreachable),
        raw("silence", "", Then::Silence, Unreachable),
        raw("silence within the head", "HTTP/1.1 200 OK\r\n", Then::Silence, Unreachable),
        raw("silence within the body", HALF, Then::Silence, Unreachable),
        raw("a head byte by byte", "HTTP/1.1 200 OK\r\nX: ", Then::Drip(b"x"), Unreachable),
        raw("a body byte by byte", HALF, Then::Drip(b" "), Unreachable),
    ]
}

fn endless() -> Vec<Behaviour> {
    use Outcome::{Unreachable, Unreadable};
    let flood =
        |name, head: &str, unit, outcome| raw(name, &format!("HTTP/1.1 {head}\r\n"), Then::Flood(unit), outcome);
    vec![
        flood("a gibibyte", "200 OK\r\nContent-Length: 1073741824\r\n", b" ", Unreadable),
        flood("a body to the end of the connection", "200 OK\r\n", b" ", Unreadable),
        flood("one endless chunk", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff", b" ", Unreadable),
        flood(
            "chunks without end",
            "200 OK\r\nTransfer-Encoding: chunked\r\n",
            b"10\r\n                \r\n",
            Unreadable,
        ),
        flood("a head without end", "200 OK", b"X: yyyyyyyy\r\n", Unreachable),
        flood("a header without end", "200 OK\r\nX: ", b"y", Unreachable),
        flood("compressed without end", "200 OK\r\nContent-Encoding: gzip\r\n", b"\x1f\x8b\x08\x00", Unreadable),
    ]
}

fn heads() -> Vec<Behaviour> {
    use Outcome::{Good, Unreachable, Unreadable};
    let html = "<html><h1>System busy</h1></html>";
    vec![
        raw("no HTTP", "SSH-2.0-OpenSSH_9.9\r\n\r\n", Then::Close, Unreachable),
        raw("a status that is none", "HTTP/1.1 abc OK\r\n\r\n", Then::Close, Unreachable),
        raw("a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}", Then::Close, Unreachable),
        raw(
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            Then::Close,
            Unreachable,
        ),
        headed("a length that is too small", "200 OK\r\nConnection: close", &GOOD[..40], Unreadable),
        raw("no content", "HTTP/1.1 204 No Content\r\n\r\n", Then::Keep, Unreadable),
        raw("another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Then::Close, Unreadable),
        headed("301", "301 Moved\r\nLocation: http://127.0.0.1:1/", GOOD, Unreadable),
        headed("302", "302 Found\r\nLocation: /sns/jscode2session", GOOD, Unreadable),
        headed("307", "307 Temporary Redirect\r\nLocation: /", "", Unreadable),
        headed("404", "404 Not Found", "", Unreadable),
        headed("500", "500 Internal Server Error", GOOD, Unreadable),
        headed("502", "502 Bad Gateway\r\nContent-Type: text/html", html, Unreadable),
        headed("503", "503 Service Unavailable\r\nRetry-After: 3600", html, Unreadable),
        headed("said to be compressed", "200 OK\r\nContent-Encoding: br", GOOD, Unreadable),
        headed("another type", "200 OK\r\nContent-Type: image/png", GOOD, Good),
        raw("HTTP/1.0", &format!("HTTP/1.0 200 OK\r\n\r\n{GOOD}"), Then::Close, Good),
    ]
}

fn bodies() -> Vec<Behaviour> {
    use Outcome::{Good, Refused, Unreadable};
    let deep = format!("{{\"openid\":{}", "[".repeat(60_000));
    let twice = GOOD.replace('{', r#"{"openid":"mallory","#);
    vec![
        said("nothing", "", Unreadable),
        said("HTML", "<!doctype html><title>maintenance</title>", Unreadable),
        said("half of it", &GOOD[..GOOD.len() / 2], Unreadable),
        said("a list", &format!("[{GOOD}]"), Unreadable),
        said("a depth without end", &deep, Unreadable),
        said("openid twice", &twice, Unreadable),
        said("errcode twice", r#"{"errcode":0,"errcode":40029,"errmsg":""}"#, Unreadable),
        said("half a surrogate", &GOOD.replace("oGZ", "\\ud800"), Unreadable),
        said("an openid of 4,000 characters", &GOOD.replace("oGZ", &"o".repeat(4_000)), Unreadable),
        said("a session_key of another length", &GOOD.replace("w==", "w"), Unreadable),
        said("no openid", r#"{"errcode":0,"session_key":"ABEiM0RVZneImaq7zN3u/w=="}"#, Unreadable),
        said("an openid that is a number", &GOOD.replace("\"oGZUI0egBJY1zhBYw2KhdUfwVJJE\"", "1"), Unreadable),
        said("an errcode out of range", r#"{"errcode":1e99,"errmsg":"no"}"#, Unreadable),
        said("an errcode that is true", r#"{"errcode":true,"errmsg":"no"}"#, Unreadable),
        said("an errcode that is a string", r#"{"errcode":"40029","errmsg":"no"}"#, Refused(40029)),
        said("an errcode beside a login", &GOOD.replace('{', r#"{"errcode":40163,"#), Refused(40163)),
        said("busy", r#"{"errcode":-1,"errmsg":"system error"}"#, Refused(-1)),
        said("an errcode of 0", &GOOD.replace('{', r#"{"errcode":0,"errmsg":"ok","#), Good),
    ]
}
