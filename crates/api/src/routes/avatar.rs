//! `GET /v1/avatars/{id}`

use std::sync::Arc;

use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_NONE_MATCH,
};
use warp::Filter;
use warp::reply::{Reply, Response};
use wxgate_store::AvatarId;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Route, headers, with};
use crate::picture::MEDIA_TYPE;

/// A picture never changes under its id; it is shown wherever a page or a mini program wants it, and does nothing there.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    (CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
];

/// `GET /v1/avatars/{id}`: 200 with a JPEG, 304 for who has it, 404.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "avatars" / String)
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(headers())
        .then(|id: String, app: Arc<App>, headers: HeaderMap| async move { avatar(&app, &id, &headers).await })
        .map(Reply::into_response)
        .boxed()
}

/// Also who has it already is asked about in the store: what was erased is gone.
async fn avatar(app: &App, id: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let id: AvatarId = id.parse().map_err(|_| ApiError::NotFound)?;
    let picture = app.store.avatar(id).await?.ok_or(ApiError::NotFound)?;
    let tag = format!("\"{id}\"");
    let mut response = if has(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        warp::reply::with_header(picture, CONTENT_TYPE, MEDIA_TYPE).into_response()
    };
    response.headers_mut().extend(HEADERS);
    response.headers_mut().insert(ETAG, HeaderValue::try_from(tag).map_err(ApiError::internal)?);
    Ok(response)
}

/// Whether `If-None-Match` names the tag (RFC 9110, 13.1.2).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|theirs| theirs == "*" || theirs.strip_prefix("W/").unwrap_or(theirs) == tag)
}
