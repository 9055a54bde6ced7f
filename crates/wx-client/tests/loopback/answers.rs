//! What a network, a proxy or a broken WeChat can answer, and what it comes to.

use wx_client::{Class, Error, WeChat};

use crate::server::{Act, Server};
use crate::{APPID, LOGIN, client};

async fn login(act: Act) -> (Result<(), Error>, Server) {
    let server = Server::start([act]).await;
    let result = client(&server).code2session(APPID, "code").await.map(|_| ());
    (result, server)
}

#[tokio::test]
async fn an_answer_that_is_not_plain_json_with_2xx_cannot_be_read() {
    let redirect = "302 Found\r\nLocation: /sns/jscode2session";
    for (what, act) in [
        ("302", Act::http(redirect, LOGIN)),
        ("307", Act::http("307 Temporary Redirect\r\nLocation: /elsewhere", "")),
        ("304", Act::Answer(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())),
        ("400", Act::http("400 Bad Request", LOGIN)),
        ("404", Act::http("404 Not Found", "")),
        ("412", Act::http("412 Precondition Failed", "")),
        ("500", Act::http("500 Internal Server Error", LOGIN)),
        ("502", Act::http("502 Bad Gateway\r\nContent-Type: text/html", "<html>502</html>")),
        ("no content", Act::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())),
        ("nothing", Act::text("")),
        ("HTML", Act::http("200 OK\r\nContent-Type: text/html", "<html>maintenance</html>")),
        ("half of it", Act::text(&LOGIN[..LOGIN.len() / 2])),
        (
            "no UTF-8",
            Act::text(LOGIN.replace("oGZ", "\u{1}").into_bytes().iter().map(|b| b | 0x80).collect::<Vec<_>>()),
        ),
        ("a list", Act::text(format!("[{LOGIN}]"))),
        ("gzip", Act::http("200 OK\r\nContent-Encoding: gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")),
        ("said to be gzip", Act::http("200 OK\r\nContent-Encoding: gzip", LOGIN)),
        ("too large", Act::text(format!("{LOGIN}{}", " ".repeat(64 * 1024 + 1 - LOGIN.len())))),
    ] {
        let (result, server) = login(act).await;
        assert!(matches!(result, Err(Error::Unreadable { .. })), "{what}: {result:?}");
        assert_eq!(server.requests().len(), 1, "{what}: asked once, followed nowhere");
    }
}

#[tokio::test]
async fn an_answer_may_be_chunked_marked_as_identity_and_64_kib_long() {
    let (first, second) = LOGIN.split_at(20);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    for (what, act) in [
        ("chunked", Act::Answer(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").into_bytes())),
        ("identity", Act::http("200 OK\r\nContent-Encoding: identity", LOGIN)),
        ("201", Act::http("201 Created", LOGIN)),
        ("no type", Act::http("200 OK", LOGIN)),
        ("a sandbox on loopback", Act::http("200 OK\r\nX-Sandbox: 1", LOGIN)),
        ("64 KiB", Act::text(format!("{LOGIN}{}", " ".repeat(64 * 1024 - LOGIN.len())))),
    ] {
        let (result, _server) = login(act).await;
        assert!(result.is_ok(), "{what}: {result:?}");
    }
}

#[tokio::test]
async fn a_gibibyte_is_not_read() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n",
    ] {
        let (result, server) = login(Act::Endless(head)).await;
        assert!(matches!(result, Err(Error::Unreadable { reason: "too large" })), "{head}: {result:?}");
        // What is beyond 64 KiB lay in the buffers of the two sockets.
        assert!(server.written() < 1 << 24, "{head}: {}", server.written());
    }
}

#[tokio::test]
async fn a_refusal_carries_wechats_number_and_what_support_asks_for() {
    for (errcode, class) in [
        (-1, Class::Retry),
        (40029, Class::User),
        (40163, Class::User),
        (40226, Class::Denied),
        (45011, Class::Limit),
        (40013, Class::Configuration),
        (40125, Class::Configuration),
        (41008, Class::Parameter),
        (40001, Class::Token),
        (12345, Class::Unknown),
    ] {
        let body = format!(r#"{{"errcode":{errcode},"errmsg":"no, rid: 623ea70a-74b9b592-3e3d489a"}}"#);
        let (result, server) = login(Act::text(body)).await;
        let error = result.unwrap_err();
        assert_eq!((error.errcode(), error.class()), (Some(errcode), class));
        let Error::Refused { errmsg, rid, .. } = error else { panic!("{error}") };
        assert_eq!(errmsg, "no, rid: 623ea70a-74b9b592-3e3d489a");
        assert_eq!(rid.as_deref(), Some("623ea70a-74b9b592-3e3d489a"));
        assert_eq!(server.requests().len(), 1, "a code is sent once, whatever the answer");
    }
}
