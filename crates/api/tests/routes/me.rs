//! The member's own profile, copy and end.

use serde_json::json;
use wxgate_crypto::signature;

use super::support::{TestApp, request};

#[tokio::test]
async fn a_member_chooses_name_and_picture() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let avatar = "https://thirdwx.qlogo.cn/a/132";
    let patch = async |body| app.send(request("PATCH", "/v1/me", Some(&skey), Some(body))).await;
    let changed = patch(json!({ "nickName": " 小明 ", "avatarUrl": avatar })).await;
    assert_eq!(changed.ok()["member"]["nickName"], "小明");
    patch(json!({ "nickName": "小红" })).await.ok();
    let me = app.get("/v1/me", &skey).await;
    assert_eq!((&me.ok()["member"]["nickName"], &me.json["member"]["avatarUrl"]), (&json!("小红"), &json!(avatar)));
    assert_eq!(patch(json!({})).await.ok()["member"]["nickName"], "小红");
}

#[tokio::test]
async fn a_profile_signed_with_any_kept_key_is_taken() {
    let app = TestApp::new().await;
    let first = app.login("o1").await;
    let second = app.login("o1").await;
    let text = json!({ "nickName": "Band" }).to_string();
    let signed = signature::raw_data(&text, &first.key);
    let answer = app.post("/v1/me/profile", &second.skey, json!({ "rawData": text, "signature": signed })).await;
    assert_eq!(answer.ok()["member"]["nickName"], "Band");
    app.clock.advance(601);
    let answer = app.post("/v1/me/profile", &second.skey, json!({ "rawData": text, "signature": signed })).await;
    answer.failed("unopenable", 422, -422);
}

#[tokio::test]
async fn the_export_holds_everything_about_the_person() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    let answer = app.get("/v1/me/export", &member.skey).await;
    let held = &answer.ok()["member"];
    assert_eq!((&held["openid"], &held["unionid"]), (&json!("o1"), &json!("union-o1")));
    assert_eq!(held["phone_info"]["phoneNumber"], "13800138000");
    assert_eq!(held["phone_trust"], "code");
    assert_eq!(answer.json["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(answer.json["session_keys_obtained_at"].as_array().unwrap().len(), 1);
    assert!(!answer.text.contains(member.key.expose()) && !answer.text.contains("wxg_"));
}

#[tokio::test]
async fn an_own_export_is_audited_before_it_is_given_out_and_asked_for_only_so_often() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    for number in 1..=10 {
        let export = app.get("/v1/me/export", &skey).await;
        let lines = export.ok()["audit"].as_array().unwrap();
        assert_eq!(
            (lines.len(), &lines[0]["action"], &lines[0]["actor"]),
            (number, &json!("member.exported"), &json!("member"))
        );
    }
    app.get("/v1/me/export", &skey).await.failed("too_many_requests", 429, -429);
    app.get("/v1/me/export", &app.login("o2").await.skey).await.ok();
}

#[tokio::test]
async fn erasing_oneself_needs_a_fresh_login_and_leaves_nothing() {
    let app = TestApp::new().await;
    let old = app.login("o1").await;
    app.clock.advance(301);
    app.delete("/v1/me", &old.skey).await.failed("login_too_old", 401, -401);
    let fresh = app.login("o1").await;
    app.delete("/v1/me", &fresh.skey).await.ok();
    for skey in [&old.skey, &fresh.skey] {
        app.get("/v1/me", skey).await.failed("unauthorized", 401, -401);
    }
    let returned = app.login("o1").await;
    assert_eq!(returned.login.json["is_new"], true);
    assert_ne!(returned.login.json["member"]["id"], old.login.json["member"]["id"]);
}
