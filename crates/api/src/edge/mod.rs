//! What every request passes: its id, its language, its limits, and the rendering of what comes back.

mod address;
mod connection;
mod head;
mod limits;
mod listen;
mod request_id;
mod table;
mod unread;
mod watched;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
};
use http::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::time::Instant;
use tower_service::Service;
use tracing::{Instrument, Span};
use warp::reply::Response;
use wxgate_crypto::Skey;

pub(crate) use self::limits::Limiter;
pub use self::listen::{Listener, serve};
pub(crate) use self::request_id::{RequestId, RequestIds};

use crate::api_token::ApiTokenText;
use crate::app::App;
use crate::auth::Authorization;
use crate::error::ApiError;
use crate::http::{Route, with_info};
use crate::plugin;
use crate::problem::Problem;
use crate::results::Requests;
use crate::routes::{Endpoint, allowed, find};
use crate::text::Language;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of a path that are logged.
const LOGGED_PATH_CHARACTERS: usize = 256;

/// What the edge knows of a request; routes get it with [`crate::http::info`].
#[derive(Clone)]
pub struct RequestInfo {
    /// When the request's head was complete: answers that must not tell time apart count from here.
    pub arrived: Instant,
    /// Who sent it, seen through the trusted proxies. `None` for a unix socket without a forwarded address.
    pub client: Option<IpAddr>,
    /// What shows who sent it.
    pub authorization: Authorization,
    /// Whether it came over the socket that only the operator of this machine can open.
    pub is_local: bool,
    /// The request's id.
    pub rid: RequestId,
}

/// The routes of one listener behind everything that all requests share.
#[derive(Clone)]
pub struct Edge {
    app: Arc<App>,
    endpoints: &'static [Endpoint],
    /// One for each endpoint, and the last for all plugins.
    routes: Arc<[Route]>,
    side: Side,
    requests: Arc<Requests>,
}

/// Who reaches a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Anybody.
    Public,
    /// The team's proxy and services.
    Internal,
    /// The command line on this machine.
    Local,
}

impl Edge {
    pub(crate) fn public(app: Arc<App>, routes: Arc<[Route]>, endpoints: &'static [Endpoint]) -> Self {
        let requests = app.results.listeners.listener("public", endpoints);
        Self { app, endpoints, routes, side: Side::Public, requests }
    }

    pub(crate) fn internal(app: Arc<App>, routes: Arc<[Route]>, endpoints: &'static [Endpoint]) -> Self {
        let requests = app.results.listeners.listener("internal", endpoints);
        Self { app, endpoints, routes, side: Side::Internal, requests }
    }

    pub(crate) fn local(app: Arc<App>, routes: Arc<[Route]>, endpoints: &'static [Endpoint]) -> Self {
        let requests = app.results.listeners.listener("local", endpoints);
        Self { app, endpoints, routes, side: Side::Local, requests }
    }

    fn is_public(&self) -> bool {
        self.side == Side::Public
    }

    /// Answers one request that came from `peer` (`None`: a unix socket).
    pub async fn answer<B>(&self, request: Request<B>, peer: Option<IpAddr>) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let arrived = Instant::now();
        let rid = self.app.request_ids.next(self.app.clock.now_ms());
        let language = Language::of(request.headers());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let info = RequestInfo {
            arrived,
            client: address::client(request.headers(), peer, &self.app.settings.trusted_proxies),
            authorization: Authorization::of(request.headers()),
            is_local: self.side == Side::Local,
            rid,
        };
        let found = self.admit(&request, &info).and_then(|()| self.find(&method, uri.path()));
        let span = match &found {
            Ok(at) if !self.endpoints.get(*at).is_some_and(|endpoint| endpoint.is_check) => {
                tracing::info_span!("request", rid = rid.as_str(), member.id = tracing::field::Empty)
            }
            _ => Span::none(),
        };
        let endpoint = found.as_ref().ok().copied();
        let response = match found {
            Ok(at) => self.route(at, request, info).instrument(span.clone()).await,
            Err(refusal) => warp::Reply::into_response(refusal),
        };
        let _entered = span.enter();
        let in_words = |error: &ApiError| {
            let plugins = self.app.plugins_words(uri.path(), error, language);
            plugins.unwrap_or_else(|| error.body(language, rid.as_str()))
        };
        let (mut response, failure) = finish(response, in_words, &rid);
        if let Some(ApiError::MethodNotAllowed) = failure {
            response.headers_mut().insert(ALLOW, self.allowed(uri.path()));
        }
        self.requests.answered(endpoint, response.status());
        report(&method, uri.path(), &response, failure.as_ref(), arrived, &rid);
        response
    }

    /// Which route a request is meant for: an endpoint's, or the last, of the plugins.
    fn find(&self, method: &http::Method, path: &str) -> Result<usize, ApiError> {
        match find(self.endpoints, method, path) {
            Err(ApiError::NotFound) => {
                self.app.plugin_endpoint(self.is_public(), method, path).map(|_| self.endpoints.len())
            }
            found => found,
        }
    }

    fn allowed(&self, path: &str) -> HeaderValue {
        match self.app.plugin_at(path) {
            Some(_) => plugin::allowed(&self.app, self.is_public(), path),
            None => allowed(self.endpoints, path),
        }
    }

    async fn route<B>(&self, at: usize, request: Request<B>, info: RequestInfo) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match with_info(info, warp::service(self.routes[at].clone()).call(request)).await {
            Ok(response) => response,
            Err(never) => {
                let never: Infallible = never;
                match never {}
            }
        }
    }

    fn admit<B>(&self, request: &Request<B>, info: &RequestInfo) -> Result<(), ApiError> {
        if request.extensions().get::<Ambiguous>().is_some() || !is_plainly_framed(request.headers()) {
            return Err(Problem::AmbiguousLength.into());
        }
        let (path, query) = (request.uri().path(), request.uri().query());
        // To warp the slash at the end is nothing: `DELETE /v1/sessions/` would end them all.
        if path.len() > 1 && path.ends_with('/') {
            return Err(ApiError::NotFound);
        }
        // A proxy asks forward-auth about other people's URLs: there only the header counts.
        if !is_about_others(path) && query.is_some_and(query_carries_skey) {
            return Err(Problem::SkeyInQuery.into());
        }
        if self.is_public() { self.app.request_limit.check(info.client) } else { Ok(()) }
    }
}

/// Whether the path is a question of a proxy about somebody else's request.
fn is_about_others(path: &str) -> bool {
    path.starts_with("/forward-auth")
}

/// Marks a request whose raw head says in two ways where it ends; hyper keeps only one of them.
#[derive(Debug, Clone, Copy)]
struct Ambiguous;

/// `chunked` is the one coding that nobody reads otherwise.
fn is_plainly_framed(headers: &HeaderMap) -> bool {
    headers.get_all(TRANSFER_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// Whether a query holds an skey, under whatever name, or anything under the name `skey`.
fn query_carries_skey(query: &str) -> bool {
    query.split('&').any(|pair| {
        let pair = percent_decode_str(pair).decode_utf8_lossy();
        holds_token(&pair) || pair == "skey" || pair.starts_with("skey=")
    })
}

/// Whether a decoded part of a URL holds an skey or an API token.
fn holds_token(part: &str) -> bool {
    part.contains(Skey::PREFIX) || part.contains(ApiTokenText::PREFIX)
}

/// A path as it may stand in the log: cut, and without what clients put there by mistake.
fn logged(path: &str) -> String {
    if holds_token(&percent_decode_str(path).decode_utf8_lossy()) {
        "***".to_owned()
    } else {
        path.chars().take(LOGGED_PATH_CHARACTERS).collect()
    }
}

/// Renders a failure and sets the headers that every answer has.
fn finish(
    mut response: Response,
    in_words: impl Fn(&ApiError) -> Value,
    rid: &RequestId,
) -> (Response, Option<ApiError>) {
    let failure = response.extensions_mut().remove::<ApiError>();
    if let Some(error) = &failure {
        response = error.render(&in_words(error));
    }
    let headers = response.headers_mut();
    headers.insert(&REQUEST_ID, rid.header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if matches!(failure, Some(ApiError::BadRequest(Problem::AmbiguousLength))) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    (response, failure)
}

/// One line a request. The query is left out: nothing of ours stands there, and what clients put there is not ours to keep.
fn report(
    method: &http::Method,
    path: &str,
    response: &Response,
    failure: Option<&ApiError>,
    arrived: Instant,
    rid: &RequestId,
) {
    let Some(error) = failure else {
        return tracing::debug!(%method, path = logged(path), status = response.status().as_u16(), "answered");
    };
    let (path, status, rid) = (logged(path), response.status().as_u16(), rid.as_str());
    let ms = u64::try_from(arrived.elapsed().as_millis()).unwrap_or(u64::MAX);
    if response.status() < StatusCode::INTERNAL_SERVER_ERROR {
        tracing::info!(%method, path, status, ms, rid, error.code = error.parts().1, "refused");
    } else {
        let cause = std::error::Error::source(error).map(chain).unwrap_or_default();
        tracing::error!(%method, path, status, ms, rid, error.code = error.parts().1, cause, "failed: {error}");
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_path_is_short_and_holds_no_token() {
        assert_eq!(logged("/v1/sessions/0123456789abcdef"), "/v1/sessions/0123456789abcdef");
        assert_eq!(logged("/v1/sessions/wxg_secret"), "***");
        assert_eq!(logged("/%77xa_secret"), "***");
        assert_eq!(logged(&"/x".repeat(4_000)).len(), 256);
    }

    #[test]
    fn an_skey_in_a_query_is_seen_under_any_name_and_encoding() {
        for query in ["q=wxg_abc", "skey=1", "a=1&skey", "a=1&t=%77%78%67%5Fabc", "%73key=1"] {
            assert!(query_carries_skey(query), "{query}");
        }
        for query in ["", "a=1", "key=wx", "monkey=1"] {
            assert!(!query_carries_skey(query), "{query}");
        }
    }
}
