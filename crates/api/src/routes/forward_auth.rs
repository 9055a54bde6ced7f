//! `GET /forward-auth`, `GET /forward-auth/nginx`

use std::fmt::Write;
use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;
use warp::reply::{Reply, Response};
use wxgate_store::{Identity, MemberId};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::header_values::{header_value, no_headers};
use crate::soon::Soon;

/// What stays as it is in a percent-encoded header value: RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

static MEMBER: HeaderName = HeaderName::from_static("wxgate-member");
static APP: HeaderName = HeaderName::from_static("wxgate-app");
static OPENID: HeaderName = HeaderName::from_static("wxgate-openid");
static UNIONID: HeaderName = HeaderName::from_static("wxgate-unionid");
static NAME: HeaderName = HeaderName::from_static("wxgate-name");
static SESSION: HeaderName = HeaderName::from_static("wxgate-session");

/// `GET /forward-auth`, for Caddy and Traefik: 200 with who it is in headers, 401, 403, 503. Never a redirect. The same
/// for `GET /forward-auth/nginx`: nginx's auth_request knows 2xx, 401 and 403 and refuses at anything else.
pub fn check(app: &Arc<App>, info: &RequestInfo) -> Soon<Response> {
    app.identify(info).map(|found| match found {
        Ok(identity) => identified(&identity),
        Err(denied @ (ApiError::Unauthorized | ApiError::Blocked { .. })) => denied.into_response(),
        // Whatever else went wrong is trouble, not a decision: 503, so that the proxy refuses and may ask again.
        Err(trouble) => ApiError::Undecided(Arc::new(trouble)).into_response(),
    })
}

/// All identity headers, also the empty ones: a proxy that copies them overwrites whatever the client sent.
fn identified(identity: &Identity) -> Response {
    let mut headers = no_headers();
    headers.insert(MEMBER.clone(), member(identity.member));
    headers.insert(APP.clone(), encoded(&identity.appid));
    headers.insert(OPENID.clone(), encoded(&identity.openid));
    headers.insert(UNIONID.clone(), encoded(identity.unionid.as_deref().unwrap_or_default()));
    headers.insert(NAME.clone(), encoded(identity.nick_name.as_deref().unwrap_or_default()));
    headers
        .insert(SESSION.clone(), header_value(|room| write!(room, "{}", identity.session).expect("memory takes all")));
    let mut response = Response::default();
    *response.headers_mut() = headers;
    response
}

fn member(id: MemberId) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    header_value(|room| room.extend_from_slice(id.0.hyphenated().encode_lower(&mut text).as_bytes()))
}

/// A text as a header value, percent-encoded.
fn encoded(text: &str) -> HeaderValue {
    if text.is_empty() {
        return HeaderValue::from_static("");
    }
    // Nearly all that is said here stays as it is, and one look tells.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        return header_value(|room| room.extend_from_slice(text.as_bytes()));
    }
    header_value(|room| utf8_percent_encode(text, VALUE).for_each(|part| room.extend_from_slice(part.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_encoding_is_what_encoding_leaves_as_it_is() {
        for character in ('\0'..='\u{100}').chain(['小', '😀']) {
            let text = format!("a{character}b");
            assert_eq!(encoded(&text), utf8_percent_encode(&text, VALUE).to_string(), "{character:?}");
        }
    }
}
