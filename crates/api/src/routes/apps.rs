//! `GET /api/v1/apps`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, respond, with};

/// The mini programs of this server.
#[derive(Debug, Serialize)]
pub struct AppsReply {
    apps: Vec<AppView>,
}

/// One of them, without any of its secrets.
#[derive(Debug, Serialize)]
pub struct AppView {
    appid: String,
    /// Whether it is configured for message push.
    push: bool,
}

/// `GET /api/v1/apps`: 200 [`AppsReply`], 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "apps")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { apps(&app, &info).await })
        .map(respond)
        .boxed()
}

async fn apps(app: &App, info: &RequestInfo) -> Result<AppsReply, ApiError> {
    app.require_scope(info, "wechat:token").await?;
    let view = |appid: &String| AppView { appid: appid.clone(), push: app.settings.push.contains_key(appid) };
    Ok(AppsReply { apps: app.settings.appids.iter().map(view).collect() })
}
