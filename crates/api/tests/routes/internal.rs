//! What the team's proxy and services ask.

use http::Request;
use serde_json::json;

use super::support::{TestApp, raw, request};

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

#[tokio::test]
async fn forward_auth_says_who_it_is_in_six_headers() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.send(request("PATCH", "/v1/me", Some(&member.skey), Some(json!({ "nickName": "张三 %" })))).await.ok();
    for path in ["/forward-auth", "/forward-auth/nginx"] {
        let answer = app.send_inside(request("GET", path, Some(&member.skey), None)).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        assert_eq!(answer.header("wxgate-member"), member.login.json["member"]["id"].as_str().unwrap());
        assert_eq!(answer.header("wxgate-app"), super::support::APPID);
        assert_eq!(answer.header("wxgate-openid"), "o1");
        assert_eq!(answer.header("wxgate-unionid"), "union-o1");
        assert_eq!(answer.header("wxgate-name"), "%E5%BC%A0%E4%B8%89%20%25");
        assert_eq!(answer.header("wxgate-session").len(), 16);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn forward_auth_sends_empty_headers_for_what_is_not_known() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let answer = app.send_inside(request("GET", "/forward-auth", Some(&member.skey), None)).await;
    assert_eq!(answer.headers.get("wxgate-name").map(http::HeaderValue::as_bytes), Some(&b""[..]));
}

#[tokio::test]
async fn forward_auth_denies_whoever_has_no_live_session() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.delete("/v1/session", &member.skey).await.ok();
    for token in [member.skey.as_str(), "wxg_nonsense", "x"] {
        let answer = app.send_inside(request("GET", "/forward-auth", Some(token), None)).await;
        answer.failed("unauthorized", 401, -401);
    }
    app.send_inside(raw("GET", "/forward-auth", None, "")).await.failed("unauthorized", 401, -401);
    app.send_inside(raw("POST", "/forward-auth", None, "")).await.failed("method_not_allowed", 405, -405);
}

fn introspect(api_token: Option<&str>, token: &str) -> Request<http_body_util::Full<bytes::Bytes>> {
    let mut request = raw("POST", "/introspect", FORM, format!("token={token}"));
    if let Some(api_token) = api_token {
        request.headers_mut().insert("authorization", format!("Bearer {api_token}").parse().unwrap());
    }
    request
}

#[tokio::test]
async fn introspection_tells_a_service_with_the_scope_all_and_nobody_else_anything() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let (allowed, admin) = (app.api_token(&["introspect"]).await, app.api_token(&["admin"]).await);
    let other = app.api_token(&["stats:read"]).await;

    for token in [&allowed, &admin] {
        let answer = app.send_inside(introspect(Some(token), &member.skey)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["active"], true);
        assert_eq!(answer.json["sub"], member.login.json["member"]["id"]);
        assert_eq!(answer.json["client_id"], super::support::APPID);
        assert_eq!((&answer.json["openid"], &answer.json["unionid"]), (&json!("o1"), &json!("union-o1")));
        assert_eq!(answer.json["exp"].as_i64().unwrap() - answer.json["iat"].as_i64().unwrap(), 604_800);
    }
    let inactive = app.send_inside(introspect(Some(&allowed), "wxg_nonsense")).await;
    assert_eq!(inactive.text, r#"{"active":false}"#);

    app.send_inside(introspect(Some(&other), &member.skey)).await.failed("forbidden", 403, -403);
    app.send_inside(introspect(None, &member.skey)).await.failed("unauthorized", 401, -401);
    app.send_inside(introspect(Some(&member.skey), &member.skey)).await.failed("unauthorized", 401, -401);
    app.clock.advance(3600);
    app.send_inside(introspect(Some(&allowed), &member.skey)).await.failed("unauthorized", 401, -401);
}

#[tokio::test]
async fn an_skey_in_the_query_is_refused_here_too_and_forward_auth_looks_at_the_header_alone() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let path = format!("/introspect?token={skey}");
    app.send_inside(raw("POST", &path, FORM, "")).await.failed("bad_request", 400, -400);
    let path = format!("/forward-auth?skey={skey}");
    app.send_inside(raw("GET", &path, None, "")).await.failed("unauthorized", 401, -401);
    assert_eq!(app.send_inside(request("GET", &path, Some(&skey), None)).await.status, 200);
}

#[tokio::test]
async fn introspection_takes_the_standards_form_and_no_other() {
    let app = TestApp::new().await;
    let token = app.api_token(&["introspect"]).await;
    let bearer = format!("Bearer {token}");
    for (content_type, body, word, status) in [
        (Some("application/json"), "{\"token\":\"x\"}", "unsupported_media_type", 415),
        (FORM, "", "bad_request", 400),
        (FORM, "token=a&token=b", "bad_request", 400),
        (FORM, "token=a&zz=b", "bad_request", 400),
    ] {
        let mut request = raw("POST", "/introspect", content_type, body);
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        app.send_inside(request).await.failed(word, status, -i64::from(status));
    }
    let mut hinted = raw("POST", "/introspect", FORM, "token=a&token_type_hint=access_token");
    hinted.headers_mut().insert("authorization", bearer.parse().unwrap());
    assert_eq!(app.send_inside(hinted).await.json, json!({ "active": false }));
}

#[tokio::test]
async fn readiness_is_the_stores_and_wechats_absence_is_only_mentioned() {
    let app = TestApp::new().await;
    let ready = app.send_inside(raw("GET", "/readyz", None, "")).await;
    assert_eq!((ready.status, ready.json["status"].as_str()), (200, Some("ready")));
    assert_eq!(ready.json["wechat"], "unknown");
    app.wechat.fail(|| wx_client::Error::Unreadable { reason: "scripted" });
    app.send(request("POST", "/v1/login", None, Some(json!({ "code": "x" })))).await;
    let ready = app.send_inside(raw("GET", "/readyz", None, "")).await;
    assert_eq!((ready.status, ready.json["wechat"].as_str()), (200, Some("unreachable")));
}

#[tokio::test]
async fn logins_are_not_on_the_internal_listener() {
    let app = TestApp::new().await;
    let login = request("POST", "/v1/login", None, Some(json!({ "code": "x" })));
    app.send_inside(login).await.failed("not_found", 404, -404);
}
