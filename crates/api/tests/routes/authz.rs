//! Which API tokens open what.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use wxgate_api::SCOPES;

use super::support::document::{Side, document, is_on, operations};
use super::support::{Answer, TestApp, raw, request};

/// Endpoints of the internal listener that ask for no API token: who may ask is the listener's, or the skey's.
const OPEN: [&str; 9] = [
    "/forward-auth",
    "/forward-auth/nginx",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/rapidoc.js",
    "/.well-known/jwks.json",
];

/// Asks so that nothing is found or accepted if the token is good: what a body says is looked at after that.
async fn ask(app: &TestApp, method: &Method, path: &str, token: Option<&str>) -> Answer {
    let path = path
        .replace("{id}", "00000000-0000-7000-8000-000000000000")
        .replace("{session}", "0000000000000001")
        .replace("{appid}", "wx0000000000000000")
        .replace("{path}", "wxa/x");
    let mut request = match (method.as_str(), path.as_str()) {
        ("POST", "/introspect") => raw("POST", &path, Some("application/x-www-form-urlencoded"), ""),
        _ => request(method.as_str(), &path, None, None),
    };
    if let Some(token) = token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    app.send_inside(request).await
}

/// The scope that the document names for an operation.
fn documented(operation: &'static Value) -> Option<&'static str> {
    operation.pointer("/security/0/apiToken/0").and_then(Value::as_str)
}

#[tokio::test]
async fn authz_matrix() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let (mut asked, mut used) = (0, BTreeSet::from(["admin"]));
    for (path, item) in document()["paths"].as_object().unwrap() {
        if !is_on(item, Side::Internal) || OPEN.contains(&path.as_str()) {
            continue;
        }
        for (method, operation) in operations(item) {
            let needed = documented(operation).unwrap_or_else(|| panic!("{method} {path} names no scope"));
            used.insert(needed);
            for scope in SCOPES {
                let token = app.api_token(&[scope]).await;
                let answer = ask(&app, &method, path, Some(&token)).await;
                let is_let_in = *scope == needed || *scope == "admin";
                assert_eq!(answer.status == 403, !is_let_in, "{method} {path} with {scope}: {answer:?}");
                assert_ne!(answer.status, 401, "{method} {path} with {scope}");
                asked += 1;
            }
            let all_others: Vec<_> =
                SCOPES.iter().copied().filter(|scope| ![needed, "admin"].contains(scope)).collect();
            let token = app.api_token(&all_others).await;
            ask(&app, &method, path, Some(&token)).await.failed("forbidden", 403, -403);
            for token in [None, Some("wxa_x"), Some(member.skey.as_str())] {
                ask(&app, &method, path, token).await.failed("unauthorized", 401, -401);
            }
        }
    }
    assert!(asked >= SCOPES.len() * 17, "{asked}");
    let unused: Vec<_> = SCOPES.iter().filter(|scope| !used.contains(*scope)).collect();
    assert!(unused.is_empty(), "scopes that open nothing: {unused:?}");
    app.get("/v1/session", &member.skey).await.ok();
}
