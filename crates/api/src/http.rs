//! The few functions that carry every route.

use std::convert::Infallible;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{BoxStream, Stream, StreamExt};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use tokio::time::timeout;
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::header_values::no_headers;
use crate::problem::Problem;

/// Bytes a body may have, unless its route says otherwise.
pub const BODY_LIMIT_BYTES: usize = 16 * 1024;
/// About what an answer takes.
const ANSWER_BYTES: usize = 512;
/// Time a body has to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes read and thrown away after the limit, so that the client has read to the end of its sending when we refuse.
const DRAIN_BYTES: usize = 256 * 1024;

/// A finished route. Boxed, so that its type is one word however long its chain and builds stay quick.
pub type Route = BoxedFilter<(Response,)>;

/// Hands a clone of `value` to each request: how state reaches a handler.
pub fn with<T: Clone + Send + Sync + 'static>(value: T) -> impl Filter<Extract = (T,), Error = Infallible> + Clone {
    warp::any().map(move || value.clone())
}

tokio::task_local! {
    static INFO: RequestInfo;
}

/// Answers a request of which the edge knows `info`. Beside the request, since its extensions are a map in memory of its
/// own.
pub fn with_info<F: Future>(info: RequestInfo, answer: F) -> impl Future<Output = F::Output> {
    INFO.scope(info, answer)
}

/// What the edge knows of the request.
pub fn info() -> impl Filter<Extract = (RequestInfo,), Error = Infallible> + Clone {
    warp::any().map(|| INFO.get())
}

/// The request's headers.
pub fn headers() -> impl Filter<Extract = (HeaderMap,), Error = Infallible> + Clone {
    warp::header::headers_cloned()
}

/// A body as it arrived: read to its end, within its limit and time, or the reason why not.
pub type Body = Result<(Media, Bytes), ApiError>;

/// The types of body that routes take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
}

/// Reads the body. Never rejects: what is wrong with it is the route's to say, after it knows who asks.
pub fn body() -> impl Filter<Extract = (Body,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).then(read_body)
}

/// Reads what came behind `headers`: for who is not one of warp's filters.
pub async fn read_body<S, B, E>(headers: HeaderMap, stream: S) -> Body
where
    S: Stream<Item = Result<B, E>>,
    B: Buf,
{
    // What is announced as larger than we would throw away is not waited for.
    if content_length(&headers).is_some_and(|length| length > DRAIN_BYTES as u64) {
        return Err(ApiError::TooLarge);
    }
    let bytes = read(stream, BODY_LIMIT_BYTES).await?;
    Ok((media(&headers, bytes.is_empty())?, bytes))
}

/// Reads a body of at most `most` bytes, whatever it says of its type; compressed it must not be.
pub fn raw_body(most: usize) -> impl Filter<Extract = (Result<Bytes, ApiError>,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).then(move |headers: HeaderMap, stream| async move {
        if content_length(&headers).is_some_and(|length| length > DRAIN_BYTES as u64) {
            return Err(ApiError::TooLarge);
        }
        let bytes = read(stream, most).await?;
        if is_compressed(&headers) { Err(ApiError::UnsupportedMediaType) } else { Ok(bytes) }
    })
}

/// The query as it stands in the URL; nothing if there is none.
pub fn raw_query() -> impl Filter<Extract = (String,), Error = Infallible> + Clone {
    warp::query::raw().or_else(|_| async { Ok::<_, Infallible>((String::new(),)) })
}

/// The parameters of a query.
///
/// # Errors
/// `bad_request` when they are not well-formed, or one stands there twice.
pub fn query_fields(query: &str) -> Result<Fields, ApiError> {
    Fields::from_form(query.as_bytes()).map_err(|error| match error {
        ApiError::BadRequest(Problem::NotForm) => Problem::NotQuery.into(),
        other => other,
    })
}

/// A body that has not been read, for routes that take more than usual and only from whom they know.
pub struct Unread {
    pub headers: HeaderMap,
    stream: BoxStream<'static, Result<Bytes, warp::Error>>,
}

/// Leaves the body to the route. Never rejects.
pub fn unread() -> impl Filter<Extract = (Unread,), Error = Rejection> + Clone {
    warp::header::headers_cloned()
        .and(warp::body::stream())
        .map(|headers: HeaderMap, stream| Unread { headers, stream: StreamExt::map(stream, whole).boxed() })
}

fn whole<B: Buf, E>(part: Result<B, E>) -> Result<Bytes, E> {
    part.map(|mut part| part.copy_to_bytes(part.remaining()))
}

impl Unread {
    /// All of it.
    ///
    /// # Errors
    /// `too_large` above `most` bytes, `unsupported_media_type` when it is compressed, `bad_request` when it is slow.
    pub async fn read(self, most: usize) -> Result<Bytes, ApiError> {
        if content_length(&self.headers).is_some_and(|length| length > most.max(DRAIN_BYTES) as u64) {
            return Err(ApiError::TooLarge);
        }
        if is_compressed(&self.headers) {
            return Err(ApiError::UnsupportedMediaType);
        }
        read(self.stream, most).await
    }
}

async fn read<S, B, E>(stream: S, most: usize) -> Result<Bytes, ApiError>
where
    S: Stream<Item = Result<B, E>>,
    B: Buf,
{
    let mut stream = std::pin::pin!(stream);
    let (mut kept, mut total) = (BytesMut::new(), 0_usize);
    let whole = async {
        while let Some(part) = stream.next().await {
            let mut part = part.map_err(|_| Problem::SlowBody)?;
            total += part.remaining();
            if total <= most {
                kept.extend_from_slice(&part.copy_to_bytes(part.remaining()));
            } else if total > most.max(DRAIN_BYTES) {
                break;
            }
        }
        if total > most { Err(ApiError::TooLarge) } else { Ok(()) }
    };
    timeout(BODY_TIME, whole).await.unwrap_or(Err(Problem::SlowBody.into()))?;
    Ok(kept.freeze())
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity")
}

/// The request's one `Content-Type`; `None` when there is none.
///
/// # Errors
/// `unsupported_media_type` when there are several, or it is not text.
pub fn content_type(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ApiError::UnsupportedMediaType),
        _ => Err(ApiError::UnsupportedMediaType),
    }
}

/// What a body says it is. None at all is as good as empty JSON.
///
/// # Errors
/// `unsupported_media_type` for any other type, several, or a compressed body.
pub fn media(headers: &HeaderMap, empty: bool) -> Result<Media, ApiError> {
    if is_compressed(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let value = match content_type(headers)? {
        None if empty => return Ok(Media::Json),
        Some(value) => value,
        None => return Err(ApiError::UnsupportedMediaType),
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(Media::Json)
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Media::Form)
    } else {
        Err(ApiError::UnsupportedMediaType)
    }
}

/// For routes that take nothing: no body, or an empty object.
///
/// # Errors
/// Those of any body, and `bad_request` for whatever key stands in it.
pub fn no_fields(body: Body) -> Result<(), ApiError> {
    let (media, bytes) = body?;
    if bytes.is_empty() { Ok(()) } else { json_fields(Ok((media, bytes)))?.end() }
}

/// The fields of a JSON body.
pub fn json_fields(body: Body) -> Result<Fields, ApiError> {
    match body? {
        (Media::Json, bytes) => Fields::from_json(&bytes),
        (Media::Form, _) => Err(ApiError::UnsupportedMediaType),
    }
}

/// The fields of a form body.
pub fn form_fields(body: Body) -> Result<Fields, ApiError> {
    match body? {
        (Media::Form, bytes) => Fields::from_form(&bytes),
        (Media::Json, _) => Err(ApiError::UnsupportedMediaType),
    }
}

/// The fields of a body of either type.
pub fn any_fields(body: Body) -> Result<Fields, ApiError> {
    match body? {
        (Media::Json, bytes) => Fields::from_json(&bytes),
        (Media::Form, bytes) => Fields::from_form(&bytes),
    }
}

/// What every success begins with.
#[derive(Serialize)]
pub struct Envelope<T> {
    errcode: i64,
    errmsg: &'static str,
    #[serde(flatten)]
    value: T,
}

impl<T> Envelope<T> {
    pub fn of(value: T) -> Self {
        Self { errcode: 0, errmsg: "ok", value }
    }
}

/// A success in the contract's envelope, or the failure for the edge to render.
pub fn respond<T: Serialize>(result: Result<T, ApiError>) -> Response {
    plain(result.map(Envelope::of))
}

/// A success without the envelope, for answers whose shape another standard decides.
pub fn plain<T: Serialize>(result: Result<T, ApiError>) -> Response {
    match result {
        Ok(value) => json(&value),
        Err(error) => error.into_response(),
    }
}

/// `value` as JSON, written once.
fn json<T: Serialize>(value: &T) -> Response {
    let mut text = Vec::with_capacity(ANSWER_BYTES);
    if let Err(error) = serde_json::to_writer(&mut text, value) {
        return ApiError::internal(error).into_response();
    }
    let mut response = Response::new(text.into());
    *response.headers_mut() = no_headers();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that says no more than that it is done.
#[derive(Debug, Serialize)]
pub struct Done {}
