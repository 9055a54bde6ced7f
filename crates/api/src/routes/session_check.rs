//! `POST /v1/session/check`

use std::sync::Arc;

use http::HeaderMap;
use serde::Serialize;
use warp::Filter;
use wxgate_crypto::signature;
use wxgate_store::UnixSeconds;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Route, headers, respond, with};

/// Seconds for which WeChat's word is remembered.
const REMEMBERED_SECONDS: i64 = 5;

/// Whether the stored session_key is the one WeChat encrypts with now.
#[derive(Debug, Serialize)]
pub struct CheckReply {
    session_key: &'static str,
}

/// `POST /v1/session/check`: 200 [`CheckReply`], 401, 403, 503 `wechat_busy`, `wechat_unreachable`.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "session" / "check")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(headers())
        .then(|app: Arc<App>, headers: HeaderMap| async move { check(&app, &headers).await })
        .map(respond)
        .boxed()
}

/// Asks WeChat about the newest session_key of the member, at most every five seconds.
pub async fn check(app: &App, headers: &HeaderMap) -> Result<CheckReply, ApiError> {
    let session = app.authenticate(headers).await?;
    let (member, now) = (&session.member, app.clock.now());
    let remembered = app.checks.get(&member.id).filter(|(_, until)| now < *until);
    let valid = match (remembered, app.kept_keys(member).await?.first()) {
        (Some((valid, _)), _) => valid,
        (None, None) => false,
        (None, Some(key)) => {
            let proof = signature::login_state(key, b"");
            let asked = app.wechat.check_session_key(&member.key.appid, &member.key.openid, &proof).await;
            let valid = app.health.note(asked, now)?;
            app.checks.insert(member.id, (valid, UnixSeconds(now.0 + REMEMBERED_SECONDS)));
            valid
        }
    };
    Ok(CheckReply { session_key: if valid { "valid" } else { "stale" } })
}
