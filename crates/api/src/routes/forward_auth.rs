//! `GET /forward-auth`, `GET /forward-auth/nginx`

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use warp::Filter;
use warp::reply::{Reply, Response};
use wxgate_store::Identity;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Route, headers, with};

/// What stays as it is in a percent-encoded header value: RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `GET /forward-auth`, for Caddy and Traefik: 200 with who it is in headers, 401, 403, 503. Never a redirect.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("forward-auth")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(headers())
        .then(|app: Arc<App>, headers: HeaderMap| async move { answer(&app, &headers).await })
        .boxed()
}

/// `GET /forward-auth/nginx`, for nginx's auth_request, which knows 2xx, 401 and 403 and refuses at anything else.
pub fn nginx(app: &Arc<App>) -> Route {
    warp::path!("forward-auth" / "nginx")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(headers())
        .then(|app: Arc<App>, headers: HeaderMap| async move { answer(&app, &headers).await })
        .boxed()
}

async fn answer(app: &App, headers: &HeaderMap) -> Response {
    match app.identify(headers).await {
        Ok(identity) => identified(&identity),
        Err(denied @ (ApiError::Unauthorized | ApiError::Blocked { .. })) => denied.into_response(),
        // Whatever else went wrong is trouble, not a decision: 503, so that the proxy refuses and may ask again.
        Err(trouble) => ApiError::Undecided(Arc::new(trouble)).into_response(),
    }
}

/// All identity headers, also the empty ones: a proxy that copies them overwrites whatever the client sent.
fn identified(identity: &Identity) -> Response {
    let values = [
        ("wxgate-member", identity.member.to_string()),
        ("wxgate-app", encoded(&identity.appid)),
        ("wxgate-openid", encoded(&identity.openid)),
        ("wxgate-unionid", encoded(identity.unionid.as_deref().unwrap_or_default())),
        ("wxgate-name", encoded(identity.nick_name.as_deref().unwrap_or_default())),
        ("wxgate-session", identity.session.to_string()),
    ];
    let mut response = StatusCode::OK.into_response();
    for (name, value) in values {
        let value = HeaderValue::try_from(value).expect("percent-encoded ASCII is a header value");
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}
