//! `GET /forward-auth`, `GET /forward-auth/nginx`

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use warp::Filter;
use warp::reply::{Reply, Response};
use wxgate_store::Identity;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, with};

/// What stays as it is in a percent-encoded header value: RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The identity headers, in the order of their values.
const NAMES: [&str; 6] =
    ["wxgate-member", "wxgate-app", "wxgate-openid", "wxgate-unionid", "wxgate-name", "wxgate-session"];
/// About what their values take together, and how many headers the answer has with those that the edge and hyper add.
const VALUES_BYTES: usize = 192;
const HEADERS: usize = 12;

/// `GET /forward-auth`, for Caddy and Traefik: 200 with who it is in headers, 401, 403, 503. Never a redirect.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("forward-auth")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { answer(&app, &info).await })
        .boxed()
}

/// `GET /forward-auth/nginx`, for nginx's auth_request, which knows 2xx, 401 and 403 and refuses at anything else.
pub fn nginx(app: &Arc<App>) -> Route {
    warp::path!("forward-auth" / "nginx")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { answer(&app, &info).await })
        .boxed()
}

async fn answer(app: &App, info: &RequestInfo) -> Response {
    match app.identify(info).await {
        Ok(identity) => identified(&identity),
        Err(denied @ (ApiError::Unauthorized | ApiError::Blocked { .. })) => denied.into_response(),
        // Whatever else went wrong is trouble, not a decision: 503, so that the proxy refuses and may ask again.
        Err(trouble) => ApiError::Undecided(Arc::new(trouble)).into_response(),
    }
}

/// All identity headers, also the empty ones: a proxy that copies them overwrites whatever the client sent. Their values
/// share one piece of memory.
fn identified(identity: &Identity) -> Response {
    let unionid = identity.unionid.as_deref().unwrap_or_default();
    let name = identity.nick_name.as_deref().unwrap_or_default();
    let mut ends = [0; NAMES.len()];
    let mut text = String::with_capacity(VALUES_BYTES);
    write!(text, "{}", identity.member.0)
        .and_then(|()| {
            ends[0] = text.len();
            for (end, value) in ends[1..5].iter_mut().zip([&*identity.appid, &*identity.openid, unionid, name]) {
                text.extend(utf8_percent_encode(value, VALUE));
                *end = text.len();
            }
            write!(text, "{}", identity.session)
        })
        .expect("a String takes all");
    ends[5] = text.len();
    let bytes = Bytes::from(text);
    let mut headers = HeaderMap::with_capacity(HEADERS);
    let mut start = 0;
    for (name, end) in NAMES.into_iter().zip(ends) {
        let value = HeaderValue::from_maybe_shared(bytes.slice(start..end));
        headers.insert(HeaderName::from_static(name), value.expect("percent-encoded ASCII is a header value"));
        start = end;
    }
    let mut response = Response::default();
    *response.headers_mut() = headers;
    response
}
