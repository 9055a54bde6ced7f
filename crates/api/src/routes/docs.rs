//! `GET /docs`, `GET /docs/rapidoc.js`

use http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use warp::Filter;
use warp::reply::Response;

use crate::http::Route;

const PAGE: &str = include_str!("../docs/index.html");
/// RapiDoc; where it comes from stands beside it.
const VIEWER: &[u8] = include_bytes!("../docs/rapidoc-min.js.gz");
/// Scripts and the document from here, the viewer's own styles, and nothing else from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`: 200, a page that shows `/openapi.json`.
pub fn page() -> Route {
    warp::path!("docs").and(warp::get()).map(|| answer(PAGE.into(), "text/html; charset=utf-8")).boxed()
}

/// `GET /docs/rapidoc.js`: 200, what the page is drawn with. Compressed whether or not that was asked for: every browser takes
/// it, and it is kept in no other way.
pub fn viewer() -> Route {
    let answer = || {
        let mut response = answer(bytes::Bytes::from_static(VIEWER), "text/javascript; charset=utf-8");
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    };
    warp::path!("docs" / "rapidoc.js").and(warp::get()).map(answer).boxed()
}

fn answer(body: bytes::Bytes, media: &'static str) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
