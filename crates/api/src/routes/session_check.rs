//! `POST /v1/session/check`

use std::sync::Arc;

use quick_cache::sync::Cache;
use serde::Serialize;
use warp::Filter;
use wxgate_crypto::signature;
use wxgate_store::{MemberKey, UnixSeconds};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::flights::Flights;
use crate::http::{Body, Route, body, info, no_fields, respond, with};
use crate::remembered::{Hash, hash_of};

/// Keys about which WeChat's word is remembered at once, and for how many seconds.
const REMEMBERED: usize = 10_000;
const REMEMBERED_SECONDS: i64 = 5;

/// Whether the stored session_key is the one WeChat encrypts with now.
#[derive(Debug, Serialize)]
pub struct CheckReply {
    session_key: &'static str,
}

/// What WeChat said of a session_key a moment ago, and the questions under way. Named by the proof that is sent, so
/// that a new login asks anew.
pub struct SessionChecks {
    said: Cache<Hash, (bool, UnixSeconds)>,
    under_way: Flights<Hash, bool>,
}

impl SessionChecks {
    pub fn new() -> Self {
        Self { said: Cache::new(REMEMBERED), under_way: Flights::new() }
    }

    fn said(&self, question: &Hash, now: UnixSeconds) -> Option<bool> {
        self.said.get(question).filter(|(_, until)| now < *until).map(|(valid, _)| valid)
    }

    pub fn forget_expired(&self, now: UnixSeconds) {
        self.said.retain(|_, (_, until)| now < *until);
    }
}

/// `POST /v1/session/check`: 200 [`CheckReply`], 401, 403, 503 `wechat_busy`, `wechat_unreachable`.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "session" / "check")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { check(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Asks WeChat about the newest session_key of the member, at most every five seconds.
async fn check(app: &Arc<App>, info: &RequestInfo, body: Body) -> Result<CheckReply, ApiError> {
    let session = app.authenticate(info).await?;
    no_fields(body)?;
    let member = session.member;
    let valid = match app.kept_keys(&member).await?.first() {
        None => false,
        Some(key) => is_current(app, member.key, signature::login_state(key, b"")).await?,
    };
    Ok(CheckReply { session_key: if valid { "valid" } else { "stale" } })
}

async fn is_current(app: &Arc<App>, owner: MemberKey, proof: String) -> Result<bool, ApiError> {
    let question = hash_of(&[&owner.appid, &owner.openid, &proof]);
    let work = {
        let app = Arc::clone(app);
        Box::pin(async move {
            let now = app.clock.now();
            if let Some(valid) = app.checks.said(&question, now) {
                return Ok(valid);
            }
            let asked = app.wechat.check_session_key(&owner.appid, &owner.openid, &proof).await;
            let valid = app.health.note(asked, now)?;
            app.checks.said.insert(question, (valid, now + REMEMBERED_SECONDS));
            Ok(valid)
        })
    };
    app.checks.under_way.join(question, work).await
}
