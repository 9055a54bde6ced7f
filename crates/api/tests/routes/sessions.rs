//! What a session is, how long it lasts, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use wxgate_api::Clock;

use super::support::{START, TestApp, request};

const DAY: i64 = 86_400;

async fn alive(app: &TestApp, skey: &str) -> bool {
    app.get("/v1/session", skey).await.status == 200
}

#[tokio::test]
async fn idle_expiry() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.clock.advance(7 * DAY - 1);
    let kept = app.login("o2").await;
    app.clock.advance(1);
    app.get("/v1/session", &member.skey).await.failed("unauthorized", 401, -401);
    assert!(alive(&app, &kept.skey).await);
}

#[tokio::test]
async fn absolute_expiry() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    for _ in 0..4 {
        app.clock.advance(6 * DAY);
        let expected = (app.clock.now().0 + 7 * DAY).min(START + 30 * DAY);
        // A check does not wait long for the write that renews; so what it says may be the end before it.
        let renewed = async {
            while app.get("/v1/session", &member.skey).await.ok()["expires_at"] != expected {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), renewed).await.unwrap();
    }
    app.clock.advance(6 * DAY - 1);
    assert!(alive(&app, &member.skey).await);
    app.clock.advance(1);
    assert!(!alive(&app, &member.skey).await);
}

#[tokio::test]
async fn a_check_does_not_wait_for_a_writer_that_hangs() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let end = app.get("/v1/session", &member.skey).await.ok()["expires_at"].clone();
    app.clock.advance(DAY);
    let stranger = app.database();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    // From here on time passes only for who waits for it: the check gives up after its own time, or the test does.
    tokio::time::pause();
    let checked = timeout(Duration::from_secs(1), app.get("/v1/session", &member.skey)).await;
    assert_eq!(checked.expect("the check waits for the writer").ok()["expires_at"], end);
    tokio::time::resume();
    stranger.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn one_members_login_does_not_renew_anothers_session() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.clock.advance(6 * DAY);
    app.login("o2").await;
    app.clock.advance(DAY);
    assert!(!alive(&app, &member.skey).await);
}

#[tokio::test]
async fn refresh_replaces_the_skey_and_not_the_session() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let before = app.get("/v1/sessions", &member.skey).await.ok()["sessions"].clone();
    let refreshed = app.send(request("POST", "/v1/session/refresh", Some(&member.skey), None)).await;
    let skey = refreshed.ok()["skey"].as_str().unwrap().to_owned();
    assert!(skey.starts_with("wxg_") && skey != member.skey);
    assert!(!alive(&app, &member.skey).await);
    assert_eq!(app.get("/v1/sessions", &skey).await.ok()["sessions"], before);
    app.send(request("POST", "/v1/session/refresh", Some(&member.skey), None)).await.failed("unauthorized", 401, -401);
    assert!(alive(&app, &skey).await, "the failed repetition ends nothing");
}

#[tokio::test]
async fn of_several_refreshes_at_once_one_wins() {
    let app = Arc::new(TestApp::new().await);
    let member = app.login("o1").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (app, skey) = (Arc::clone(&app), member.skey.clone());
            tokio::spawn(async move { app.send(request("POST", "/v1/session/refresh", Some(&skey), None)).await })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        let answer = task.await.unwrap();
        match answer.status {
            200 => winners.push(answer.json["skey"].as_str().unwrap().to_owned()),
            _ => drop(answer.failed("unauthorized", 401, -401)),
        }
    }
    assert_eq!(winners.len(), 1);
    assert!(alive(&app, &winners[0]).await);
}

#[tokio::test]
async fn unknown_expired_and_revoked_are_one_answer() {
    let app = TestApp::new().await;
    let (expired, revoked) = (app.login("o1").await, app.login("o2").await);
    app.delete("/v1/session", &revoked.skey).await.ok();
    app.clock.advance(7 * DAY);
    let live = app.login("o3").await;
    let last = if live.skey.ends_with('A') { 'Q' } else { 'A' };
    let forged = format!("{}{last}", &live.skey[..live.skey.len() - 1]);
    let mut seen = Vec::new();
    for skey in [&expired.skey, &revoked.skey, &forged, "wxg_nonsense", "wxg_", &live.skey[4..]] {
        let answer = app.get("/v1/session", skey).await;
        let mut body = answer.failed("unauthorized", 401, -401).clone();
        body.as_object_mut().unwrap().remove("rid");
        let headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(n, v)| format!("{n}: {v:?}"))
            .collect();
        seen.push((body, headers));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[tokio::test]
async fn a_member_sees_and_ends_their_own_sessions_only() {
    let app = TestApp::new().await;
    let mut login = request("POST", "/v1/login", None, Some(json!({ "code": app.wechat.login_code("o1").0 })));
    login.headers_mut().insert("user-agent", "MicroMessenger/8.0".parse().unwrap());
    let one = app.send(login).await.ok()["skey"].as_str().unwrap().to_owned();
    let (two, stranger) = (app.login("o1").await.skey, app.login("o2").await.skey);
    let listed = app.get("/v1/sessions", &two).await;
    let rows = listed.ok()["sessions"].as_array().unwrap().clone();
    assert_eq!(rows.iter().map(|row| row["current"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false]);
    assert_eq!((&rows[1]["user_agent"], &rows[0]["user_agent"]), (&json!("MicroMessenger/8.0"), &json!(null)));
    assert!(!listed.text.contains("wxg_"));

    let first = format!("/v1/sessions/{}", rows[1]["id"].as_str().unwrap());
    app.delete(&first, &stranger).await.failed("not_found", 404, -404);
    assert!(alive(&app, &one).await);
    app.delete(&first, &two).await.ok();
    assert!(!alive(&app, &one).await && alive(&app, &two).await);
    app.login("o1").await;
    app.delete("/v1/sessions", &two).await.ok();
    assert!(!alive(&app, &two).await && alive(&app, &stranger).await);
}

#[tokio::test]
async fn session_cap() {
    for most in [1_usize, 3] {
        let app = TestApp::with(|settings| settings.session.max_per_member = u32::try_from(most).unwrap()).await;
        let mut skeys = Vec::new();
        for _ in 0..5 {
            skeys.push(app.login("o1").await.skey);
        }
        for (number, skey) in skeys.iter().enumerate() {
            assert_eq!(alive(&app, skey).await, number + most >= 5, "session {number} of 5, at most {most}");
        }
    }
}

#[tokio::test]
async fn logout_then_use() {
    let app = TestApp::new().await;
    let (one, two) = (app.login("o1").await.skey, app.login("o1").await.skey);
    app.delete("/v1/session", &one).await.ok();
    app.delete("/v1/session", &one).await.failed("unauthorized", 401, -401);
    assert!(!alive(&app, &one).await && alive(&app, &two).await);
}

#[tokio::test]
async fn the_stored_session_key_is_checked_at_wechat_at_most_every_five_seconds() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let check = async || app.send(request("POST", "/v1/session/check", Some(&member.skey), None)).await;
    assert_eq!(check().await.ok()["session_key"], "valid");
    *app.wechat.current_key.lock().unwrap() = false;
    assert_eq!(check().await.ok()["session_key"], "valid");
    assert_eq!(app.wechat.calls(), 2, "the login and one check");
    app.clock.advance(5);
    assert_eq!(check().await.ok()["session_key"], "stale");
    *app.wechat.current_key.lock().unwrap() = true;
    let again = app.login("o1").await;
    let check_again = app.send(request("POST", "/v1/session/check", Some(&again.skey), None)).await;
    assert_eq!(check_again.ok()["session_key"], "valid", "a new login has a new key, and is asked about anew");
    app.clock.advance(5);
    app.wechat.fail(|| wx_client::Error::Unreadable { reason: "scripted" });
    check().await.failed("wechat_unreachable", 503, -503);
    assert!(alive(&app, &member.skey).await);
}
