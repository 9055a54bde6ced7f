//! `[app.risk]`: what WeChat's opinion of a person does to their login.

use serde_json::json;
use wx_client::calls::RiskScene;
use wxgate_api::settings::{Risk, RiskAction};

use super::support::{APPID, Answer, TestApp, refused, request};

async fn asking(action: RiskAction) -> TestApp {
    let risk = Risk { scene: RiskScene::Registration, threshold: 3, action };
    TestApp::with(|settings| settings.risk.extend([(APPID.to_owned(), risk)])).await
}

async fn login(app: &TestApp, rank: Option<wx_client::Result<u8>>) -> Answer {
    *app.wechat.risk_rank.lock().unwrap() = rank;
    let (code, _) = app.wechat.login_code("o1");
    app.send(request("POST", "/v1/login", None, Some(json!({ "code": code })))).await
}

fn count(app: &TestApp, of: &str) -> i64 {
    app.database().query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0)).unwrap()
}

const MARKS: &str = "audit WHERE actor = 'wechat' AND action = 'login.risky'";

#[tokio::test]
async fn a_risky_login_is_refused_and_leaves_nothing() {
    let app = asking(RiskAction::Refuse).await;
    login(&app, Some(Ok(3))).await.failed("blocked", 403, -403);
    assert_eq!((count(&app, "members"), count(&app, "sessions"), count(&app, "audit")), (0, 0, 0));
    login(&app, Some(Ok(2))).await.ok();
    let asked = app.wechat.asked_risk.lock().unwrap().join("\n");
    assert!(asked.contains("\"o1\"") && asked.contains("Registration") && asked.contains("203.0.113.7"), "{asked}");
}

#[tokio::test]
async fn a_risky_login_is_marked_in_the_audit() {
    let app = asking(RiskAction::Mark).await;
    login(&app, Some(Ok(2))).await.ok();
    assert_eq!(count(&app, MARKS), 0);
    login(&app, Some(Ok(4))).await.ok();
    assert_eq!((count(&app, MARKS), count(&app, "sessions")), (1, 2));
}

#[tokio::test]
async fn a_login_goes_on_when_the_rank_is_refused() {
    let app = asking(RiskAction::Refuse).await;
    for errcode in [61010, 48001, -1, 45009] {
        login(&app, Some(Err(refused(errcode)))).await.ok();
    }
}

#[tokio::test]
async fn a_login_goes_on_when_no_rank_comes() {
    let app = asking(RiskAction::Refuse).await;
    login(&app, None).await.ok();
    assert_eq!(app.wechat.asked_risk.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_about_where_the_app_does_not_say_so() {
    let app = TestApp::new().await;
    login(&app, Some(Ok(4))).await.ok();
    assert_eq!((app.wechat.calls(), count(&app, "audit")), (1, 0));
}
