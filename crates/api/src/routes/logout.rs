//! `DELETE /v1/session`

use std::sync::Arc;

use warp::Filter;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, no_fields, respond, with};

/// `DELETE /v1/session`: 200 once the end is durable, 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "session")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { logout(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Ends the session of the request's skey.
pub async fn logout(app: &App, info: &RequestInfo, body: Body) -> Result<Done, ApiError> {
    let session = app.authenticate(info).await?;
    no_fields(body)?;
    if !app.store.end_session(session.member.id, session.id, app.clock.now()).await? {
        return Err(ApiError::Unauthorized);
    }
    tracing::info!(member.id = %session.member.id.0, session.id = %session.id, "logged out");
    Ok(Done {})
}
