//! D13: a clock that jumps ends nobody's session for good.

use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;
use wxgate_crypto::Skey;
use wxgate_store::{SessionId, Store};

use crate::support::{START, TestApp};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const TEN_YEARS: i64 = 3_653 * DAY;
const WEEK: i64 = 7 * DAY;

async fn minutes(app: &TestApp, count: u32) {
    // In steps that are no jumps.
    for _ in 0..6 * count {
        app.clock.advance(10);
        sleep(Duration::from_secs(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn clock_matrix() {
    let the_year_1969 = -START - 180 * DAY;
    let the_year_2038 = i64::from(i32::MAX) + 1 - START;
    for jump in [HOUR, -HOUR, DAY, -DAY, TEN_YEARS, -TEN_YEARS, the_year_1969, the_year_2038] {
        let app = TestApp::new().await;
        let keeping = tokio::spawn(wxgate_api::housekeeping(app.app.clone(), pending()));
        minutes(&app, 12).await;
        let before = app.login("o1").await.skey;
        app.clock.advance(jump);
        minutes(&app, 9).await;
        let login = app.login("o1").await;
        assert_eq!(login.login.json["expires_in"], WEEK, "{jump}");
        assert!(login.login.json["expires_at"].is_i64(), "{jump}");
        assert_eq!(app.get("/v1/session", &login.skey).await.status, 200, "{jump}");
        // To a store a session that was over before 1970 is over.
        let expected = if jump == the_year_1969 { 401 } else { 200 };
        assert_eq!(app.delete("/v1/session", &login.skey).await.status, expected, "{jump}");
        app.clock.advance(-jump);
        minutes(&app, 9).await;
        assert_eq!(app.get("/v1/session", &before).await.status, 200, "{jump}");
        keeping.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_by_a_clock_that_runs_as_it_should_is_removed() {
    let app = TestApp::new().await;
    let skey = app.login("o1").await.skey;
    let id = SessionId(Skey::parse(&skey).unwrap().session_id());
    app.clock.advance(2 * WEEK);
    let keeping = tokio::spawn(wxgate_api::housekeeping(app.app.clone(), pending()));
    while app.store.session(id).await.unwrap().is_some() {
        minutes(&app, 1).await;
    }
    keeping.abort();
}
