//! The OpenAPI document against the routes. (Each answer that any test here sees is held against it, too.)

use std::collections::BTreeSet;

use http::Method;
use image::ImageFormat;
use serde_json::{Value, json};
use utoipa::openapi::{HttpMethod, OpenApi};

use super::avatars::{picture, uploaded};
use super::support::document::{Side, assert_tells_of, document, is_on, operations, resolved};
use super::support::{APPID, Answer, TestApp, raw, schema};

const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

#[tokio::test]
async fn every_documented_operation_is_served_where_it_says_and_nothing_else_is() {
    let app = TestApp::new().await;
    let avatar = uploaded(&app, &app.login("o1").await.skey, &picture(1, ImageFormat::Png)).await;
    let mut served = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        let documented: Vec<_> = operations(item).map(|(method, _)| method).collect();
        let path = path
            .replace("/v1/avatars/{id}", &avatar)
            .replace("{id}", "0000000000000001")
            .replace("{appid}", APPID)
            .replace("{path}", "wxa/x");
        for method in METHODS {
            for side in [Side::Public, Side::Internal] {
                let request = raw(method.as_str(), &path, None, "");
                let answer = match side {
                    Side::Public => app.send(request).await,
                    Side::Internal => app.send_inside(request).await,
                };
                let asked = format!("{method} {path} {side:?}");
                match (is_on(item, side), documented.contains(&method)) {
                    (false, _) => assert_eq!(answer.status, 404, "{asked}"),
                    (true, false) => assert_eq!(answer.status, 405, "{asked}"),
                    (true, true) => assert!(![404, 405].contains(&answer.status), "{asked}"),
                }
                served += usize::from(is_on(item, side) && documented.contains(&method));
            }
        }
    }
    assert_eq!(served, 63, "an endpoint was added or taken away: is the contract, and its table of answers?");
}

#[tokio::test]
async fn a_405_names_the_methods_that_the_path_has() {
    let app = TestApp::new().await;
    for (path, allowed) in [("/v1/me", "GET, PATCH, DELETE"), ("/v1/sessions/x", "DELETE"), ("/healthz", "GET")] {
        let answer = app.send(raw("PUT", path, None, "")).await;
        answer.failed("method_not_allowed", 405, -405);
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
    let answer = app.send_inside(raw("PUT", "/forward-auth", None, "")).await;
    assert_eq!(answer.header("allow"), "GET");
    assert!(app.send(raw("PUT", "/v1/nothing", None, "")).await.headers.get("allow").is_none());
}

#[tokio::test]
async fn the_document_is_served_to_the_team_and_to_nobody_else() {
    let app = TestApp::new().await;
    let answer = app.send_inside(raw("GET", "/openapi.json", None, "")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.text, wxgate_api::openapi());
    app.send(raw("GET", "/openapi.json", None, "")).await.failed("not_found", 404, -404);
}

#[test]
fn the_document_is_openapi_3_1_to_another_reader() {
    let read: OpenApi = serde_json::from_str(wxgate_api::openapi()).unwrap();
    assert_eq!(document()["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in operations(item) {
            let as_read = read.paths.get_path_operation(path, http_method(&method)).unwrap();
            assert_eq!(as_read.operation_id.as_deref(), operation["operationId"].as_str());
            let statuses: Vec<_> = as_read.responses.responses.keys().map(String::as_str).collect();
            let written: Vec<_> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(statuses, written);
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {path} has another one's id");
        }
    }
}

fn http_method(method: &Method) -> HttpMethod {
    serde_json::from_value(json!(method.as_str().to_ascii_lowercase())).unwrap()
}

#[test]
fn every_reference_leads_somewhere_and_everything_named_is_used() {
    let mut used = BTreeSet::new();
    walk(document(), &mut |value| {
        if let Some(place) = value["$ref"].as_str() {
            resolved(value);
            used.insert(place);
        }
    });
    for (kind, named) in document()["components"].as_object().unwrap() {
        for name in named.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            let place = format!("#/components/{kind}/{name}");
            // What the edge answers where no operation is.
            let of_no_operation = place.ends_with("examples/method_not_allowed");
            assert!(used.contains(place.as_str()) || of_no_operation, "{place}");
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut examples = 0;
    walk(document(), &mut |value| {
        let shown = value.get("examples").and_then(Value::as_object).into_iter().flat_map(|named| named.values());
        let shown = shown.map(|example| &resolved(example)["value"]).chain(value.get("example"));
        for example in shown.filter(|_| value.get("schema").is_some()) {
            schema::check(&value["schema"], example).unwrap_or_else(|fault| panic!("{fault}: {example}"));
            examples += 1;
        }
    });
    assert!(examples > 150, "{examples}");
}

#[test]
fn every_operation_is_told_in_both_languages_and_shows_no_secret() {
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in operations(item) {
            let (chinese, english) =
                (operation["summary"].as_str().unwrap(), operation["description"].as_str().unwrap());
            assert!(chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{method} {path}");
            assert!(english.len() > 10 && english.is_ascii(), "{method} {path}");
        }
    }
    let text = wxgate_api::openapi();
    for prefix in ["wxg_", "wxa_"] {
        assert!(text.split(prefix).skip(1).all(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric())));
    }
}

#[test]
fn an_answer_that_the_document_does_not_tell_of_is_noticed() {
    let told = |status: u16, headers: &[(&str, &str)], json: Value| {
        let always = [("x-request-id", "00000000000000000000000000000000"), ("x-content-type-options", "nosniff")];
        let more = [("cache-control", "no-store"), ("content-type", "application/json")];
        let all = always.iter().chain(&more).chain(headers).map(|(name, value)| {
            (http::HeaderName::try_from(*name).unwrap(), http::HeaderValue::try_from(*value).unwrap())
        });
        let text = json.to_string();
        let answer = Answer { status, headers: all.collect(), bytes: text.clone().into(), text, json };
        std::panic::catch_unwind(|| assert_tells_of(Side::Public, &Method::DELETE, "/v1/session", &answer)).is_ok()
    };
    let refusal = |word: &str| json!({ "errcode": -401, "errmsg": "m", "error": word, "hint": "h", "rid": "r" });
    let challenge = ("www-authenticate", "Bearer error=\"invalid_token\"");
    assert!(told(200, &[], json!({ "errcode": 0, "errmsg": "ok" })));
    assert!(told(401, &[challenge], refusal("unauthorized")));
    // a status, a word, a field, a missing field, a type, a header, a missing header
    assert!(!told(204, &[], json!({})));
    assert!(!told(401, &[challenge], refusal("login_too_old")));
    assert!(!told(200, &[], json!({ "errcode": 0, "errmsg": "ok", "openid": "o" })));
    assert!(!told(200, &[], json!({ "errcode": 0 })));
    assert!(!told(200, &[], json!({ "errcode": "0", "errmsg": "ok" })));
    assert!(!told(200, &[("set-cookie", "a=b")], json!({ "errcode": 0, "errmsg": "ok" })));
    assert!(!told(401, &[], refusal("unauthorized")));
}

fn walk(value: &'static Value, visit: &mut impl FnMut(&'static Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(map) => map.values().for_each(|item| walk(item, visit)),
        _ => {}
    }
}
