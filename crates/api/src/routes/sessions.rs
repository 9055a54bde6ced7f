//! `GET /v1/sessions`, `DELETE /v1/sessions`, `DELETE /v1/sessions/{id}`: a member's own sessions.

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::SessionId;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, no_fields, respond, with};
use crate::problem::Problem;

/// The member's live sessions, newest first.
#[derive(Debug, Serialize)]
pub struct SessionsReply {
    sessions: Vec<SessionView>,
}

#[derive(Debug, Serialize)]
struct SessionView {
    id: String,
    created_at: i64,
    last_seen_at: i64,
    user_agent: Option<String>,
    /// Whether it is the session of this request.
    current: bool,
}

/// `GET /v1/sessions`: 200 [`SessionsReply`], 401, 403.
pub fn list(app: &Arc<App>) -> Route {
    warp::path!("v1" / "sessions")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { sessions(&app, &info).await })
        .map(respond)
        .boxed()
}

/// `DELETE /v1/sessions/{id}`: 200, 400, 401, 403, 404.
pub fn end_one(app: &Arc<App>) -> Route {
    warp::path!("v1" / "sessions" / String)
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            end_session(&app, &info, body, &id).await
        })
        .map(respond)
        .boxed()
}

/// `DELETE /v1/sessions`: 200, 401, 403.
pub fn end_all(app: &Arc<App>) -> Route {
    warp::path!("v1" / "sessions")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { end_sessions(&app, &info, body).await })
        .map(respond)
        .boxed()
}

async fn sessions(app: &App, info: &RequestInfo) -> Result<SessionsReply, ApiError> {
    let current = app.authenticate(info).await?;
    let rows = app.store.sessions(current.member.id, app.clock.now()).await?;
    let view = |row: wxgate_store::SessionRow| SessionView {
        id: row.id.to_string(),
        created_at: row.created_at.0,
        last_seen_at: row.last_seen_at.0,
        user_agent: row.user_agent,
        current: row.id == current.id,
    };
    Ok(SessionsReply { sessions: rows.into_iter().map(view).collect() })
}

/// Ends one of the member's sessions. One that is not theirs is not found, like one that never was.
async fn end_session(app: &App, info: &RequestInfo, body: Body, id: &str) -> Result<Done, ApiError> {
    let current = app.authenticate(info).await?;
    no_fields(body)?;
    let id: SessionId = id.parse().map_err(|_| Problem::BadSessionId)?;
    if app.store.end_session(current.member.id, id, app.clock.now()).await? {
        Ok(Done {})
    } else {
        Err(ApiError::NotFound)
    }
}

async fn end_sessions(app: &App, info: &RequestInfo, body: Body) -> Result<Done, ApiError> {
    let current = app.authenticate(info).await?;
    no_fields(body)?;
    let ended = app.store.end_sessions(current.member.id, app.clock.now()).await?;
    tracing::info!(member.id = %current.member.id.0, ended, "all sessions ended");
    Ok(Done {})
}
