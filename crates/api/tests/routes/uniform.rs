//! Failures after the key is used: one answer, one time, one count.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;
use wxgate_api::settings::EncryptedData;
use wxgate_crypto::payload::{self, Encrypted};

use super::phone::{number_text, sealed_number, sealed_text};
use super::support::{APPID, Answer, Member, START, TestApp};

async fn local() -> TestApp {
    TestApp::with(|settings| settings.phone.encrypted_data = EncryptedData::Local).await
}

fn body(encrypted: &Encrypted) -> Value {
    json!({ "encryptedData": encrypted.encrypted_data(), "iv": encrypted.iv_text() })
}

/// One payload for each way to fail after the key is used.
fn classes(member: &Member) -> Vec<(&'static str, Value)> {
    let text = number_text("13800138000", APPID, START);
    let genuine = payload::seal(text.as_bytes(), &member.key, [9; 16]);
    let altered = |change: fn(&mut Vec<u8>)| {
        let mut bytes = genuine.ciphertext().to_vec();
        change(&mut bytes);
        let data = STANDARD.encode(bytes);
        json!({ "encryptedData": data, "iv": genuine.iv_text() })
    };
    vec![
        (
            "padding",
            altered(|bytes| {
                let at = bytes.len() - 17;
                bytes[at] ^= 0x40;
            }),
        ),
        ("utf8", body(&payload::seal(b"\xff\xfe", &member.key, [9; 16]))),
        ("json", sealed_text(&member.key, "{")),
        ("schema", sealed_text(&member.key, &text.replace("phoneNumber", "qhoneNumber"))),
        ("garbage", altered(|bytes| bytes.fill(7))),
        ("stale", sealed_number(&member.key, "13800138000", START - 10_000)),
        ("wrong appid", sealed_text(&member.key, &number_text("13800138000", "wxffffffffffffffff", START))),
    ]
}

/// All that is the same in two refusals: everything but the request's id.
pub fn bytes(answer: &Answer) -> (Value, Vec<String>) {
    let mut json = answer.failed("unopenable", 422, -422).clone();
    json.as_object_mut().unwrap().remove("rid");
    let named = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    (json, named.map(|(name, value)| format!("{name}: {value:?}")).collect())
}

#[tokio::test(start_paused = true)]
async fn oracle_bytes() {
    let app = local().await;
    let mut seen = Vec::new();
    let sample = app.login("o-sample").await;
    for (number, (class, _)) in classes(&sample).into_iter().enumerate() {
        // A member of their own for each class: the failure budget is not the subject here.
        let member = app.login(&format!("o{number}")).await;
        let (_, body) = classes(&member).swap_remove(number);
        let arrived = Instant::now();
        let answer = app.post("/v1/phone", &member.skey, body).await;
        assert_eq!(arrived.elapsed(), Duration::from_millis(50), "{class}");
        seen.push(bytes(&answer));
    }
    // A replay in another session is one of them.
    let member = app.login("o-replay").await;
    let genuine = sealed_number(&member.key, "13800138000", START);
    app.post("/v1/phone", &member.skey, genuine.clone()).await.ok();
    let other = app.login("o-replay").await;
    let arrived = Instant::now();
    let answer = app.post("/v1/phone", &other.skey, genuine).await;
    assert_eq!(arrived.elapsed(), Duration::from_millis(50));
    seen.push(bytes(&answer));
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn each_failure_counts_and_a_new_login_or_erasure_does_not_reset_the_count() {
    let app = local().await;
    for number in 0..7 {
        let openid = format!("o{number}");
        let member = app.login(&openid).await;
        let (class, body) = classes(&member).swap_remove(number);
        for _ in 0..5 {
            app.post("/v1/phone", &member.skey, body.clone()).await.failed("unopenable", 422, -422);
        }
        let refused = app.post("/v1/phone", &member.skey, body.clone()).await;
        refused.failed("too_many_requests", 429, -429);
        assert_eq!(refused.header("retry-after"), "600", "{class}");
        for _ in 0..3 {
            let again = app.login(&openid).await;
            let good = sealed_number(&again.key, "13800138000", START);
            app.post("/v1/phone", &again.skey, good).await.failed("too_many_requests", 429, -429);
        }
        let last = app.login(&openid).await;
        app.delete("/v1/me", &last.skey).await.ok();
        let returned = app.login(&openid).await;
        let good = sealed_number(&returned.key, "13800138000", START);
        app.post("/v1/phone", &returned.skey, good).await.failed("too_many_requests", 429, -429);
    }
}

#[tokio::test]
async fn the_budget_is_one_for_all_decrypting_routes() {
    let app = local().await;
    let member = app.login("o1").await;
    let (_, bad) = classes(&member).swap_remove(0);
    let mut open_data = bad.clone();
    open_data["kind"] = json!("werun");
    for (path, body) in [("/v1/phone", &bad), ("/v1/me/profile", &bad), ("/v1/me/open-data", &open_data)] {
        app.post(path, &member.skey, body.clone()).await.failed("unopenable", 422, -422);
    }
    for _ in 0..2 {
        let (code, _) = app.wechat.login_code("o1");
        let mut login = bad.clone();
        login["code"] = json!(code);
        let answer = app.send(super::support::request("POST", "/v1/login", None, Some(login))).await;
        assert_eq!(answer.ok()["profile"], "refused");
    }
    app.post("/v1/phone", &member.skey, bad).await.failed("too_many_requests", 429, -429);
}

#[tokio::test]
async fn the_budget_comes_back_after_ten_minutes_and_ends_for_a_day_after_twenty() {
    let app = local().await;
    let mut member = app.login("o1").await;
    for round in 0..4 {
        let (_, bad) = classes(&member).swap_remove(0);
        for _ in 0..5 {
            app.post("/v1/phone", &member.skey, bad.clone()).await.failed("unopenable", 422, -422);
        }
        app.post("/v1/phone", &member.skey, bad).await.failed("too_many_requests", 429, -429);
        app.clock.advance(if round < 3 { 601 } else { 3_600 });
        member = app.login("o1").await;
    }
    let (_, bad) = classes(&member).swap_remove(0);
    app.post("/v1/phone", &member.skey, bad).await.failed("too_many_requests", 429, -429);
}
