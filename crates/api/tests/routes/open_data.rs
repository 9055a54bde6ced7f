//! `POST /v1/me/open-data`

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;
use wxgate_crypto::payload::{self, Encrypted};
use wxgate_crypto::{SessionKey, signature};

use super::support::{APPID, Member, START, TestApp};
use super::uniform::bytes;

fn sealed(kind: &str, mut content: Value, key: &SessionKey) -> Value {
    content["watermark"] = json!({ "timestamp": START, "appid": APPID });
    let encrypted = payload::seal(content.to_string().as_bytes(), key, [3; 16]);
    json!({ "kind": kind, "encryptedData": encrypted.encrypted_data(), "iv": encrypted.iv_text() })
}

#[tokio::test]
async fn each_kind_is_opened_to_its_typed_content() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let steps = json!({ "stepInfoList": [{ "timestamp": 1_445_866_601, "step": 100 }] });
    for (kind, content) in [
        ("werun", steps),
        ("share", json!({ "openGId": "G1" })),
        ("group", json!({ "opengid": "G2", "open_single_roomid": "", "group_openid": "", "chat_type": 3 })),
    ] {
        let answer = app.post("/v1/me/open-data", &member.skey, sealed(kind, content.clone(), &member.key)).await;
        let mut expected = content;
        expected["kind"] = json!(kind);
        let mut got = answer.ok().clone();
        got.as_object_mut().unwrap().retain(|name, _| name != "errcode" && name != "errmsg");
        assert_eq!(got, expected);
    }
}

#[tokio::test]
async fn a_payload_of_another_kind_is_refused_like_any_other() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let body = sealed("werun", json!({ "openGId": "G1" }), &member.key);
    app.post("/v1/me/open-data", &member.skey, body).await.failed("unopenable", 422, -422);
    let body = sealed("share", json!({ "openGId": "G1" }), &SessionKey::random());
    app.post("/v1/me/open-data", &member.skey, body).await.failed("unopenable", 422, -422);
}

/// One payload for each way to fail after the key is used, for a kind of which this is good content.
fn failures(kind: &str, content: &Value, key: &SessionKey) -> Vec<(&'static str, Value)> {
    let body = |encrypted: &Encrypted| json!({ "kind": kind, "encryptedData": encrypted.encrypted_data(), "iv": encrypted.iv_text() });
    let text = |appid: &str, timestamp: i64| {
        let mut content = content.clone();
        content["watermark"] = json!({ "timestamp": timestamp, "appid": appid });
        content.to_string()
    };
    let seal = |text: &[u8]| body(&payload::seal(text, key, [3; 16]));
    let genuine = payload::seal(text(APPID, START).as_bytes(), key, [3; 16]);
    let altered = |at: usize, bit: u8| {
        let mut data = genuine.ciphertext().to_vec();
        data[at] ^= bit;
        json!({ "kind": kind, "encryptedData": STANDARD.encode(data), "iv": genuine.iv_text() })
    };
    let unmarked = content.to_string();
    vec![
        ("padding", altered(genuine.ciphertext().len() - 17, 0x40)),
        ("utf8", seal(b"\xff\xfe")),
        ("json", seal(b"{")),
        ("schema", seal(unmarked.as_bytes())),
        ("garbage", altered(0, 1)),
        ("stale", seal(text(APPID, START - 10_000).as_bytes())),
        ("future", seal(text(APPID, START + 3_600).as_bytes())),
        ("wrong appid", seal(text("wxffffffffffffffff", START).as_bytes())),
        (
            "another kind",
            seal(
                json!({ "phoneNumber": "1", "watermark": { "timestamp": START, "appid": APPID } })
                    .to_string()
                    .as_bytes(),
            ),
        ),
        ("another key", body(&payload::seal(text(APPID, START).as_bytes(), &SessionKey::random(), [3; 16]))),
    ]
}

async fn fresh(app: &TestApp, number: &mut u32) -> Member {
    *number += 1;
    // A member of their own for each failure: the failure budget is not the subject here.
    app.login(&format!("o{number}")).await
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_the_bytes_and_the_time_of_the_phones() {
    let app = TestApp::new().await;
    let mut members = 0;
    let member = fresh(&app, &mut members).await;
    let garbage = json!({ "encryptedData": STANDARD.encode([7; 64]), "iv": STANDARD.encode([7; 16]) });
    let mut seen = vec![bytes(&app.post("/v1/phone", &member.skey, garbage.clone()).await)];
    seen.push(bytes(&app.post("/v1/me/profile", &member.skey, garbage).await));
    let unsigned = json!({ "rawData": "{}", "signature": signature::raw_data("{}", &SessionKey::random()) });
    seen.push(bytes(&app.post("/v1/me/profile", &member.skey, unsigned).await));
    for (kind, content) in [
        ("werun", json!({ "stepInfoList": [{ "timestamp": 1_445_866_601, "step": 100 }] })),
        ("share", json!({ "openGId": "tGDlHq0y8VqbeOkKkRRFyLmCUsPs" })),
        ("group", json!({ "opengid": "tGDlHq0y8VqbeOkKkRRFyLmCUsPs" })),
    ] {
        for number in 0..failures(kind, &content, &member.key).len() {
            let member = fresh(&app, &mut members).await;
            let (class, body) = failures(kind, &content, &member.key).swap_remove(number);
            let arrived = Instant::now();
            let answer = app.post("/v1/me/open-data", &member.skey, body).await;
            assert_eq!(arrived.elapsed(), Duration::from_millis(50), "{kind} {class}");
            seen.push(bytes(&answer));
        }
    }
    assert_eq!(seen.len(), 33);
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn what_opens_spends_nothing_and_what_does_not_spends_the_one_budget() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let good = || sealed("share", json!({ "openGId": "G1" }), &member.key);
    for _ in 0..7 {
        assert_eq!(app.post("/v1/me/open-data", &member.skey, good()).await.ok()["openGId"], "G1");
    }
    for (_, body) in failures("share", &json!({ "openGId": "G1" }), &member.key).into_iter().take(5) {
        app.post("/v1/me/open-data", &member.skey, body).await.failed("unopenable", 422, -422);
    }
    app.post("/v1/me/open-data", &member.skey, good()).await.failed("too_many_requests", 429, -429);
}
