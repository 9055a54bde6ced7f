//! The synchronous hook of logins: what it may add, and that nothing it does fails or holds up a login.

use std::time::Duration;

use serde_json::{Value, json};
use wxgate_api::settings::LoginHook;
use wxgate_webhooks::{Secret, Target};

use super::support::receiver::Receiver;
use super::support::{APPID, START, TestApp};

fn secret() -> Secret {
    Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

async fn bench(url: &str) -> TestApp {
    let hook = LoginHook { target: Target::parse(url, true).unwrap(), secret: secret() };
    TestApp::with(|settings| drop(settings.login_hooks.insert(APPID.to_owned(), hook))).await
}

/// What a login of `openid` says of the attributes.
async fn attributes(app: &TestApp, openid: &str) -> Value {
    app.login(openid).await.login.ok()["member"]["attributes"].clone()
}

#[tokio::test]
async fn a_hook_adds_attributes_to_this_logins_answer_alone() {
    let receiver = Receiver::saying(r#"{"attributes":{"vip":true,"level":{"name":"金"},"team":2}}"#).await;
    let app = bench(&receiver.url()).await;
    app.login("o1").await;
    app.database().execute(r#"UPDATE members SET attributes = '{"level":1,"team":"a"}'"#, []).unwrap();
    let member = app.login("o1").await;
    let added = json!({ "vip": true, "level": 1, "team": "a" });
    assert_eq!(member.login.ok()["member"]["attributes"], added);
    let shown = app.get("/v1/me", &member.skey).await.ok()["member"]["attributes"].clone();
    assert_eq!(shown, json!({ "level": 1, "team": "a" }));
}

#[tokio::test]
async fn a_hook_is_asked_after_the_commit_with_ids_alone() {
    let receiver = Receiver::saying("{}").await;
    let app = bench(&receiver.url()).await;
    let member = app.login("o1").await;
    let asked = receiver.messages(1).await.remove(0);
    assert_eq!(asked.signature, secret().sign(&asked.id, asked.timestamp, asked.text.as_bytes()));
    let body = asked.body();
    assert_eq!((&body["type"], &body["timestamp"]), (&json!("login"), &json!(START)));
    let sessions = app.get("/v1/sessions", &member.skey).await;
    let data = json!({
        "appid": APPID, "member_id": member.login.ok()["member"]["id"],
        "session_id": sessions.ok()["sessions"][0]["id"], "is_new": true,
    });
    assert_eq!(body["data"], data);
}

#[tokio::test]
async fn what_is_no_answer_adds_nothing_and_fails_no_login() {
    let large = format!(r#"{{"attributes":{{"a":"{}"}}}}"#, "x".repeat(9 * 1024));
    let huge = format!(r#"{{"attributes":{{"a":"{}"}}}}"#, "x".repeat(1 << 20));
    for answer in ["", "garbage", "[]", r#"{"attributes":[1]}"#, r#"{"attributes":{},"skey":"x"}"#, &large, &huge] {
        let receiver = Receiver::saying(answer.to_owned()).await;
        let app = bench(&receiver.url()).await;
        assert_eq!(attributes(&app, "o1").await, json!({}), "{answer:.60}");
        assert_eq!(receiver.count(), 1);
    }
    for status in [204, 302, 404, 500] {
        let receiver = Receiver::start(move |_| status).await;
        assert_eq!(attributes(&bench(&receiver.url()).await, "o1").await, json!({}), "{status}");
    }
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(attributes(&bench(&format!("http://{unused}/")).await, "o1").await, json!({}));
}

#[tokio::test]
async fn a_hook_that_never_answers_is_waited_for_by_three_logins_in_a_row() {
    let receiver = Receiver::silent().await;
    let app = bench(&receiver.url()).await;
    for member in 0..20 {
        assert_eq!(attributes(&app, &format!("o{member}")).await, json!({}));
    }
    assert_eq!(receiver.count(), 3, "then logins do without it");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(30)).await;
    tokio::time::resume();
    for member in 0..20 {
        attributes(&app, &format!("o{member}")).await;
    }
    assert_eq!(receiver.count(), 4, "one tries whether it is back");
}

#[tokio::test]
async fn another_apps_logins_ask_nobody() {
    let receiver = Receiver::saying(r#"{"attributes":{"vip":true}}"#).await;
    let hook = LoginHook { target: Target::parse(&receiver.url(), true).unwrap(), secret: secret() };
    let app = TestApp::with(|settings| drop(settings.login_hooks.insert("wx00000000000000ff".to_owned(), hook))).await;
    assert_eq!(attributes(&app, "o1").await, json!({}));
    assert_eq!(receiver.count(), 0);
}
