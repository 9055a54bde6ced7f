//! `GET /api/v1/members/{id}/sessions`, `DELETE /api/v1/members/{id}/sessions`,
//! `DELETE /api/v1/members/{id}/sessions/{session}`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::SessionId;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, no_fields, respond, with};
use crate::problem::Problem;
use crate::session_record::SessionRecord;

/// A member's live sessions, newest first.
#[derive(Serialize)]
pub struct MemberSessionsReply {
    sessions: Vec<SessionRecord>,
}

/// How many sessions ended.
#[derive(Serialize)]
pub struct EndedReply {
    ended: u64,
}

/// `GET /api/v1/members/{id}/sessions`, scope `members:read`: 200 [`MemberSessionsReply`], 401, 403, 404.
pub fn list(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String / "sessions")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|id: String, app: Arc<App>, info: RequestInfo| async move { sessions(&app, &info, &id).await })
        .map(respond)
        .boxed()
}

/// `DELETE /api/v1/members/{id}/sessions/{session}`, scope `sessions:write`: 200 once it is durable, 400, 401, 403, 404.
pub fn end_one(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String / "sessions" / String)
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, session: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            end_session(&app, &info, &id, &session, body).await
        })
        .map(respond)
        .boxed()
}

/// `DELETE /api/v1/members/{id}/sessions`, scope `sessions:write`: 200 [`EndedReply`] once it is durable, 401, 403, 404.
pub fn end_all(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String / "sessions")
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            end_sessions(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

async fn sessions(app: &App, info: &RequestInfo, id: &str) -> Result<MemberSessionsReply, ApiError> {
    app.require_scope(info, "members:read").await?;
    let member = app.member_at(id).await?;
    let rows = app.store.sessions(member.id, app.clock.now()).await?;
    Ok(MemberSessionsReply { sessions: rows.into_iter().map(SessionRecord::from).collect() })
}

/// One that is not theirs is not found, like one that never was.
async fn end_session(app: &App, info: &RequestInfo, id: &str, session: &str, body: Body) -> Result<Done, ApiError> {
    let caller = app.require_scope(info, "sessions:write").await?;
    let member = app.member_at(id).await?;
    no_fields(body)?;
    let session: SessionId = session.parse().map_err(|_| Problem::BadSessionId)?;
    match app.store.revoke_sessions(member.id, Some(session), caller.by(), app.clock.now()).await? {
        0 => Err(ApiError::NotFound),
        _ => Ok(Done {}),
    }
}

async fn end_sessions(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<EndedReply, ApiError> {
    let caller = app.require_scope(info, "sessions:write").await?;
    let member = app.member_at(id).await?;
    no_fields(body)?;
    let ended = app.store.revoke_sessions(member.id, None, caller.by(), app.clock.now()).await?;
    tracing::info!(member.id = %member.id, ended, "all sessions ended by an operator");
    Ok(EndedReply { ended })
}
