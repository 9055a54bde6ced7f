//! What holds for every answer.

use serde_json::json;

use super::support::document::{Side, document, is_on};
use super::support::{TestApp, raw, request};

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_and_is_not_stored() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let mut ids = Vec::new();
    for path in ["/v1/session", "/v1/me", "/v1/sessions", "/v1/me/export", "/v1/nothing"] {
        let mut request = request("GET", path, Some(&member.skey), None);
        request.headers_mut().insert("x-request-id", "evil\" injected".parse().unwrap());
        let answer = app.send(request).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        ids.push(answer.header("x-request-id").to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{ids:?}");
}

#[tokio::test]
async fn a_body_of_two_types_is_of_none() {
    let app = TestApp::new().await;
    let mut request = raw("POST", "/v1/login", Some("application/json"), "{\"code\":\"x\"}");
    request.headers_mut().append("content-type", "text/plain".parse().unwrap());
    app.send(request).await.failed("unsupported_media_type", 415, -415);
}

#[tokio::test]
async fn a_body_that_announces_itself_as_enormous_is_not_waited_for() {
    let app = TestApp::new().await;
    let mut request = raw("POST", "/v1/login", Some("application/json"), "{");
    request.headers_mut().insert("content-length", "99999999".parse().unwrap());
    app.send(request).await.failed("too_large", 413, -413);
}

#[tokio::test]
async fn a_compressed_body_is_refused_before_it_is_opened() {
    let app = TestApp::new().await;
    let mut request = raw("POST", "/v1/login", Some("application/json"), vec![0x1f, 0x8b, 8, 0]);
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    app.send(request).await.failed("unsupported_media_type", 415, -415);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_wait() {
    let app = TestApp::with(|settings| {
        settings.limits.logins_per_minute = 2;
        settings.limits.requests_per_minute = 5;
    })
    .await;
    let login = || request("POST", "/v1/login", None, Some(json!({ "code": "unknown" })));
    for _ in 0..2 {
        app.send(login()).await.failed("code_invalid", 400, 40029);
    }
    app.send(login()).await.failed("too_many_requests", 429, -429);
    for _ in 0..2 {
        app.send(raw("GET", "/healthz", None, "")).await;
    }
    app.send(raw("GET", "/healthz", None, "")).await.failed("too_many_requests", 429, -429);
    for _ in 0..20 {
        let answer = app.send_inside(raw("GET", "/forward-auth", None, "")).await;
        answer.failed("unauthorized", 401, -401);
    }
}

#[tokio::test]
async fn the_address_behind_a_trusted_proxy_is_the_one_that_counts() {
    let app = TestApp::with(|settings| {
        settings.limits.requests_per_minute = 1;
        settings.trusted_proxies = vec!["203.0.113.0/24".parse().unwrap()];
    })
    .await;
    for address in ["1.1.1.1", "2.2.2.2"] {
        let mut request = raw("GET", "/healthz", None, "");
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        assert_eq!(app.send(request).await.status, 200);
    }
    let mut request = raw("GET", "/healthz", None, "");
    request.headers_mut().insert("x-forwarded-for", "9.9.9.9, 1.1.1.1".parse().unwrap());
    app.send(request).await.failed("too_many_requests", 429, -429);
}

#[tokio::test]
async fn query_token_ignored() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    for name in ["skey", "token", "access_token", "q"] {
        for skey in [None, Some(member.skey.as_str())] {
            let path = format!("/v1/session?{name}={}", member.skey);
            let answer = app.send(request("GET", &path, skey, None)).await;
            answer.failed("bad_request", 400, -400);
            assert!(!answer.text.contains(&member.skey));
        }
    }
}

#[tokio::test]
async fn methods_matrix() {
    let app = TestApp::new().await;
    for (path, item) in document()["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "0000000000000001");
        for method in ["TRACE", "CONNECT", "OPTIONS", "PUT", "PROPFIND", "get", "BREW"] {
            let public = app.send(raw(method, &path, None, "")).await;
            let (word, status) =
                if is_on(item, Side::Public) { ("method_not_allowed", 405) } else { ("not_found", 404) };
            public.failed(word, status, -i64::from(status));
            if is_on(item, Side::Internal) {
                app.send_inside(raw(method, &path, None, "")).await.failed("method_not_allowed", 405, -405);
            }
        }
    }
}

#[tokio::test]
async fn no_store_everywhere() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    // What everybody may see and keep: the keys that verify statements.
    for path in document()["paths"].as_object().unwrap().keys().filter(|path| *path != "/.well-known/jwks.json") {
        let path = path.replace("{id}", "0000000000000001");
        // The last of them ends the session.
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            for token in [None, Some("wxg_unknown"), Some(member.skey.as_str())] {
                for answer in [
                    app.send(request(method, &path, token, None)).await,
                    app.send_inside(request(method, &path, token, None)).await,
                ] {
                    assert_eq!(answer.header("cache-control"), "no-store", "{method} {path} {answer:?}");
                }
            }
        }
    }
}
