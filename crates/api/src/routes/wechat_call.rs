//! `POST /api/v1/apps/{appid}/wechat/{path}`

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use warp::path::Tail;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};
use wx_client::{RawAnswer, RawCall};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, Unread, content_type, info, raw_query, unread, with};

/// Bytes a call's body may have: as much as the largest file that WeChat's checks take.
const BODY_BYTES: usize = 1024 * 1024;

/// `POST /api/v1/apps/{appid}/wechat/{path}`: WeChat's own answer, 401, 403 unless `calls.allowed` has the path in it, 404,
/// 413, or what asking WeChat can come to.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "apps" / String / "wechat" / ..)
        .and(path())
        .and(warp::post())
        .and(raw_query())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(unread())
        .then(|appid: String, path: Tail, query: String, app: Arc<App>, info: RequestInfo, body: Unread| async move {
            call(&app, &info, &appid, path.as_str(), &query, body).await
        })
        .map(Reply::into_response)
        .boxed()
}

/// The rest of the path as it was sent, nothing of it decoded.
fn path() -> impl Filter<Extract = (Tail,), Error = Rejection> + Clone {
    warp::path::tail().and_then(|path: Tail| async move {
        if path.as_str().is_empty() { Err(warp::reject::not_found()) } else { Ok(path) }
    })
}

async fn call(
    app: &App,
    info: &RequestInfo,
    appid: &str,
    path: &str,
    query: &str,
    body: Unread,
) -> Result<Response, ApiError> {
    app.require_scope(info, "wechat:call").await?;
    let appid = app.app_at(appid)?;
    let allowed = |call: &RawCall| app.adjusted().calls.allowed.iter().any(|prefix| call.is_within(prefix));
    let call = RawCall::new(path, query).filter(allowed).ok_or(ApiError::Forbidden)?;
    let media = content_type(&body.headers)?.map(str::to_owned);
    let call = call.body(media.as_deref(), body.read(BODY_BYTES).await?.into());
    let asked = app.wechat.call_raw(appid, &call).await;
    as_it_came(app.health.note(asked, app.clock.now())?)
}

fn as_it_came(answer: RawAnswer) -> Result<Response, ApiError> {
    let mut response = answer.body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(ApiError::internal)?;
    response.headers_mut().remove(CONTENT_TYPE);
    if let Some(media) = answer.content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::try_from(media).map_err(ApiError::internal)?);
    }
    Ok(response)
}
