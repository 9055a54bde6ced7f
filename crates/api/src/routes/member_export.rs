//! `GET /api/v1/members/{id}/export`

use std::sync::Arc;

use warp::Filter;

use super::export::ExportReply;
use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, respond, with};

/// `GET /api/v1/members/{id}/export`, scope `members:write`: 200 [`ExportReply`], 401, 403, 404.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String / "export")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|id: String, app: Arc<App>, info: RequestInfo| async move { export(&app, &info, &id).await })
        .map(respond)
        .boxed()
}

/// Numbers are whole here: the scope is that of whoever may erase, and the audit has a line before anything is given out.
async fn export(app: &App, info: &RequestInfo, id: &str) -> Result<ExportReply, ApiError> {
    let caller = app.require_scope(info, "members:write").await?;
    let member = app.member_at(id).await?;
    if !app.store.note_export(member.id, caller.by(), app.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    app.export_of(&member).await?.ok_or(ApiError::NotFound)
}
