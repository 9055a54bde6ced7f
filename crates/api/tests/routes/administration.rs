//! API tokens and the audit.

use serde_json::{Value, json};

use super::support::{Answer, START, TestApp, request};

async fn send(app: &TestApp, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
    app.send_inside(request(method, path, Some(token), body)).await
}

#[tokio::test]
async fn a_token_is_shown_once_serves_its_scopes_and_ends() {
    let app = TestApp::new().await;
    let admin = app.api_token(&["admin"]).await;
    app.clock.advance(1);
    let asked = json!({ "name": "后台 support", "scopes": ["members:read", "sessions:write"], "expires_days": 1 });
    let made = send(&app, "POST", "/api/v1/tokens", &admin, Some(asked)).await;
    let (id, token) = (made.ok()["id"].as_str().unwrap(), made.json["token"].as_str().unwrap());
    assert!(token.starts_with("wxa_"));
    assert_eq!((&made.json["created_at"], &made.json["expires_at"]), (&json!(START + 1), &json!(START + 86_401)));

    send(&app, "GET", "/api/v1/members", token, None).await.ok();
    send(&app, "GET", "/api/v1/tokens", token, None).await.failed("forbidden", 403, -403);
    let listed = send(&app, "GET", "/api/v1/tokens", &admin, None).await;
    assert_eq!(listed.ok()["tokens"].as_array().unwrap().len(), 2);
    let expected = json!({
        "id": id, "name": "后台 support", "scopes": ["members:read", "sessions:write"], "created_at": START + 1,
        "expires_at": START + 86_401,
    });
    assert_eq!(listed.json["tokens"][1], expected);
    assert!(!listed.text.contains("wxa_"));

    let path = format!("/api/v1/tokens/{id}");
    send(&app, "DELETE", &path, &admin, None).await.ok();
    send(&app, "DELETE", &path, &admin, None).await.failed("not_found", 404, -404);
    send(&app, "GET", "/api/v1/members", token, None).await.failed("unauthorized", 401, -401);
    for unknown in ["x", "00000000-0000-7000-8000-000000000000"] {
        send(&app, "DELETE", &format!("/api/v1/tokens/{unknown}"), &admin, None).await.failed("not_found", 404, -404);
    }

    let audit = send(&app, "GET", "/api/v1/audit?limit=2", &admin, None).await;
    let [revoked, created] = [&audit.ok()["audit"][0], &audit.json["audit"][1]];
    assert_eq!((&revoked["action"], &revoked["detail"]), (&json!("token.revoked"), &json!({ "token": id })));
    assert_eq!(created["action"], "token.created");
    assert_eq!(created["detail"], json!({ "token": id, "scopes": ["members:read", "sessions:write"] }));
    assert_eq!((&created["origin"], &created["member_id"]), (&json!("127.0.0.1"), &Value::Null));
    assert!(!audit.text.contains("后台") && !audit.text.contains("wxa_"), "neither name nor secret: {audit:?}");
}

#[tokio::test]
async fn a_token_that_is_asked_for_wrongly_is_not_made() {
    let app = TestApp::new().await;
    let admin = app.api_token(&["admin"]).await;
    for (body, named) in [
        (json!({}), "`name`"),
        (json!({ "name": "n" }), "`scopes`"),
        (json!({ "scopes": ["admin"] }), "`name`"),
        (json!({ "name": "", "scopes": ["admin"] }), "`name`"),
        (json!({ "name": "a\nb", "scopes": ["admin"] }), "`name`"),
        (json!({ "name": "n".repeat(65), "scopes": ["admin"] }), "`name`"),
        (json!({ "name": "n", "scopes": [] }), "`scopes`"),
        (json!({ "name": "n", "scopes": "admin" }), "`scopes`"),
        (json!({ "name": "n", "scopes": ["admin", "admin"] }), "`scopes`"),
        (json!({ "name": "n", "scopes": ["root"] }), "introspect, members:read, members:write, sessions:write"),
        (json!({ "name": "n", "scopes": ["admin"], "expires_days": 0 }), "`expires_days`"),
        (json!({ "name": "n", "scopes": ["admin"], "expires_days": 3651 }), "3650"),
        (json!({ "name": "n", "scopes": ["admin"], "expires_at": 1 }), "`expires_at`"),
    ] {
        let answer = send(&app, "POST", "/api/v1/tokens", &admin, Some(body.clone())).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains(named), "{body:.60}: {hint}");
    }
    let listed = send(&app, "GET", "/api/v1/tokens", &admin, None).await;
    assert_eq!(listed.ok()["tokens"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_expired_token_makes_no_tokens() {
    let app = TestApp::new().await;
    let admin = app.api_token(&["admin"]).await;
    app.clock.advance(3600);
    let asked = json!({ "name": "n", "scopes": ["admin"] });
    send(&app, "POST", "/api/v1/tokens", &admin, Some(asked)).await.failed("unauthorized", 401, -401);
}

#[tokio::test]
async fn the_audit_says_who_did_what_to_whom_and_from_where() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let id = member.login.json["member"]["id"].as_str().unwrap();
    let (admin, writer) = (app.api_token(&["admin"]).await, app.api_token(&["members:write"]).await);
    let change = json!({ "status": "blocked", "note": "canary", "attributes": { "level": "canary" } });
    let mut request = request("PATCH", &format!("/api/v1/members/{id}"), Some(&writer), Some(change));
    request.headers_mut().insert("x-forwarded-for", "198.51.100.9".parse().unwrap());
    app.send_inside(request).await.ok();
    let tokens = send(&app, "GET", "/api/v1/tokens", &admin, None).await;
    let tokens = tokens.ok()["tokens"].as_array().unwrap();
    let writers = tokens.iter().find(|token| token["scopes"] == json!(["members:write"])).unwrap();
    let actor = format!("token:{}", writers["id"].as_str().unwrap());
    for query in [format!("member={id}"), format!("actor={actor}"), "action=member.blocked".to_owned()] {
        let audit = send(&app, "GET", &format!("/api/v1/audit?{query}"), &admin, None).await;
        let expected = json!([{
            "at": START, "actor": actor, "origin": "127.0.0.1", "action": "member.blocked", "member_id": id,
            "pseudonym": null, "detail": { "status": "blocked", "note": "set", "attributes": ["level"] },
        }]);
        assert_eq!(audit.ok()["audit"], expected, "{query}");
        assert!(audit.json["next"].is_null() && !audit.text.contains("canary"));
    }
    for (query, named) in [
        ("member=x", "`member`"),
        ("zz=1", "`zz`"),
        ("after=00", "`after`"),
        ("limit=0", "`limit`"),
        ("actor=", "`actor`"),
    ] {
        let answer = send(&app, "GET", &format!("/api/v1/audit?{query}"), &admin, None).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains(named), "{query}: {hint}");
    }
}

#[tokio::test]
async fn the_audit_is_read_page_by_page() {
    let app = TestApp::new().await;
    let admin = app.api_token(&["admin"]).await;
    for _ in 0..4 {
        app.api_token(&["introspect"]).await;
    }
    let (mut path, mut seen) = ("/api/v1/audit?limit=2".to_owned(), 0);
    loop {
        let page = send(&app, "GET", &path, &admin, None).await;
        seen += page.ok()["audit"].as_array().unwrap().len();
        let Some(next) = page.json["next"].as_str() else { break };
        path = format!("/api/v1/audit?limit=2&after={next}");
    }
    assert_eq!(seen, 5);
}
