//! `POST /v1/login`

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wxgate_crypto::{SessionKey, payload, signature};

use super::support::{APPID, START, TestApp, raw, request};

fn login(body: Value) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    request("POST", "/v1/login", None, Some(body))
}

fn with_key(body: Value, key: &str) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let mut request = login(body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

#[tokio::test]
async fn a_code_becomes_a_member_and_a_session() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let json = member.login.ok();
    let names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["errcode", "errmsg", "expires_at", "expires_in", "is_new", "member", "profile", "skey"];
    assert_eq!(names, expected);
    assert_eq!((&json["expires_in"], &json["expires_at"]), (&json!(604_800), &json!(START + 604_800)));
    assert_eq!((&json["is_new"], &json["profile"]), (&json!(true), &json!("absent")));
    let id = &json["member"]["id"];
    assert_eq!(
        json["member"],
        json!({ "id": id, "nickName": null, "avatarUrl": null, "phone": null, "created_at": START, "attributes": {} })
    );
    for secret in [member.key.expose(), "union-o1"] {
        assert!(!member.login.text.contains(secret));
    }
    let again = app.login("o1").await;
    assert_eq!((&again.login.json["is_new"], &again.login.json["member"]["id"]), (&json!(false), id));
}

#[tokio::test]
async fn login_rotates() {
    let app = TestApp::new().await;
    let mut skeys = HashSet::new();
    for _ in 0..5 {
        let skey = app.login("o1").await.skey;
        app.get("/v1/session", &skey).await.ok();
        assert!(skeys.insert(skey), "each login has an skey of its own");
    }
}

#[tokio::test]
async fn client_token_ignored() {
    let app = TestApp::new().await;
    let other = app.login("o1").await.skey;
    let (code, _) = app.wechat.login_code("o2");
    let chosen = login(json!({ "code": code, "skey": other }));
    app.send(chosen).await.failed("bad_request", 400, -400);
    let mut carried = login(json!({ "code": code }));
    carried.headers_mut().insert("authorization", format!("Bearer {other}").parse().unwrap());
    carried.headers_mut().insert("cookie", format!("skey={other}").parse().unwrap());
    let answer = app.send(carried).await;
    assert_ne!(answer.ok()["skey"], json!(other));
    assert!(answer.headers.get("set-cookie").is_none());
    let first = app.get("/v1/session", &other).await.ok()["member"]["id"].clone();
    assert_ne!(answer.json["member"]["id"], first, "the session of the first is as it was");
}

#[tokio::test]
async fn openid_and_unionid_are_shown_where_the_operator_says_so() {
    let app = TestApp::with(|settings| settings.session.expose_openid = true).await;
    let member = app.login("o1").await;
    let shown = &member.login.json["member"];
    assert_eq!((&shown["openid"], &shown["unionid"]), (&json!("o1"), &json!("union-o1")));
}

#[tokio::test]
async fn code_reuse_refused() {
    let app = TestApp::new().await;
    let (code, _) = app.wechat.login_code("o1");
    app.send(login(json!({ "code": code }))).await.ok();
    app.send(login(json!({ "code": code }))).await.failed("code_used", 400, 40163);
    assert_eq!(app.wechat.calls(), 1);
    app.send(login(json!({ "code": "unknown" }))).await.failed("code_invalid", 400, 40029);
    app.send(login(json!({ "code": "unknown" }))).await.failed("code_invalid", 400, 40029);
    assert_eq!(app.wechat.calls(), 2, "remembered");
    app.clock.advance(300);
    app.send(login(json!({ "code": "unknown" }))).await.failed("code_invalid", 400, 40029);
    assert_eq!(app.wechat.calls(), 3, "for five minutes");
}

#[tokio::test]
async fn code_single_flight() {
    let app = Arc::new(TestApp::new().await);
    let (code, _) = app.wechat.login_code("o1");
    let held = app.wechat.hold().await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (app, code) = (Arc::clone(&app), code.clone());
            tokio::spawn(async move { app.send(login(json!({ "code": code }))).await })
        })
        .collect();
    while app.wechat.calls() == 0 {
        tokio::task::yield_now().await;
    }
    drop(held);
    let mut skeys = Vec::new();
    for task in tasks {
        skeys.push(task.await.unwrap().ok()["skey"].to_string());
    }
    skeys.dedup();
    assert_eq!((skeys.len(), app.wechat.calls()), (1, 1));
}

#[tokio::test]
async fn login_retry_same_key() {
    let app = TestApp::new().await;
    let (code, _) = app.wechat.login_code("o1");
    let one = app.send(with_key(json!({ "code": code }), "k1")).await;
    app.clock.advance(59);
    let two = app.send(with_key(json!({ "code": code }), "k1")).await;
    assert_eq!(one.ok(), two.ok());
    app.clock.advance(1);
    app.send(with_key(json!({ "code": code }), "k1")).await.failed("code_used", 400, 40163);
    assert_eq!(app.wechat.calls(), 1);
}

#[tokio::test]
async fn login_retry_other_key() {
    let app = TestApp::new().await;
    let (code, _) = app.wechat.login_code("o1");
    app.send(with_key(json!({ "code": code }), "k1")).await.ok();
    app.send(with_key(json!({ "code": code }), "k2")).await.failed("code_used", 400, 40163);
    app.send(login(json!({ "code": code }))).await.failed("code_used", 400, 40163);
    let other = json!({ "code": code, "rawData": "{}", "signature": "x" });
    app.send(with_key(other, "k1")).await.failed("conflict", 409, -409);
    app.send(with_key(json!({ "code": "other" }), "k1")).await.failed("conflict", 409, -409);
    assert_eq!(app.wechat.calls(), 1);
}

/// What WeChat does → word, status, errcode.
type Row = (fn() -> wx_client::Error, &'static str, u16, i64);

#[tokio::test]
async fn what_wechat_says_decides_the_answer_and_nobody_is_logged_in() {
    use wx_client::Error;
    fn refused(errcode: i64) -> Error {
        Error::Refused { errcode, errmsg: "scripted".into(), rid: None }
    }
    let app = TestApp::new().await;
    let table: [Row; 12] = [
        (|| refused(-1), "wechat_busy", 503, -1),
        (|| refused(40029), "code_invalid", 400, 40029),
        (|| refused(40163), "code_used", 400, 40163),
        (|| refused(40226), "blocked", 403, 40226),
        (|| refused(45011), "too_many_requests", 429, 45011),
        (|| refused(45009), "too_many_requests", 429, 45009),
        (|| refused(40125), "wechat_refused", 502, 40125),
        (|| refused(40164), "wechat_refused", 502, 40164),
        (|| refused(99_999), "wechat_refused", 502, 99_999),
        (|| Error::Busy, "wechat_busy", 503, -503),
        (|| Error::Unreadable { reason: "scripted" }, "wechat_unreachable", 503, -503),
        (|| Error::Unreachable { sent: true, source: "scripted".into() }, "wechat_unreachable", 503, -503),
    ];
    for (number, (error, word, status, errcode)) in table.into_iter().enumerate() {
        app.wechat.fail(error);
        let answer = app.send(login(json!({ "code": format!("c{number}") }))).await;
        answer.failed(word, status, errcode);
        assert!(answer.json.get("skey").is_none() && !answer.text.contains("scripted"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_code_that_may_have_reached_wechat_is_never_sent_again_and_one_that_did_not_is() {
    use wx_client::Error;
    let app = TestApp::new().await;
    let (lost, _) = app.wechat.login_code("o1");
    app.wechat.fail(|| Error::Unreachable { sent: true, source: "scripted".into() });
    app.send(login(json!({ "code": lost }))).await.failed("wechat_unreachable", 503, -503);
    let (unsent, _) = app.wechat.login_code("o2");
    app.wechat.fail(|| Error::Unreachable { sent: false, source: "scripted".into() });
    app.send(login(json!({ "code": unsent }))).await.failed("wechat_unreachable", 503, -503);
    let (busy, _) = app.wechat.login_code("o3");
    app.wechat.fail(|| Error::Refused { errcode: -1, errmsg: String::new(), rid: None });
    app.send(login(json!({ "code": busy }))).await.failed("wechat_busy", 503, -1);
    let (paused, _) = app.wechat.login_code("o4");
    app.wechat.fail(|| Error::Paused { remaining: Duration::from_millis(2_500) });
    let answer = app.send(login(json!({ "code": paused }))).await;
    answer.failed("wechat_unreachable", 503, -503);
    assert_eq!(answer.header("retry-after"), "3");
    app.wechat.heal();
    app.send(login(json!({ "code": lost }))).await.failed("code_used", 400, 40163);
    assert_eq!(app.wechat.calls(), 4);
    app.send(login(json!({ "code": unsent }))).await.ok();
    app.send(login(json!({ "code": paused }))).await.ok();
    app.send(login(json!({ "code": busy }))).await.ok();
}

#[tokio::test]
async fn a_profile_that_the_user_did_not_grant_is_absent() {
    let app = TestApp::new().await;
    let (code, _) = app.wechat.login_code("o1");
    let body = json!({ "code": code, "rawData": "", "signature": "", "encryptedData": "", "iv": "" });
    assert_eq!(app.send(login(body)).await.ok()["profile"], "absent");
    let (code, key) = app.wechat.login_code("o1");
    let body = json!({ "code": code, "rawData": "{}", "signature": signature::raw_data("{}", &key) });
    assert_eq!(app.send(login(body)).await.ok()["profile"], "absent", "nothing of it is worth keeping");
}

fn raw_data(name: &str) -> String {
    json!({ "nickName": name, "gender": 1, "city": "Guangzhou", "avatarUrl": "https://thirdwx.qlogo.cn/a/132" })
        .to_string()
}

#[tokio::test]
async fn a_signed_profile_is_kept_and_a_forged_one_is_not() {
    let app = TestApp::new().await;
    let (code, key) = app.wechat.login_code("o1");
    let text = raw_data("小明😀");
    let signed = signature::raw_data(&text, &key);
    let answer = app.send(login(json!({ "code": code, "rawData": text, "signature": signed }))).await;
    assert_eq!(answer.ok()["profile"], "stored");
    assert_eq!(answer.json["member"]["nickName"], "小明😀");
    assert_eq!(answer.json["member"]["avatarUrl"], "https://thirdwx.qlogo.cn/a/132");

    let (code, _) = app.wechat.login_code("o1");
    let answer = app.send(login(json!({ "code": code, "rawData": raw_data("evil"), "signature": signed }))).await;
    assert_eq!((&answer.ok()["profile"], &answer.json["member"]["nickName"]), (&json!("refused"), &json!("小明😀")));
}

fn sealed(key: &SessionKey, openid: &str, name: &str, appid: &str, timestamp: i64) -> Value {
    let info = json!({ "openId": openid, "nickName": name, "gender": 0, "language": "", "city": "", "province": "",
        "country": "", "avatarUrl": "", "watermark": { "timestamp": timestamp, "appid": appid } });
    let encrypted = payload::seal(info.to_string().as_bytes(), key, [7; 16]);
    json!({ "encryptedData": encrypted.encrypted_data(), "iv": encrypted.iv_text() })
}

fn merged(mut one: Value, other: &Value) -> Value {
    one.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    one
}

#[tokio::test]
async fn userinfo_openid_mismatch() {
    let app = TestApp::new().await;
    for (openid, appid, timestamp, other_key, expected) in [
        ("o1", APPID, START, false, "stored"),
        ("o2", APPID, START, false, "refused"),
        ("o1", "wxffffffffffffffff", START, false, "refused"),
        ("o1", APPID, START - 301, false, "refused"),
        ("o1", APPID, START, true, "refused"),
    ] {
        let (code, key) = app.wechat.login_code("o1");
        let key = if other_key { SessionKey::random() } else { key };
        let body = merged(json!({ "code": code }), &sealed(&key, openid, "Alias", appid, timestamp));
        let answer = app.send(login(body)).await;
        assert_eq!(answer.ok()["profile"], expected, "{openid} {appid} {timestamp}");
        assert_eq!(answer.json["member"]["nickName"], "Alias");
        assert_eq!(answer.json["member"]["id"], app.login("o1").await.login.json["member"]["id"]);
    }
}

#[tokio::test]
async fn a_payload_that_is_not_base64_refuses_the_profile_and_not_the_login() {
    let app = TestApp::new().await;
    let (code, _) = app.wechat.login_code("o1");
    let answer = app.send(login(json!({ "code": code, "encryptedData": "!!", "iv": "!!" }))).await;
    assert_eq!(answer.ok()["profile"], "refused");
}

#[tokio::test]
async fn anonymous_data_never_replaces_what_a_member_chose() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.send(request("PATCH", "/v1/me", Some(&member.skey), Some(json!({ "nickName": "Chosen" })))).await.ok();
    let (code, key) = app.wechat.login_code("o1");
    let text =
        json!({ "nickName": "微信用户", "avatarUrl": "https://thirdwx.qlogo.cn/grey", "is_demote": true }).to_string();
    let signed = signature::raw_data(&text, &key);
    let answer = app.send(login(json!({ "code": code, "rawData": text, "signature": signed }))).await;
    assert_eq!(answer.ok()["member"]["nickName"], "Chosen");
    assert_eq!((&answer.json["profile"], &answer.json["member"]["avatarUrl"]), (&json!("absent"), &json!(null)));
}

#[tokio::test]
async fn the_tutorials_request_with_all_fields_at_once_logs_in() {
    let app = TestApp::new().await;
    let (code, key) = app.wechat.login_code("o1");
    let text = raw_data("Band");
    let encrypted = sealed(&key, "o1", "Band", APPID, START);
    let encode = |value| percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
    let pairs = [
        ("js_code", code.as_str()),
        ("rawData", &text),
        ("signature", &signature::raw_data(&text, &key)),
        ("encrypteData", encrypted["encryptedData"].as_str().unwrap()),
        ("iv", encrypted["iv"].as_str().unwrap()),
    ];
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let answer = app.send(raw("POST", "/v1/login", Some("application/x-www-form-urlencoded"), pairs.join("&"))).await;
    assert_eq!((&answer.ok()["profile"], &answer.json["member"]["nickName"]), (&json!("stored"), &json!("Band")));
}

#[tokio::test]
async fn with_several_apps_a_login_names_its_own_and_members_do_not_mix() {
    let other = "wxfedcba9876543210";
    let app = TestApp::with(|settings| settings.appids.push(other.to_owned())).await;
    let (code, _) = app.wechat.login_code("o1");
    app.send(login(json!({ "code": code }))).await.failed("bad_request", 400, -400);
    let one = app.send(login(json!({ "code": code, "appid": APPID }))).await;
    let (code, _) = app.wechat.login_code("o1");
    let two = app.send(login(json!({ "code": code, "appid": other }))).await;
    assert_ne!(one.ok()["member"]["id"], two.ok()["member"]["id"]);
}
