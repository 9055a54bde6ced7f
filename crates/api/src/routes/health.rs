//! `GET /healthz`, `GET /readyz`

use std::sync::Arc;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use warp::Filter;
use warp::reply::{Reply, Response};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::http::{Route, info, raw_query, with};

/// `GET /healthz`: 200 while the process serves.
pub fn healthz() -> Route {
    warp::path!("healthz").and(warp::get()).map(alive).boxed()
}

/// The same where phones ask, which takes note of the operator's probe.
pub fn probed(app: &Arc<App>) -> Route {
    warp::path!("healthz")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(raw_query())
        .and(warp::header::headers_cloned())
        .map(|app: Arc<App>, info: RequestInfo, query: String, headers: HeaderMap| {
            app.probe.notice(&query, &headers, &info, app.clock.now());
            alive()
        })
        .boxed()
}

fn alive() -> Response {
    warp::reply::json(&json!({ "status": "ok" })).into_response()
}

/// `GET /readyz`: 200 when the database is open, migrated and writable, 503 otherwise. That WeChat is away is said in
/// the body: sessions go on without it.
pub fn readyz(app: &Arc<App>) -> Route {
    warp::path!("readyz")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .then(|app: Arc<App>| async move { ready(&app).await })
        .boxed()
}

async fn ready(app: &App) -> Response {
    let wechat = app.health.wechat();
    match app.store.ready().await {
        Ok(readiness) => warp::reply::json(&json!({
            "status": "ready",
            "store": { "status": "ok", "schema_version": readiness.schema_version },
            "wechat": wechat,
        }))
        .into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            let body = json!({ "status": "not_ready", "store": { "status": error.to_string() }, "wechat": wechat });
            let reply = warp::reply::with_status(warp::reply::json(&body), StatusCode::SERVICE_UNAVAILABLE);
            warp::reply::with_header(reply, RETRY_AFTER, 1).into_response()
        }
    }
}
