//! `GET /v1/session`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, respond, with};
use crate::member_view::MemberView;

/// Whose session it is and how long it lasts if it is not used.
#[derive(Serialize)]
pub struct SessionReply {
    member: MemberView,
    expires_in: i64,
    expires_at: i64,
}

/// `GET /v1/session`: 200 [`SessionReply`], 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "session")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { session(&app, &info).await })
        .map(respond)
        .boxed()
}

/// The session of the request's skey.
pub async fn session(app: &App, info: &RequestInfo) -> Result<SessionReply, ApiError> {
    let identity = app.identify(info).await?;
    let expires_at = identity.expires_at.0;
    let expires_in = expires_at - app.clock.now().0;
    Ok(SessionReply { member: app.view_of(identity).await?, expires_in, expires_at })
}
