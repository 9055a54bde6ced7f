//! `GET /.well-known/jwks.json`

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::Filter;
use warp::reply::{Reply, Response};

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Route, with};

/// Far less than the day for which a new key is shown before it signs.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// `GET /.well-known/jwks.json`: 200 with a set of keys (RFC 7517), 404.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!(".well-known" / "jwks.json")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .then(|app: Arc<App>| async move { jwks(&app).await })
        .map(Reply::into_response)
        .boxed()
}

async fn jwks(app: &App) -> Result<Response, ApiError> {
    if !app.settings.jwt.enabled {
        return Err(ApiError::NotFound);
    }
    let mut response = Response::new(app.jwt_keys().await?.jwks().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, CACHE);
    Ok(response)
}
