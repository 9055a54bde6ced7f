//! `GET /metrics`

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use warp::Filter;
use warp::reply::{Reply, Response};

use crate::app::App;
use crate::http::{Route, with};

/// What Prometheus asks for before the older text, which it reads as well.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`: 200 with all that is counted, in Prometheus's text. No label names a person. It is on the internal listener
/// alone: openings by cause would tell a forger what nobody may know.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("metrics").and(warp::get()).and(with(Arc::clone(app))).map(|app: Arc<App>| page(&app)).boxed()
}

fn page(app: &App) -> Response {
    match app.results.exposition() {
        Ok(text) => {
            let mut response = Response::new(text.into());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            response
        }
        Err(error) => error.into_response(),
    }
}
