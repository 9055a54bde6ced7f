//! `GET /v1/session`

use std::sync::Arc;

use http::HeaderMap;
use serde::Serialize;
use warp::Filter;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Route, headers, respond, with};
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
        .and(headers())
        .then(|app: Arc<App>, headers: HeaderMap| async move { session(&app, &headers).await })
        .map(respond)
        .boxed()
}

/// The session of the request's skey.
pub async fn session(app: &App, headers: &HeaderMap) -> Result<SessionReply, ApiError> {
    let session = app.authenticate(headers).await?;
    Ok(SessionReply {
        member: app.member_view(&session.member)?,
        expires_in: session.expires_at.0 - app.clock.now().0,
        expires_at: session.expires_at.0,
    })
}
