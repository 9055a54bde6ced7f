//! `GET /v1/session`

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::respond;
use crate::member_view::MemberView;
use crate::soon::Soon;

/// Whose session it is and how long it lasts if it is not used.
#[derive(Serialize)]
pub struct SessionReply {
    member: MemberView,
    expires_in: i64,
    expires_at: i64,
}

/// `GET /v1/session`: 200 [`SessionReply`], 401, 403.
pub fn check(app: &Arc<App>, info: &RequestInfo) -> Soon<Response> {
    session(app, info).map(respond)
}

/// The session of the request's skey.
fn session(app: &Arc<App>, info: &RequestInfo) -> Soon<Result<SessionReply, ApiError>> {
    let asked = Arc::clone(app);
    app.identify(info).then(move |identity| {
        let identity = match identity {
            Ok(identity) => identity,
            Err(error) => return Soon::now(Err(error)),
        };
        let expires_at = identity.expires_at.0;
        let expires_in = expires_at - asked.clock.now().0;
        asked.view_of(identity).map(move |member| Ok(SessionReply { member: member?, expires_in, expires_at }))
    })
}
