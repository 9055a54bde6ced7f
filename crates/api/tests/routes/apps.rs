//! The token centre, and WeChat's interfaces behind it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use wx_client::TokenKeep;

use super::support::push::channel;
use super::support::{APPID, Answer, TestApp, raw, request};

const JSON: Option<&str> = Some("application/json");

fn at(rest: &str) -> String {
    format!("/api/v1/apps/{APPID}/{rest}")
}

fn signed(mut request: Request<Full<Bytes>>, token: &str) -> Request<Full<Bytes>> {
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn call(app: &TestApp, token: &str, path: &str, body: &'static str) -> Answer {
    app.send_inside(signed(raw("POST", &at(&format!("wechat/{path}")), JSON, body), token)).await
}

#[tokio::test]
async fn the_apps_are_listed_without_their_secrets() {
    let app = TestApp::with(|settings| {
        settings.appids.push("wxffffffffffffffff".to_owned());
        settings.push.insert("wxffffffffffffffff".to_owned(), channel("wxffffffffffffffff"));
    })
    .await;
    let token = app.api_token(&["wechat:token"]).await;
    let answer = app.send_inside(request("GET", "/api/v1/apps", Some(&token), None)).await;
    let listed = json!([{ "appid": APPID, "push": false }, { "appid": "wxffffffffffffffff", "push": true }]);
    assert_eq!(answer.ok()["apps"], listed);
}

#[tokio::test]
async fn services_share_one_access_token_and_report_one_that_was_refused() {
    let app = TestApp::new().await;
    let token = app.api_token(&["wechat:token"]).await;
    let shared = app.send_inside(request("GET", &at("access-token"), Some(&token), None)).await;
    let expected = json!({ "errcode": 0, "errmsg": "ok", "access_token": "77_first", "expires_in": 7200 });
    assert_eq!((shared.ok(), shared.header("cache-control")), (&expected, "no-store"));
    let stale = json!({ "access_token": "77_first" });
    let next = app.send_inside(request("POST", &at("access-token/stale"), Some(&token), Some(stale))).await;
    assert_eq!(next.ok()["access_token"], "77_second");
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_told_by_its_cause() {
    let app = TestApp::new().await;
    let token = app.api_token(&["wechat:token"]).await;
    let failures: [(fn() -> wx_client::Error, _, _, _); 4] = [
        (|| refused(40125), "wechat_refused", 502, 40125),
        (|| refused(40164), "wechat_refused", 502, 40164),
        (|| refused(45009), "too_many_requests", 429, 45009),
        (|| wx_client::Error::Unreadable { reason: "scripted" }, "wechat_unreachable", 503, -503),
    ];
    for (failure, word, status, errcode) in failures {
        app.wechat.fail(failure);
        let answer = app.send_inside(request("GET", &at("access-token"), Some(&token), None)).await;
        answer.failed(word, status, errcode);
    }
}

fn refused(errcode: i64) -> wx_client::Error {
    wx_client::Error::Refused { errcode, errmsg: "scripted".into(), rid: None }
}

#[tokio::test]
async fn wechats_answer_comes_back_as_it_came() {
    let app = TestApp::new().await;
    let token = app.api_token(&["wechat:call"]).await;
    let picture = [b"\xff\xd8\xff\xe0\x00\r\n".as_slice(), &vec![0x80; 100_000]].concat();
    app.wechat.answers(200, Some("image/jpeg"), &picture);
    let answer = call(&app, &token, "wxa/getwxacodeunlimit?x=1&access_token=canary", "{\"scene\":\"a\"}").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert!(answer.bytes == picture);
    let refusal = br#"{"errcode":41030,"errmsg":"invalid page hint: [x] rid: 1"}"#;
    app.wechat.answers(200, Some("text/plain"), refusal);
    let answer = call(&app, &token, "cgi-bin/message/subscribe/send", "{}").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain"));
    assert_eq!(answer.bytes.as_ref(), refusal);
    app.wechat.answers(200, None, b"");
    let answer = call(&app, &token, "wxa/x", "").await;
    assert_eq!((answer.bytes.len(), answer.headers.get("content-type")), (0, None));
    let called = app.wechat.called_raw.lock().unwrap().join(" ");
    assert!(called.contains("\"/wxa/getwxacodeunlimit\"") && !called.contains("canary"), "{called}");
}

#[tokio::test]
async fn only_what_is_listed_is_called_and_no_trick_gets_around_it() {
    let app = TestApp::new().await;
    let token = app.api_token(&["admin"]).await;
    for path in [
        "cgi-bin/user/info",
        "wxabc/x",
        "cgi-bin/messages",
        "sns/jscode2session",
        "cgi-bin/token",
        "cgi-bin/stable_token",
        "cgi-bin/clear_quota",
        "wxa/../cgi-bin/token",
        "wxa/%2e%2e/cgi-bin/token",
        "wxa/..%2fcgi-bin/token",
        "wxa//x",
        "//wxa/x",
        "wxa%2Fx",
        "wxa/x%3Fy",
        "wxa/x%23y",
        "wxa/x%00",
        "https://example.com/wxa/x",
        "wxa/x;y",
        "WXA/x",
    ] {
        call(&app, &token, path, "{}").await.failed("forbidden", 403, -403);
    }
    let nothing = TestApp::with(|settings| settings.calls.allowed.clear()).await;
    let token = nothing.api_token(&["admin"]).await;
    call(&nothing, &token, "wxa/getwxacode", "{}").await.failed("forbidden", 403, -403);
    assert_eq!(app.wechat.calls() + nothing.wechat.calls(), 0);
}

#[tokio::test]
async fn no_configuration_lists_what_is_never_called() {
    let app = TestApp::with(|settings| settings.calls.allowed = vec!["cgi-bin".into(), "sns".into()]).await;
    let token = app.api_token(&["wechat:call"]).await;
    for path in ["sns/jscode2session", "cgi-bin/token", "cgi-bin/stable_token", "cgi-bin/clear_quota/v2"] {
        call(&app, &token, path, "{}").await.failed("forbidden", 403, -403);
    }
    assert_eq!(app.wechat.calls(), 0);
}

#[tokio::test]
async fn a_call_has_its_limits() {
    let app = TestApp::new().await;
    let token = app.api_token(&["wechat:call"]).await;
    let send = |content_type: Option<&'static str>, body: Vec<u8>| {
        app.send_inside(signed(raw("POST", &at("wechat/wxa/x"), content_type, body), &token))
    };
    app.wechat.answers(200, None, b"{}");
    assert_eq!(send(Some("multipart/form-data; boundary=x"), vec![b'x'; 1024 * 1024]).await.status, 200);
    send(JSON, vec![b'x'; 1024 * 1024 + 1]).await.failed("too_large", 413, -413);
    send(JSON, vec![b'x'; 3 * 1024 * 1024]).await.failed("too_large", 413, -413);
    let mut packed = signed(raw("POST", &at("wechat/wxa/x"), JSON, "{}"), &token);
    packed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    app.send_inside(packed).await.failed("unsupported_media_type", 415, -415);
}

/// Method, path, token, body → word, status.
type Row<'a> = (&'static str, String, Option<&'a str>, Value, &'static str, u16);

#[tokio::test]
async fn requests_are_answered_by_the_table() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let (tokens, calls) = (app.api_token(&["wechat:token"]).await, app.api_token(&["wechat:call"]).await);
    let none = || json!(null);
    let stale = || json!({ "access_token": "x" });
    let rows: Vec<Row<'_>> = vec![
        ("GET", "/api/v1/apps".into(), None, none(), "unauthorized", 401),
        ("GET", "/api/v1/apps".into(), Some(&skey), none(), "unauthorized", 401),
        ("GET", "/api/v1/apps".into(), Some(&calls), none(), "forbidden", 403),
        ("GET", at("access-token"), None, none(), "unauthorized", 401),
        ("GET", at("access-token"), Some(&calls), none(), "forbidden", 403),
        ("GET", "/api/v1/apps/wxffffffffffffffff/access-token".into(), Some(&tokens), none(), "not_found", 404),
        ("POST", at("access-token"), Some(&tokens), stale(), "method_not_allowed", 405),
        ("POST", at("access-token/stale"), None, stale(), "unauthorized", 401),
        ("POST", at("access-token/stale"), Some(&calls), stale(), "forbidden", 403),
        ("POST", at("access-token/stale"), Some(&tokens), json!({}), "bad_request", 400),
        ("POST", at("access-token/stale"), Some(&tokens), json!({ "access_token": "" }), "bad_request", 400),
        ("POST", at("access-token/stale"), Some(&tokens), json!({ "access_token": 1 }), "bad_request", 400),
        ("POST", at("access-token/stale"), Some(&tokens), json!({ "token": "x" }), "bad_request", 400),
        ("POST", at("wechat/wxa/x"), None, json!({}), "unauthorized", 401),
        ("POST", at("wechat/wxa/x"), Some(&tokens), json!({}), "forbidden", 403),
        ("POST", "/api/v1/apps/wxffffffffffffffff/wechat/wxa/x".into(), Some(&calls), json!({}), "not_found", 404),
        ("GET", at("wechat/wxa/x"), Some(&calls), none(), "method_not_allowed", 405),
        ("POST", at("wechat"), Some(&calls), json!({}), "not_found", 404),
    ];
    for (method, path, token, body, word, status) in rows {
        let body = Some(body).filter(|body| !body.is_null());
        let answer = app.send_inside(request(method, &path, token, body)).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(word)), "{method} {path}");
        answer.failed(word, status, -i64::from(status));
        let public = app.send(request(method, &path, token, None)).await;
        public.failed("not_found", 404, -404);
    }
}

#[tokio::test]
async fn how_often_a_token_was_forced_today_outlives_a_restart() {
    let seconds = |ago: &[u64]| ago.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    let app = TestApp::new().await;
    app.token_keep().note_forced(APPID).await;
    app.clock.advance(100);
    app.token_keep().note_forced(APPID).await;
    let app = app.restarted("").await;
    app.clock.advance(10);
    assert_eq!(app.token_keep().forced(APPID).await, seconds(&[110, 10]));
    assert_eq!(app.token_keep().forced("wx00000000000000ff").await, seconds(&[]));
    // A clock that is put back by an hour makes them no older, and one that was ten years ahead made them up.
    app.clock.advance(-3600);
    assert_eq!(app.token_keep().forced(APPID).await, seconds(&[0, 0]));
    app.clock.advance(-3650 * 86_400);
    assert_eq!(app.token_keep().forced(APPID).await, seconds(&[]));
    app.clock.advance(3651 * 86_400 + 3600);
    assert_eq!(app.token_keep().forced(APPID).await, seconds(&[]), "a day later they count no more");
}
