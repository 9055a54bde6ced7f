//! `GET /openapi.json`

use http::header::{CONTENT_TYPE, HeaderValue};
use warp::Filter;
use warp::reply::Response;

use crate::http::Route;
use crate::openapi::openapi;

/// `GET /openapi.json`: 200, the document of both listeners.
pub fn route() -> Route {
    warp::path!("openapi.json").and(warp::get()).map(document).boxed()
}

fn document() -> Response {
    let mut response = Response::new(openapi().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
