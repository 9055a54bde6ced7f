//! The probe by which an operator finds the way to this very server.

use http::Request;
use serde_json::{Value, json};

use super::support::{TestApp, raw, request};

async fn begin(app: &TestApp, token: &str) -> String {
    let made = app.send_inside(request("POST", "/api/v1/probe", Some(token), Some(json!({})))).await;
    made.ok()["probe"].as_str().unwrap().to_owned()
}

async fn seen(app: &TestApp, token: &str) -> Value {
    app.send_inside(request("GET", "/api/v1/probe", Some(token), None)).await.ok()["seen"].clone()
}

#[tokio::test]
async fn a_probe_is_recognised_as_it_arrives_and_who_sends_it_learns_nothing() {
    let app = TestApp::new().await;
    let token = app.api_token(&["admin"]).await;
    let name = begin(&app, &token).await;
    assert_eq!((name.len(), seen(&app, &token).await), (32, Value::Null));
    let plain = app.send(raw("GET", "/healthz", None, "")).await;
    let guessed = app.send(raw("GET", &format!("/healthz?probe={}", "0".repeat(32)), None, "")).await;
    assert_eq!(seen(&app, &token).await, Value::Null);
    let mut probe: Request<_> = raw("GET", &format!("/healthz?probe={name}&sign=a+b%2Bc%20d"), None, "");
    probe.headers_mut().append("x-forwarded-for", "203.0.113.7".parse().unwrap());
    probe.headers_mut().append("x-forwarded-for", "198.51.100.1".parse().unwrap());
    let probed = app.send(probe).await;
    assert_eq!((&plain.text, &guessed.text), (&probed.text, &probed.text));
    let found = seen(&app, &token).await;
    assert_eq!(found["query"], "sign=a+b%2Bc%20d");
    assert_eq!(found["forwarded_for"], "203.0.113.7,198.51.100.1");
    assert_eq!(begin(&app, &token).await.len(), 32);
    assert_eq!(seen(&app, &token).await, Value::Null, "a new one has not arrived yet");
}

#[tokio::test]
async fn a_probe_is_good_for_a_minute_and_for_who_may_do_all() {
    let app = TestApp::new().await;
    let token = app.api_token(&["admin"]).await;
    let name = begin(&app, &token).await;
    app.clock.advance(60);
    assert_eq!(app.send(raw("GET", &format!("/healthz?probe={name}"), None, "")).await.status, 200);
    assert_eq!(seen(&app, &token).await, Value::Null);
    let other = app.api_token(&["members:write"]).await;
    for method in ["GET", "POST"] {
        app.send_inside(request(method, "/api/v1/probe", Some(&other), None)).await.failed("forbidden", 403, -403);
        app.send_inside(request(method, "/api/v1/probe", None, None)).await.failed("unauthorized", 401, -401);
    }
    app.send_inside(request("POST", "/api/v1/probe", Some(&token), Some(json!({ "x": 1 })))).await.failed(
        "bad_request",
        400,
        -400,
    );
}
