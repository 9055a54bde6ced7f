//! `POST /v1/me/open-data`

use serde_json::{Value, json};
use wxgate_crypto::{SessionKey, payload};

use super::support::{APPID, START, TestApp};

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
