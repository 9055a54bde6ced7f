//! Every endpoint's contract at a glance: (method, path, body) → (status, word).

use serde_json::json;

use super::support::{AUDIENCE, TestApp, raw, request};

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// Method, path, content type, body → word, status.
type Row<Body = String> = (&'static str, &'static str, Option<&'static str>, Body, &'static str, u16);

/// What may be asked without a session, and is wrong or unknown.
const STRANGERS: [Row<&str>; 13] = [
    ("GET", "/wx/push/wx0123456789abcdef", None, "", "forbidden", 403),
    ("POST", "/wx/push/wx0123456789abcdef", JSON, "{}", "forbidden", 403),
    ("PUT", "/wx/push/wx0123456789abcdef", JSON, "{}", "method_not_allowed", 405),
    ("GET", "/wx/push", None, "", "not_found", 404),
    ("GET", "/v1/avatars/x", None, "", "not_found", 404),
    ("GET", "/v1/avatars/000102030405060708090a0b0c0d0e0f", None, "", "not_found", 404),
    ("DELETE", "/v1/avatars/000102030405060708090a0b0c0d0e0f", None, "", "method_not_allowed", 405),
    ("POST", "/v1/me/avatar", Some("multipart/form-data; boundary=x"), "", "unauthorized", 401),
    ("GET", "/v1/me/avatar", None, "", "method_not_allowed", 405),
    ("GET", "/api/v1/apps", None, "", "not_found", 404),
    ("GET", "/api/v1/members", None, "", "not_found", 404),
    ("GET", "/api/v1/tokens", None, "", "not_found", 404),
    ("GET", "/api/v1/audit", None, "", "not_found", 404),
];

#[tokio::test]
async fn requests_without_a_session_are_answered_by_the_table() {
    let app = TestApp::new().await;
    let code = "x".repeat(32);
    let long = "a".repeat(600);
    let mut rows: Vec<Row> = vec![
        // what is not there, and what is there under another method
        ("GET", "/", None, String::new(), "not_found", 404),
        ("GET", "/v1", None, String::new(), "not_found", 404),
        ("GET", "/v1/nothing", None, String::new(), "not_found", 404),
        ("GET", "/v1/login/x", None, String::new(), "not_found", 404),
        ("GET", "/v1/Login", None, String::new(), "not_found", 404),
        ("GET", "/healthz/", None, String::new(), "not_found", 404),
        ("POST", "/v1/login/", JSON, "{\"code\":\"x\"}".into(), "not_found", 404),
        ("DELETE", "/v1/sessions/", None, String::new(), "not_found", 404),
        ("GET", "/v1/login", None, String::new(), "method_not_allowed", 405),
        ("PUT", "/v1/login", None, String::new(), "method_not_allowed", 405),
        ("POST", "/v1/session", JSON, "{}".into(), "method_not_allowed", 405),
        ("TRACE", "/v1/me", None, String::new(), "method_not_allowed", 405),
        ("FOO", "/v1/me", None, String::new(), "method_not_allowed", 405),
        ("OPTIONS", "/v1/me", None, String::new(), "method_not_allowed", 405),
        ("GET", "/v1/session/refresh", None, String::new(), "method_not_allowed", 405),
        ("GET", "/v1/session/check", None, String::new(), "method_not_allowed", 405),
        ("PATCH", "/v1/sessions", JSON, "{}".into(), "method_not_allowed", 405),
        ("GET", "/v1/sessions/x", None, String::new(), "method_not_allowed", 405),
        ("GET", "/v1/jwt", None, String::new(), "method_not_allowed", 405),
        ("POST", "/.well-known/jwks.json", JSON, "{}".into(), "method_not_allowed", 405),
        ("GET", "/.well-known/jwks", None, String::new(), "not_found", 404),
        ("DELETE", "/v1/phone", None, String::new(), "method_not_allowed", 405),
        ("GET", "/v1/me/profile", None, String::new(), "method_not_allowed", 405),
        ("GET", "/v1/me/open-data", None, String::new(), "method_not_allowed", 405),
        ("POST", "/v1/me/export", JSON, "{}".into(), "method_not_allowed", 405),
        ("POST", "/healthz", None, String::new(), "method_not_allowed", 405),
        // the internal listener's routes are not on the public one
        ("GET", "/forward-auth", None, String::new(), "not_found", 404),
        ("GET", "/forward-auth/nginx", None, String::new(), "not_found", 404),
        ("POST", "/introspect", FORM, "token=x".into(), "not_found", 404),
        ("GET", "/readyz", None, String::new(), "not_found", 404),
        ("GET", "/metrics", None, String::new(), "not_found", 404),
        ("GET", "/docs", None, String::new(), "not_found", 404),
        ("GET", "/docs/rapidoc.js", None, String::new(), "not_found", 404),
        ("GET", "/api/v1/stats", None, String::new(), "not_found", 404),
        ("GET", "/api/v1/failures", None, String::new(), "not_found", 404),
        // types and sizes of bodies
        ("POST", "/v1/login", None, "{\"code\":\"x\"}".into(), "unsupported_media_type", 415),
        ("POST", "/v1/login", Some("text/plain"), "{\"code\":\"x\"}".into(), "unsupported_media_type", 415),
        ("POST", "/v1/login", Some("application/json2"), "{}".into(), "unsupported_media_type", 415),
        ("POST", "/v1/login", Some(""), "{}".into(), "unsupported_media_type", 415),
        ("POST", "/v1/login", JSON, format!("{{\"code\":\"{}\"}}", "a".repeat(17_000)), "too_large", 413),
        ("POST", "/v1/login", JSON, format!("{:16384}", format!("{{\"code\":\"{code}\"}}")), "code_invalid", 400),
        // shapes
        ("POST", "/v1/login", None, String::new(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "[]".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":null}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":5}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a b\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"码\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, format!("{{\"code\":\"{long}\"}}"), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a\",\"js_code\":\"a\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a\",\"session_key\":\"b\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a\",\"appid\":\"wxffffffffffffffff\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a\",\"rawData\":\"{}\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a\",\"iv\":\"x\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", JSON, "{\"code\":\"a\",\"rawData\":{},\"signature\":\"x\"}".into(), "bad_request", 400),
        ("POST", "/v1/login", FORM, "code=a&code=b".into(), "bad_request", 400),
        ("POST", "/v1/login", FORM, "code=a&zz=b".into(), "bad_request", 400),
        ("POST", "/v1/login?skey=wxg_x", JSON, "{\"code\":\"a\"}".into(), "bad_request", 400),
        ("GET", "/v1/session?q=wxg_x", None, String::new(), "bad_request", 400),
        // WeChat knows none of these codes
        ("POST", "/v1/login", JSON, "{\"code\":\"unknown\"}".into(), "code_invalid", 400),
        ("POST", "/v1/login", FORM, "js_code=unknown".into(), "code_invalid", 400),
        // whoever has no session
        ("GET", "/v1/session", None, String::new(), "unauthorized", 401),
        ("POST", "/v1/session/refresh", None, String::new(), "unauthorized", 401),
        ("POST", "/v1/session/check", None, String::new(), "unauthorized", 401),
        ("POST", "/v1/jwt", None, String::new(), "unauthorized", 401),
        ("POST", "/v1/jwt", JSON, "[".into(), "unauthorized", 401),
        ("DELETE", "/v1/session", None, String::new(), "unauthorized", 401),
        ("GET", "/v1/sessions", None, String::new(), "unauthorized", 401),
        ("DELETE", "/v1/sessions", None, String::new(), "unauthorized", 401),
        ("DELETE", "/v1/sessions/x", None, String::new(), "unauthorized", 401),
        ("POST", "/v1/phone", JSON, "{\"phoneCode\":\"x\"}".into(), "unauthorized", 401),
        ("GET", "/v1/me", None, String::new(), "unauthorized", 401),
        ("PATCH", "/v1/me", JSON, "{}".into(), "unauthorized", 401),
        ("DELETE", "/v1/me", None, String::new(), "unauthorized", 401),
        ("POST", "/v1/me/profile", JSON, "{}".into(), "unauthorized", 401),
        ("POST", "/v1/me/open-data", JSON, "{}".into(), "unauthorized", 401),
        ("GET", "/v1/me/export", None, String::new(), "unauthorized", 401),
    ];
    rows.extend(
        STRANGERS.map(|(method, path, media, body, word, status)| (method, path, media, body.to_owned(), word, status)),
    );
    for (method, path, content_type, body, word, status) in rows {
        let answer = app.send(raw(method, path, content_type, body.clone())).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(word)), "{method} {path} {body:.80}");
        let errcode = if word == "code_invalid" { 40029 } else { -i64::from(status) };
        answer.failed(word, status, errcode);
    }
    assert_eq!(app.send(raw("GET", "/healthz", None, "")).await.json, json!({ "status": "ok" }));
}

#[tokio::test]
async fn requests_of_a_member_are_answered_by_the_table() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let pair = |key: &str| json!({ key: "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" });
    let rows = [
        ("POST", "/v1/phone", json!({}), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "code": "x" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "phoneCode": "" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "phoneCode": "a b" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "phoneCode": "x", "encryptedData": "AA", "iv": "AA" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "encryptedData": "AA" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "encryptedData": "!!", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "encryptedData": "AAAA", "iv": "AAAA" }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "phoneCode": "x", "zz": 1 }), "bad_request", 400),
        ("POST", "/v1/phone", json!({ "phoneCode": "unknown" }), "code_invalid", 400),
        ("POST", "/v1/phone", pair("encryptedData"), "unopenable", 422),
        ("POST", "/v1/me/profile", json!({}), "bad_request", 400),
        ("POST", "/v1/me/profile", json!({ "rawData": "{}" }), "bad_request", 400),
        ("POST", "/v1/me/profile", json!({ "rawData": "{}", "signature": "0".repeat(40) }), "unopenable", 422),
        ("POST", "/v1/me/profile", pair("encrypted_data"), "unopenable", 422),
        ("POST", "/v1/me/open-data", json!({}), "bad_request", 400),
        ("POST", "/v1/me/open-data", json!({ "kind": "werun" }), "bad_request", 400),
        ("POST", "/v1/me/open-data", json!({ "kind": "phone", "encryptedData": "A", "iv": "A" }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "nickName": "" }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "nickName": "a\u{0}b" }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "nickName": "x".repeat(65) }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "nickName": null }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "avatarUrl": "https://evil.example/a" }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "avatarUrl": "http://thirdwx.qlogo.cn/a" }), "bad_request", 400),
        ("PATCH", "/v1/me", json!({ "openid": "o2" }), "bad_request", 400),
        ("DELETE", "/v1/sessions/x", json!({}), "bad_request", 400),
        ("DELETE", "/v1/sessions/", json!({}), "not_found", 404),
        ("DELETE", "/v1/me/", json!({}), "not_found", 404),
        ("POST", "/v1/session/refresh", json!({ "zz": 1 }), "bad_request", 400),
        ("POST", "/v1/session/check", json!({ "zz": 1 }), "bad_request", 400),
        ("DELETE", "/v1/session", json!({ "zz": 1 }), "bad_request", 400),
        ("POST", "/v1/jwt", json!({ "aud": "" }), "bad_request", 400),
        ("POST", "/v1/jwt", json!({ "aud": 5 }), "bad_request", 400),
        ("POST", "/v1/jwt", json!({ "aud": [AUDIENCE] }), "bad_request", 400),
        ("POST", "/v1/jwt", json!({ "aud": "https://shop.example.com/" }), "bad_request", 400),
        ("POST", "/v1/jwt", json!({ "aud": AUDIENCE, "exp": 9 }), "bad_request", 400),
        ("POST", "/v1/jwt", json!([]), "bad_request", 400),
        ("DELETE", "/v1/sessions", json!({ "zz": 1 }), "bad_request", 400),
        ("DELETE", "/v1/me", json!({ "zz": 1 }), "bad_request", 400),
        ("DELETE", "/v1/sessions/0000000000000001", json!({}), "not_found", 404),
    ];
    for (method, path, body, word, status) in rows {
        let answer = app.send(request(method, path, Some(&member.skey), Some(body.clone()))).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(word)), "{method} {path} {body}");
        answer.failed(word, status, if word == "code_invalid" { 40029 } else { -i64::from(status) });
    }
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["phone"], json!(null));
}

#[tokio::test]
async fn requests_of_an_operator_are_answered_by_the_table() {
    const MEMBER: &str = "/api/v1/members/00000000-0000-7000-8000-000000000000";
    const TOKEN: &str = "/api/v1/tokens/00000000-0000-7000-8000-000000000000";
    const UNKNOWN: &str = "/api/v1/apps/wx0000000000000000";
    const KNOWN: &str = "/api/v1/apps/wx0123456789abcdef";
    let app = TestApp::new().await;
    let token = app.api_token(&["admin"]).await;
    let of = |path: &str, rest: &str| format!("{path}{rest}");
    let rows = [
        ("POST", "/api/v1/apps".to_owned(), None, "method_not_allowed", 405),
        ("GET", of(UNKNOWN, "/access-token"), None, "not_found", 404),
        ("POST", of(KNOWN, "/access-token"), None, "method_not_allowed", 405),
        ("POST", of(KNOWN, "/access-token/stale"), Some(json!({})), "bad_request", 400),
        ("POST", of(KNOWN, "/access-token/stale"), Some(json!({ "access_token": 1 })), "bad_request", 400),
        ("POST", of(UNKNOWN, "/access-token/stale"), Some(json!({ "access_token": "x" })), "not_found", 404),
        ("POST", of(KNOWN, "/wechat/cgi-bin/token"), Some(json!({})), "forbidden", 403),
        ("POST", of(UNKNOWN, "/wechat/wxa/x"), Some(json!({})), "not_found", 404),
        ("GET", of(KNOWN, "/wechat/wxa/x"), None, "method_not_allowed", 405),
        ("GET", of("/api/v1/members", "?zz=1"), None, "bad_request", 400),
        ("POST", of("/api/v1/members", ""), Some(json!({})), "method_not_allowed", 405),
        ("GET", of("/api/v1/members", "/"), None, "not_found", 404),
        ("GET", of(MEMBER, ""), None, "not_found", 404),
        ("GET", of("/api/v1/members/x", ""), None, "not_found", 404),
        ("PATCH", of(MEMBER, ""), Some(json!({ "note": "x" })), "not_found", 404),
        ("DELETE", of(MEMBER, ""), None, "not_found", 404),
        ("PUT", of(MEMBER, ""), Some(json!({})), "method_not_allowed", 405),
        ("GET", of(MEMBER, "/export"), None, "not_found", 404),
        ("GET", of(MEMBER, "/sessions"), None, "not_found", 404),
        ("DELETE", of(MEMBER, "/sessions"), None, "not_found", 404),
        ("DELETE", of(MEMBER, "/sessions/0000000000000001"), None, "not_found", 404),
        ("DELETE", of(MEMBER, "/sessions/"), None, "not_found", 404),
        ("GET", of(MEMBER, "/sessions/0000000000000001"), None, "method_not_allowed", 405),
        ("POST", of("/api/v1/tokens", ""), Some(json!({ "name": "n" })), "bad_request", 400),
        ("POST", of("/api/v1/tokens", ""), None, "bad_request", 400),
        ("DELETE", of("/api/v1/tokens", ""), None, "method_not_allowed", 405),
        ("DELETE", of(TOKEN, ""), None, "not_found", 404),
        ("DELETE", of(TOKEN, ""), Some(json!({ "zz": 1 })), "bad_request", 400),
        ("GET", of(TOKEN, ""), None, "method_not_allowed", 405),
        ("GET", of("/api/v1/audit", "?limit=201"), None, "bad_request", 400),
        ("DELETE", of("/api/v1/audit", ""), None, "method_not_allowed", 405),
    ];
    for (method, path, body, word, status) in rows {
        let answer = app.send_inside(request(method, &path, Some(&token), body)).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(word)), "{method} {path}");
        answer.failed(word, status, -i64::from(status));
        if status != 405 && !path.ends_with('/') {
            app.send_inside(request(method, &path, None, None)).await.failed("unauthorized", 401, -401);
        }
    }
    let apps = app.send_inside(request("GET", "/api/v1/apps", Some(&token), None)).await;
    assert_eq!(apps.ok()["apps"], json!([{ "appid": "wx0123456789abcdef", "push": false }]));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let app = TestApp::new().await;
    for (body, named) in [
        (json!({}), "`code`"),
        (json!({ "code": 5 }), "`code`"),
        (json!({ "code": "a", "nickname_zz": 1 }), "`nickname_zz`"),
        (json!({ "cod": "a" }), "`cod`"),
        (json!({ "code": "a", "appid": "wx" }), "`appid`"),
        (json!({ "code": "a", "signature": "x" }), "`rawData`"),
        (json!({ "code": "a", "encrypteData": "x", "encryptedData": "x", "iv": "x" }), "`encrypteData`"),
    ] {
        for language in ["zh", "en"] {
            let mut request = request("POST", "/v1/login", None, Some(body.clone()));
            request.headers_mut().insert("accept-language", language.parse().unwrap());
            let answer = app.send(request).await;
            let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap().to_owned();
            assert!(hint.contains(named), "{hint}");
            assert_eq!(hint.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), language == "zh", "{hint}");
        }
    }
    assert_eq!(app.wechat.calls(), 0, "WeChat is asked about nothing of this");
}
