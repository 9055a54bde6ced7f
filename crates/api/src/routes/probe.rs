//! `POST /api/v1/probe`, `GET /api/v1/probe`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Route, body, info, no_fields, respond, with};
use crate::probe::Seen;

/// A probe to send.
#[derive(Debug, Serialize)]
pub struct ProbeReply {
    /// For `GET /healthz?probe=…` by the public URL, within a minute.
    probe: String,
}

/// What arrived of the last probe.
#[derive(Debug, Serialize)]
pub struct SeenReply {
    seen: Option<Seen>,
}

/// `POST /api/v1/probe`, scope `admin`: 200 [`ProbeReply`], 400, 401, 403, 413, 415.
pub fn begin(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "probe")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { new(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// `GET /api/v1/probe`, scope `admin`: 200 [`SeenReply`], 401, 403.
pub fn seen(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "probe")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { last(&app, &info).await })
        .map(respond)
        .boxed()
}

async fn new(app: &App, info: &RequestInfo, body: Body) -> Result<ProbeReply, ApiError> {
    app.require_scope(info, "admin").await?;
    no_fields(body)?;
    Ok(ProbeReply { probe: app.probe.begin(app.clock.now()) })
}

async fn last(app: &App, info: &RequestInfo) -> Result<SeenReply, ApiError> {
    app.require_scope(info, "admin").await?;
    Ok(SeenReply { seen: app.probe.seen() })
}
