//! `POST /v1/phone`

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wxgate_api::settings::{EncryptedData, PhoneReply};
use wxgate_crypto::{SessionKey, payload};

use super::support::{APPID, START, TestApp, raw};

/// What the phone button gives as `encryptedData` and `iv`.
pub fn sealed_number(key: &SessionKey, number: &str, timestamp: i64) -> Value {
    sealed_text(key, &number_text(number, APPID, timestamp))
}

pub fn number_text(number: &str, appid: &str, timestamp: i64) -> String {
    format!(
        r#"{{"phoneNumber":"{number}","purePhoneNumber":"{number}","countryCode":"86","watermark":{{"timestamp":{timestamp},"appid":"{appid}"}}}}"#
    )
}

pub fn sealed_text(key: &SessionKey, text: &str) -> Value {
    let encrypted = payload::seal(text.as_bytes(), key, [9; 16]);
    json!({ "encryptedData": encrypted.encrypted_data(), "iv": encrypted.iv_text() })
}

fn hash_of(body: &Value) -> String {
    format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(body["encryptedData"].as_str().unwrap())))
}

async fn local() -> TestApp {
    TestApp::with(|settings| settings.phone.encrypted_data = EncryptedData::Local).await
}

#[tokio::test]
async fn a_code_of_the_button_binds_the_number_masked() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    let answer = app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await;
    assert_eq!(answer.ok()["trust"], "code");
    let shown = json!({ "phoneNumber": "138****8000", "purePhoneNumber": "138****8000", "countryCode": "86" });
    assert_eq!(answer.json["phone_info"], shown);
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["phone"], "138****8000");
    let calls = app.wechat.calls();
    let again = app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await;
    assert_eq!((again.ok(), app.wechat.calls()), (answer.ok(), calls), "the same answer, and nothing happens twice");
    let other = app.login("o1").await;
    let elsewhere = app.post("/v1/phone", &other.skey, json!({ "phoneCode": code })).await;
    elsewhere.failed("code_invalid", 400, 40029);
}

#[tokio::test]
async fn a_number_is_whole_where_the_operator_says_so_and_a_foreign_one_keeps_its_prefix() {
    let app = TestApp::with(|settings| settings.phone.reply = PhoneReply::Full).await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "+85291234567", "91234567", "852");
    let answer = app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await;
    let whole = json!({ "phoneNumber": "+85291234567", "purePhoneNumber": "91234567", "countryCode": "852" });
    assert_eq!(answer.ok()["phone_info"], whole);
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["phone"], "+85291234567");
}

#[tokio::test]
async fn code_of_other_user_refused() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o2", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.failed("code_invalid", 400, 40029);
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["phone"], json!(null));
}

#[tokio::test]
async fn the_same_code_at_the_same_time_is_one_call() {
    let app = Arc::new(TestApp::new().await);
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    let calls = app.wechat.calls();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (app, skey, code) = (Arc::clone(&app), member.skey.clone(), code.clone());
            tokio::spawn(async move { app.post("/v1/phone", &skey, json!({ "phoneCode": code })).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().ok();
    }
    assert_eq!(app.wechat.calls() - calls, 1);
}

#[tokio::test]
async fn a_payload_counts_if_wechat_knows_it() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let genuine = sealed_number(&member.key, "13800138000", START);
    app.wechat.knows(&hash_of(&genuine));
    let answer = app.post("/v1/phone", &member.skey, genuine.clone()).await;
    assert_eq!(
        (&answer.ok()["trust"], &answer.json["phone_info"]["phoneNumber"]),
        (&json!("hash"), &json!("138****8000"))
    );
    let again = app.post("/v1/phone", &member.skey, genuine.clone()).await;
    assert_eq!(again.ok(), answer.ok());
    let other = app.login("o1").await;
    app.post("/v1/phone", &other.skey, genuine).await.failed("unopenable", 422, -422);
    // Whoever has the session_key can encrypt any number; WeChat did not.
    let forged = sealed_number(&member.key, "13900139000", START);
    app.post("/v1/phone", &member.skey, forged).await.failed("unopenable", 422, -422);
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["phone"], "138****8000");
}

#[tokio::test]
async fn rotated_key_recovers() {
    let app = local().await;
    let first = app.login("o1").await;
    let payload = sealed_number(&first.key, "13800138000", START);
    let second = app.login("o1").await;
    assert_eq!(app.post("/v1/phone", &second.skey, payload).await.ok()["trust"], "local");
}

#[tokio::test]
async fn what_transports_do_to_base64_is_undone() {
    let app = local().await;
    let member = app.login("o1").await;
    let mut payload = sealed_number(&member.key, "13800138000", START);
    let mut number = 13_800_138_000_u64;
    while !payload["encryptedData"].as_str().unwrap().contains('+') {
        number += 1;
        payload = sealed_number(&member.key, &number.to_string(), START);
    }
    // A form that does not encode `+` turns it into a blank.
    let form =
        format!("encryptedData={}&iv={}", payload["encryptedData"].as_str().unwrap(), payload["iv"].as_str().unwrap());
    let mut request = raw("POST", "/v1/phone", Some("application/x-www-form-urlencoded"), form);
    request.headers_mut().insert("authorization", format!("Bearer {}", member.skey).parse().unwrap());
    app.send(request).await.ok();
}

#[tokio::test]
async fn a_payload_of_another_app_user_or_kind_is_refused() {
    let app = local().await;
    let (member, other) = (app.login("o1").await, app.login("o2").await);
    let user_info = json!({ "openId": "o1", "nickName": "x", "watermark": { "timestamp": START, "appid": APPID } });
    for body in [
        sealed_text(&member.key, &number_text("13800138000", "wxffffffffffffffff", START)),
        sealed_number(&other.key, "13800138000", START),
        sealed_text(&member.key, &user_info.to_string()),
    ] {
        app.post("/v1/phone", &member.skey, body).await.failed("unopenable", 422, -422);
    }
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["phone"], json!(null));
}

#[tokio::test]
async fn phone_stale() {
    let app = local().await;
    let member = app.login("o1").await;
    for (timestamp, taken) in [(START - 301, false), (START - 300, true), (START + 60, true), (START + 61, false)] {
        let answer = app.post("/v1/phone", &member.skey, sealed_number(&member.key, "13800138000", timestamp)).await;
        if taken {
            answer.ok();
        } else {
            answer.failed("unopenable", 422, -422);
        }
    }
}

#[tokio::test]
async fn payloads_are_refused_where_the_operator_switched_them_off() {
    let app = TestApp::with(|settings| settings.phone.encrypted_data = EncryptedData::Off).await;
    let member = app.login("o1").await;
    let body = sealed_number(&member.key, "13800138000", START);
    let answer = app.post("/v1/phone", &member.skey, body).await;
    assert!(answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap().contains("phoneCode"));
}

#[tokio::test]
async fn phone_change_needs_fresh_login() {
    let app = TestApp::new().await;
    let old = app.login("o1").await;
    let bind = async |skey: &str, code: &str| app.post("/v1/phone", skey, json!({ "phoneCode": code })).await;
    let first = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    bind(&old.skey, &first).await.ok();
    app.clock.advance(301);
    let same = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    bind(&old.skey, &same).await.ok();
    let changed = app.wechat.phone_code("o1", "13900139000", "13900139000", "86");
    bind(&old.skey, &changed).await.failed("login_too_old", 401, -401);
    let fresh = app.login("o1").await;
    assert_eq!(bind(&fresh.skey, &changed).await.ok()["phone_info"]["phoneNumber"], "139****9000");
    let audit = app.get("/v1/me/export", &fresh.skey).await.ok()["audit"].to_string();
    assert!(audit.contains("phone.changed") && !audit.contains("139"), "{audit}");
}

#[tokio::test]
async fn same_phone_two_members() {
    let app = TestApp::new().await;
    let (one, two) = (app.login("o1").await, app.login("o2").await);
    for member in [&one, &two] {
        let code = app.wechat.phone_code(&member.openid, "13800138000", "13800138000", "86");
        app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    }
    let id = async |skey: &str| app.get("/v1/me", skey).await.ok()["member"]["id"].clone();
    assert_ne!(id(&one.skey).await, id(&two.skey).await);
}

#[tokio::test]
async fn wechats_failure_is_not_the_members() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.wechat.fail(|| wx_client::Error::Unreadable { reason: "scripted" });
    for minute in 0..8 {
        let body = sealed_number(&member.key, "13800138000", START - minute);
        app.post("/v1/phone", &member.skey, body).await.failed("wechat_unreachable", 503, -503);
    }
    app.wechat.heal();
    let body = sealed_number(&member.key, "13800138000", START);
    app.wechat.knows(&hash_of(&body));
    app.post("/v1/phone", &member.skey, body).await.ok();
}

#[tokio::test]
async fn junk_codes_of_one_member_cost_a_bounded_number_of_calls() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let mut refused = 0;
    for number in 0..60 {
        let answer = app.post("/v1/phone", &member.skey, json!({ "phoneCode": format!("junk{number}") })).await;
        if answer.status == 429 {
            answer.failed("too_many_requests", 429, -429);
            refused += 1;
        }
    }
    assert!((25..=30).contains(&refused), "{refused} of 60");
    assert_eq!(app.wechat.calls(), 1 + 60 - refused);
}

#[tokio::test]
async fn a_number_that_came_too_late_for_its_session_is_not_bound() {
    let app = Arc::new(TestApp::new().await);
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    let held = app.wechat.hold().await;
    let calls = app.wechat.calls();
    let (server, skey) = (Arc::clone(&app), member.skey.clone());
    let binding = tokio::spawn(async move { server.post("/v1/phone", &skey, json!({ "phoneCode": code })).await });
    while app.wechat.calls() == calls {
        tokio::task::yield_now().await;
    }
    app.delete("/v1/session", &member.skey).await.ok();
    drop(held);
    binding.await.unwrap().failed("unauthorized", 401, -401);
    let again = app.login("o1").await;
    assert_eq!(again.login.json["member"]["phone"], json!(null));
}

#[tokio::test]
async fn no_upstream_call_for_bad_payload() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let calls = app.wechat.calls();
    let body = sealed_number(&SessionKey::random(), "13800138000", START);
    app.post("/v1/phone", &member.skey, body).await.failed("unopenable", 422, -422);
    assert_eq!(app.wechat.calls(), calls);
}
