//! `DELETE /v1/me`

use std::sync::Arc;

use warp::Filter;
use wxgate_store::By;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, no_fields, respond, with};

/// `DELETE /v1/me`: 200 once it is durable, 401 `unauthorized` or `login_too_old`, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { erase(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Erases the member of a fresh login and all of theirs.
async fn erase(app: &App, info: &RequestInfo, body: Body) -> Result<Done, ApiError> {
    let session = app.authenticate(info).await?;
    no_fields(body)?;
    app.require_fresh(&session)?;
    let member = &session.member;
    let pseudonym = app.vault.pseudonym(&member.key.appid, &member.key.openid);
    app.store.erase_member(member.id, pseudonym, By::MEMBER, app.clock.now()).await?.ok_or(ApiError::Unauthorized)?;
    app.pending_phones.forget_member(member.id);
    tracing::info!(member.id = %member.id.0, "member erased at their own request");
    Ok(Done {})
}
