//! `[app.content_check]`: what WeChat judges of what members write and show.

use image::ImageFormat;
use serde_json::{Value, json};
use wx_client::calls::Suggest;
use wxgate_api::settings::ContentCheck;

use super::avatars::{picture, send_picture, uploaded};
use super::support::push::{Pushed, channel, event};
use super::support::{APPID, Answer, START, TestApp, raw, refused, request};

async fn judging(settings: ContentCheck) -> TestApp {
    TestApp::with(|all| {
        all.content_check.insert(APPID.to_owned(), settings);
        all.push.insert(APPID.to_owned(), channel(APPID));
        all.public_url = "https://api.example.com".into();
    })
    .await
}

async fn judging_names() -> (TestApp, String) {
    let app = judging(ContentCheck { nicknames: true, avatars: false }).await;
    let skey = app.login("o1").await.skey;
    (app, skey)
}

async fn judging_pictures() -> (TestApp, String) {
    let app = judging(ContentCheck { nicknames: false, avatars: true }).await;
    let skey = app.login("o1").await.skey;
    (app, skey)
}

async fn name(app: &TestApp, skey: &str, name: &str, verdict: wx_client::Result<Suggest>) -> Answer {
    *app.wechat.verdict.lock().unwrap() = Some(verdict);
    app.send(request("PATCH", "/v1/me", Some(skey), Some(json!({ "nickName": name })))).await
}

async fn shown(app: &TestApp, skey: &str, what: &str) -> Value {
    app.get("/v1/me", skey).await.ok()["member"][what].clone()
}

fn judged(app: &TestApp) -> String {
    app.wechat.judged.lock().unwrap().join("\n")
}

#[tokio::test]
async fn a_name_is_judged_before_it_is_kept() {
    let (app, skey) = judging_names().await;
    name(&app, &skey, "小明", Ok(Suggest::Pass)).await.ok();
    let refusal = name(&app, &skey, "坏人", Ok(Suggest::Risky)).await;
    assert!(refusal.json["hint"].as_str().unwrap().contains("nickName"));
    refusal.failed("bad_request", 400, -400);
    assert_eq!(shown(&app, &skey, "nickName").await, "小明");
    name(&app, &skey, "小红", Ok(Suggest::Review)).await.ok();
    assert_eq!(shown(&app, &skey, "nickName").await, "小红");
    assert!(judged(&app).contains("坏人") && judged(&app).contains("\"o1\""), "{}", judged(&app));
}

#[tokio::test]
async fn a_name_that_is_shown_already_is_not_judged_again() {
    let (app, skey) = judging_names().await;
    name(&app, &skey, "小明", Ok(Suggest::Pass)).await.ok();
    name(&app, &skey, "小明", Ok(Suggest::Risky)).await.ok();
    assert_eq!(app.wechat.judged.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_verdict_no_name_is_kept() {
    let (app, skey) = judging_names().await;
    name(&app, &skey, "小明", Err(refused(61010))).await.failed("login_too_old", 401, -401);
    name(&app, &skey, "小明", Err(refused(-1))).await.failed("wechat_busy", 503, -1);
    name(&app, &skey, "小明", Err(refused(48001))).await.failed("wechat_refused", 502, 48001);
    assert_eq!(shown(&app, &skey, "nickName").await, Value::Null);
}

#[tokio::test]
async fn a_member_has_only_so_many_names_judged() {
    let (app, skey) = judging_names().await;
    for number in 0..10 {
        name(&app, &skey, &number.to_string(), Ok(Suggest::Pass)).await.ok();
    }
    name(&app, &skey, "10", Ok(Suggest::Pass)).await.failed("too_many_requests", 429, -429);
    assert_eq!(app.wechat.judged.lock().unwrap().len(), 10);
}

/// A picture that is kept while this check of it is under way.
async fn checked(app: &TestApp, skey: &str, trace_id: &str) -> String {
    *app.wechat.media_check.lock().unwrap() = Some(Ok(trace_id.to_owned()));
    uploaded(app, skey, &picture(7, ImageFormat::Png)).await
}

/// What WeChat says of a check, some seconds after the start of the test's time.
async fn found(app: &TestApp, trace_id: &str, suggest: &str) {
    let result = json!({ "trace_id": trace_id, "errcode": 0, "result": { "suggest": suggest, "label": 20002 } });
    app.push(&Pushed::of(&event("wxa_media_check", "o1", &result), START, trace_id)).await;
}

#[tokio::test]
async fn a_risky_picture_is_served_until_wechat_says_so() {
    let (app, skey) = judging_pictures().await;
    let address = checked(&app, &skey, "trace1").await;
    assert!(judged(&app).contains(&address), "WeChat is told where it is: {}", judged(&app));
    let path = address.strip_prefix("https://api.example.com").unwrap().to_owned();
    found(&app, "trace1", "pass").await;
    found(&app, "trace2", "risky").await;
    assert_eq!(shown(&app, &skey, "avatarUrl").await, address.as_str());
    app.send(raw("GET", &path, None, "")).await;
    found(&app, "trace1x", "risky").await;
    assert_eq!(app.send(raw("GET", &path, None, "")).await.status, 200);

    let second = checked(&app, &skey, "trace3").await;
    found(&app, "trace3", "risky").await;
    assert_eq!(shown(&app, &skey, "avatarUrl").await, Value::Null);
    let path = second.strip_prefix("https://api.example.com").unwrap();
    assert_eq!(app.send(raw("GET", path, None, "")).await.status, 404);
    let audit = app.get("/v1/me/export", &skey).await.ok()["audit"].clone();
    assert_eq!((&audit[1]["actor"], &audit[1]["action"]), (&json!("wechat"), &json!("avatar.refused")));
}

#[tokio::test]
async fn a_picture_that_nobody_will_judge_is_not_kept() {
    let (app, skey) = judging_pictures().await;
    let address = checked(&app, &skey, "trace1").await;
    *app.wechat.media_check.lock().unwrap() = Some(Err(refused(-1)));
    send_picture(&app, &skey, &picture(9, ImageFormat::Png)).await.failed("wechat_busy", 503, -1);
    assert_eq!(shown(&app, &skey, "avatarUrl").await, address.as_str(), "the one before stays");
}

#[tokio::test]
async fn nothing_is_judged_where_the_app_does_not_say_so() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    name(&app, &skey, "小明", Ok(Suggest::Risky)).await.ok();
    uploaded(&app, &skey, &picture(7, ImageFormat::Png)).await;
    assert_eq!(judged(&app), "");
}
