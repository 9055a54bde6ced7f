//! `POST /v1/session/refresh`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_crypto::Skey;
use wxgate_store::Refresh;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Route, body, info, no_fields, respond, with};

/// The session's new skey. The absolute end of the session stays where it was.
#[derive(Serialize)]
pub struct RefreshReply {
    skey: String,
    expires_in: i64,
    expires_at: i64,
}

/// `POST /v1/session/refresh`: 200 [`RefreshReply`], 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "session" / "refresh")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { refresh(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Gives the session a new skey and ends the old one in the same write. Of several at once, one wins.
pub async fn refresh(app: &App, info: &RequestInfo, body: Body) -> Result<RefreshReply, ApiError> {
    let session = app.authenticate(info).await?;
    no_fields(body)?;
    let now = app.clock.now();
    let skey = Skey::for_session(session.id.0);
    let expires_at = app.idle_end(now, session.ends_at);
    let refresh =
        Refresh { id: session.id, old_hash: session.skey_hash, new_hash: skey.hash(), seen_at: now, expires_at };
    if !app.store.refresh_session(refresh).await? {
        return Err(ApiError::Unauthorized);
    }
    Ok(RefreshReply { skey: skey.expose().to_string(), expires_in: expires_at.0 - now.0, expires_at: expires_at.0 })
}
