//! What is counted, for Prometheus and for charts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::Request;
use serde_json::{Value, json};
use wxgate_api::settings::EncryptedData;
use wxgate_api::{Backups, TimeZone};
use wxgate_store::{HourCount, Store, UnixSeconds};

use super::phone::sealed_number;
use super::support::{APPID, START, TestApp, raw, refused, request};

const DAY: i64 = 86_400;

/// The samples of `/metrics`: name with labels → value.
async fn metrics(app: &TestApp) -> BTreeMap<String, f64> {
    let answer = app.send_inside(raw("GET", "/metrics", None, "")).await;
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text.ends_with("# EOF\n"), "{}", answer.text);
    let samples = answer.text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[tokio::test]
async fn logins_openings_and_phones_are_counted_by_what_became_of_them() {
    let app = TestApp::with(|settings| settings.phone.encrypted_data = EncryptedData::Local).await;
    let member = app.login("o1").await;
    let newer = app.login("o1").await;
    // Made with the key of the login before.
    app.post("/v1/phone", &newer.skey, sealed_number(&member.key, "13800138000", START)).await.ok();
    let code = app.wechat.phone_code("o1", "13900139000", "13900139000", "86");
    app.post("/v1/phone", &newer.skey, json!({ "phoneCode": code })).await.ok();
    app.post("/v1/phone", &newer.skey, sealed_number(&newer.key, "13800138000", START - 10_000)).await.failed(
        "unopenable",
        422,
        -422,
    );
    app.send(request("POST", "/v1/login", None, Some(json!({ "code": "unknown" })))).await;
    app.send(request("POST", "/v1/login", None, Some(json!({})))).await;
    let seen = metrics(&app).await;
    for (sample, value) in [
        (r#"wxgate_logins_total{appid="APP",result="ok",cause=""}"#, 2.0),
        (r#"wxgate_logins_total{appid="APP",result="failed",cause="code_invalid"}"#, 1.0),
        (r#"wxgate_logins_total{appid="APP",result="failed",cause="bad_request"}"#, 1.0),
        (r#"wxgate_members_created_total{appid="APP"}"#, 1.0),
        (r#"wxgate_openings_total{appid="APP",cause="rescued"}"#, 1.0),
        (r#"wxgate_openings_total{appid="APP",cause="too_old"}"#, 1.0),
        (r#"wxgate_phones_bound_total{appid="APP",trust="local"}"#, 1.0),
        (r#"wxgate_phones_bound_total{appid="APP",trust="code"}"#, 1.0),
        (r#"wxgate_http_requests_total{listener="public",method="POST",path="/v1/login",status="2xx"}"#, 2.0),
        (r#"wxgate_http_requests_total{listener="public",method="POST",path="/v1/login",status="4xx"}"#, 2.0),
        ("wxgate_sessions", 2.0),
        ("wxgate_writes_in_doubt_total", 0.0),
    ] {
        let sample = sample.replace("APP", APPID);
        assert_eq!(seen.get(&sample), Some(&value), "{sample} in {seen:#?}");
    }
    assert!(seen["wxgate_wal_bytes"] > 0.0 && seen["wxgate_write_batch_size_count"] > 3.0, "{seen:#?}");
}

#[tokio::test]
async fn how_old_the_backups_are_is_shown_once_there_are_any() {
    let app = TestApp::new().await;
    let made = Arc::new(Mutex::new(Backups::default()));
    let looked = Arc::clone(&made);
    app.app.watch_backups(move || *looked.lock().unwrap());
    let ages = async || {
        let seen = metrics(&app).await;
        ["wxgate_backup_age_seconds", "wxgate_backup_verified_age_seconds"].map(|name| seen.get(name).copied())
    };
    assert_eq!(ages().await, [None, None]);
    *made.lock().unwrap() = Backups { created_at: Some(UnixSeconds(START - 3600)), verified_at: None };
    assert_eq!(ages().await, [Some(3600.0), None]);
    // A clock that was set back makes nothing younger than new.
    *made.lock().unwrap() =
        Backups { created_at: Some(UnixSeconds(START + 60)), verified_at: Some(UnixSeconds(START - 1)) };
    assert_eq!(ages().await, [Some(0.0), Some(1.0)]);
}

#[tokio::test]
async fn no_label_names_a_person_and_a_strangers_words_are_no_labels() {
    let app = TestApp::new().await;
    app.login("canary-openid").await;
    for path in ["/canary-path", "/v1/avatars/canary-id"] {
        app.send(raw("GET", path, None, "")).await;
    }
    let body = json!({ "code": "canary-code", "appid": "canary-appid" });
    app.send(request("POST", "/v1/login", None, Some(body))).await.failed("bad_request", 400, -400);
    app.wechat.fail(|| refused(987_654));
    app.send(request("POST", "/v1/login", None, Some(json!({ "code": "canary-code" })))).await;
    let text = app.send_inside(raw("GET", "/metrics", None, "")).await.text;
    assert!(!text.contains("canary") && !text.contains("987654"), "{text}");
    app.send(raw("GET", "/metrics", None, "")).await.failed("not_found", 404, -404);
}

fn ask(query: &str, token: &str, language: &str) -> Request<http_body_util::Full<bytes::Bytes>> {
    let mut asked = request("GET", &format!("/api/v1/stats{query}"), Some(token), None);
    asked.headers_mut().insert("accept-language", language.parse().unwrap());
    asked
}

async fn stats(app: &TestApp, query: &str) -> Value {
    let token = app.api_token(&["stats:read"]).await;
    app.send_inside(ask(query, &token, "en")).await.ok().clone()
}

#[tokio::test]
async fn charts_are_made_of_what_was_counted_in_each_bucket_without_a_gap() {
    let app = TestApp::new().await;
    app.login("o1").await;
    app.login("o1").await;
    app.send(request("POST", "/v1/login", None, Some(json!({ "code": "unknown" })))).await;
    app.clock.advance(2 * DAY);
    app.login("o2").await;
    let reply = stats(&app, &format!("?from={}&to={}&bucket=day&appid={APPID}", START, START + 2 * DAY + 1)).await;
    assert_eq!((&reply["timezone"], &reply["bucket"]), (&json!("Asia/Shanghai"), &json!("day")));
    let buckets = reply["buckets"].as_array().unwrap();
    let of = |at: usize| (&buckets[at]["logins"], &buckets[at]["new_members"], &buckets[at]["failed_logins"]);
    assert_eq!(buckets.len(), 3);
    assert_eq!(of(0), (&json!(2), &json!(1), &json!({ "code_invalid": 1 })));
    assert_eq!(of(1), (&json!(0), &json!(0), &json!({})));
    assert_eq!(of(2), (&json!(1), &json!(1), &json!({})));
    assert!(buckets.windows(2).all(|pair| pair[0]["end"] == pair[1]["start"]));
    // 1,795,000,000 is 19:06:40 in Shanghai.
    assert_eq!(buckets[0]["start"].as_i64(), Some(START - 19 * 3_600 - 400));
}

#[tokio::test]
async fn nothing_counted_is_zeros_and_without_a_query_a_month_of_days() {
    let app = TestApp::new().await;
    let reply = stats(&app, "").await;
    let buckets = reply["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 31, "30 days and the one in which they began");
    let none = json!({
        "new_members": 0, "logins": 0, "failed_logins": {}, "phones": 0, "failed_phones": {}, "openings": 0,
        "failed_openings": {}, "start": buckets[0]["start"], "end": buckets[0]["end"],
    });
    assert_eq!(buckets[0], none);
}

#[tokio::test]
async fn an_hour_counts_for_the_local_day_that_it_is_in() {
    let app = TestApp::with(|settings| settings.timezone = TimeZone::get("Europe/Berlin").unwrap()).await;
    // 2026-10-25, when clocks go back: midnight is 2026-10-24T22:00Z, the next one 2026-10-25T23:00Z.
    let midnight = 1_792_879_200;
    let hour = |hour: i64| HourCount {
        hour: UnixSeconds(midnight + hour * 3_600),
        appid: APPID.to_owned(),
        what: "login".to_owned(),
        cause: String::new(),
        count: 1,
    };
    app.store.add_counts((-1..26).map(hour).collect()).await.unwrap();
    let reply = stats(&app, &format!("?from={}&to={}&bucket=day", midnight - 1, midnight + 25 * 3_600 + 1)).await;
    let logins: Vec<_> =
        reply["buckets"].as_array().unwrap().iter().map(|bucket| bucket["logins"].as_i64().unwrap()).collect();
    assert_eq!(logins, [1, 25, 1]);
}

#[tokio::test]
async fn what_is_wrong_with_the_question_is_named() {
    let app = TestApp::new().await;
    let token = app.api_token(&["stats:read"]).await;
    for (query, named) in [
        ("?from=yesterday", "`from`"),
        ("?from=-1", "`from`"),
        ("?to=99999999999", "`to`"),
        ("?from=5&to=5", "`from` must be before `to`"),
        ("?bucket=fortnight", "`bucket` must be one of hour, day, week, month"),
        ("?from=0&bucket=hour", "`bucket` is too short"),
        ("?appid=wxffffffffffffffff", "`appid`"),
        ("?until=5", "`until`"),
        ("?from", "key=value"),
    ] {
        let answer = app.send_inside(ask(query, &token, "en")).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains(named), "{query}: {hint}");
    }
    let other = app.api_token(&["members:read"]).await;
    app.send_inside(ask("", &other, "en")).await.failed("forbidden", 403, -403);
    app.send_inside(raw("GET", "/api/v1/stats", None, "")).await.failed("unauthorized", 401, -401);
}
