//! Calls that the client knows nothing of.

use serde_json::json;
use wx_client::{Error, RawCall, WeChat};

use crate::server::{Act, Server};
use crate::{APPID, TOKEN, client};

fn code_call() -> RawCall {
    let body = json!({ "scene": "a=1" }).to_string().into_bytes();
    RawCall::new("wxa/getwxacodeunlimit", "x=%20y&access_token=canary").unwrap().body(Some("application/json"), body)
}

fn token(text: &str) -> Act {
    Act::json(json!({ "access_token": text, "expires_in": 7200 }).to_string())
}

#[tokio::test]
async fn an_answer_comes_back_byte_for_byte_with_its_status_and_type() {
    let picture: Vec<u8> = b"\xff\xd8\xff\x00\r\n\r\n{".iter().copied().cycle().take(300_000).collect();
    let answers = [
        Act::http("200 OK\r\nContent-Type: image/jpeg", &picture),
        Act::http("412 Precondition Failed", ""),
        Act::http("200 OK\r\nContent-Type: text/plain", r#"{"errcode":41030,"errmsg":"invalid page"}"#),
    ];
    let server = Server::start([Act::json(TOKEN)].into_iter().chain(answers)).await;
    let client = client(&server);
    let answer = client.call_raw(APPID, &code_call()).await.unwrap();
    assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("image/jpeg")));
    assert!(answer.body == picture);
    let answer = client.call_raw(APPID, &code_call()).await.unwrap();
    assert_eq!((answer.status, answer.content_type, answer.body), (412, None, Vec::new()));
    let answer = client.call_raw(APPID, &code_call()).await.unwrap();
    assert!(answer.body.starts_with(b"{\"errcode\":41030"), "a refusal is an answer");
    let asked = &server.requests()[1];
    assert_eq!(asked.line, "POST /wxa/getwxacodeunlimit?access_token=77_token-A&x=%20y HTTP/1.1");
    assert_eq!(
        (asked.body.as_str(), asked.headers["content-type"].as_str()),
        (r#"{"scene":"a=1"}"#, "application/json")
    );
    assert_eq!(asked.headers["content-length"], asked.body.len().to_string());
}

#[tokio::test]
async fn a_call_without_a_body_is_a_get() {
    let server = Server::start([Act::json(TOKEN), Act::json(r#"{"ip_list":[]}"#)]).await;
    let call = RawCall::new("cgi-bin/getcallbackip", "").unwrap().body(None, Vec::new());
    assert_eq!(client(&server).call_raw(APPID, &call).await.unwrap().body, br#"{"ip_list":[]}"#);
    assert_eq!(server.lines()[1], "GET /cgi-bin/getcallbackip?access_token=77_token-A HTTP/1.1");
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_call_repeated_once() {
    let refusal = || Act::text(r#"{"errcode":40001,"errmsg":"not latest"}"#);
    let server = Server::start([token("A"), refusal(), token("B"), refusal()]).await;
    let answer = client(&server).call_raw(APPID, &code_call()).await.unwrap();
    assert_eq!(answer.body, br#"{"errcode":40001,"errmsg":"not latest"}"#, "the second refusal is the answer");
    let tokens: Vec<_> = server.lines().iter().map(|line| line.contains("access_token=B")).collect();
    assert_eq!(tokens, [false, false, false, true]);
}

#[tokio::test]
async fn redirects_and_answers_without_end_are_none() {
    let acts = [
        Act::json(TOKEN),
        Act::http("302 Found\r\nLocation: https://example.com/?access_token=A", ""),
        Act::Endless("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 1073741824\r\n\r\n"),
        Act::Close,
    ];
    let server = Server::start(acts).await;
    let client = client(&server);
    for reason in ["redirect", "too large"] {
        match client.call_raw(APPID, &code_call()).await.unwrap_err() {
            Error::Unreadable { reason: said } => assert_eq!(said, reason),
            other => panic!("{other:?}"),
        }
    }
    let error = client.call_raw(APPID, &code_call()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { sent: true, .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("token-A"));
}
