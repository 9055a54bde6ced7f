//! `DELETE /v1/me`

use std::sync::Arc;

use http::HeaderMap;
use warp::Filter;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, headers, no_fields, respond, with};

/// `DELETE /v1/me`: 200 once it is durable, 401 `unauthorized` or `login_too_old`, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(headers())
        .and(body())
        .then(|app: Arc<App>, headers: HeaderMap, body: Body| async move { erase(&app, &headers, body).await })
        .map(respond)
        .boxed()
}

/// Erases the member of a fresh login and all of theirs.
async fn erase(app: &App, headers: &HeaderMap, body: Body) -> Result<Done, ApiError> {
    let session = app.authenticate(headers).await?;
    no_fields(body)?;
    app.require_fresh(&session)?;
    let member = &session.member;
    let pseudonym = app.vault.pseudonym(&member.key.appid, &member.key.openid);
    app.store.erase_member(member.id, pseudonym, "member", app.clock.now()).await?.ok_or(ApiError::Unauthorized)?;
    app.pending_phones.forget_member(member.id);
    tracing::info!(member.id = %member.id.0, "member erased at their own request");
    Ok(Done {})
}
