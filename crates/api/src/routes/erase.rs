//! `DELETE /v1/me`

use std::sync::Arc;

use http::HeaderMap;
use warp::Filter;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Done, Route, headers, respond, with};

/// `DELETE /v1/me`: 200 once it is durable, 401 `unauthorized` or `login_too_old`, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(headers())
        .then(|app: Arc<App>, headers: HeaderMap| async move { erase(&app, &headers).await })
        .map(respond)
        .boxed()
}

/// Erases the member of a fresh login and all of theirs.
async fn erase(app: &App, headers: &HeaderMap) -> Result<Done, ApiError> {
    let session = app.authenticate(headers).await?;
    app.require_fresh(&session)?;
    let member = &session.member;
    let pseudonym = app.vault.pseudonym(&member.key.appid, &member.key.openid);
    app.store.erase_member(member.id, pseudonym, "member", app.clock.now()).await?.ok_or(ApiError::Unauthorized)?;
    app.checks.remove(&member.id);
    tracing::info!(member.id = %member.id.0, "member erased at their own request");
    Ok(Done {})
}
