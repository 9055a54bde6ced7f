//! What every request passes: its id, its language, its limits, and the rendering of what comes back.

mod address;
mod asked;
mod connection;
mod head;
mod limits;
mod listen;
mod peer;
mod request_id;
mod table;
mod unread;
mod watched;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Request};
use http_body_util::BodyDataStream;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use tower_service::Service;
use tracing::Instrument;
use warp::reply::Response;
use wxgate_crypto::Skey;
use wxgate_store::UnixSeconds;

use self::asked::Asked;
pub(crate) use self::limits::Limiter;
pub use self::listen::serve;
pub use self::peer::Listener;
pub(crate) use self::request_id::{RequestId, RequestIds};

use crate::api_token::ApiTokenText;
use crate::app::App;
use crate::auth::Authorization;
use crate::error::ApiError;
use crate::header_values::give_back;
use crate::http::{read_body, with_info};
use crate::plugin;
use crate::problem::Problem;
use crate::results::Requests;
use crate::routes::{Endpoint, Handler, allowed, find};
use crate::soon::Soon;
use crate::text::Language;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Headers a request may have. hyper stops at 100 by itself; told of fewer, it would make room for them at each request.
const HEADERS: usize = 64;

/// What the edge knows of a request; routes get it with [`crate::http::info`].
#[derive(Clone)]
pub struct RequestInfo {
    /// When the request's head was complete: answers that must not tell time apart count from here.
    pub arrived: Instant,
    /// What the clock showed then.
    pub now: UnixSeconds,
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
    handlers: Arc<[Handler]>,
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
    pub(crate) fn public(app: Arc<App>, handlers: Arc<[Handler]>, endpoints: &'static [Endpoint]) -> Self {
        let requests = app.results.listeners.listener("public", endpoints);
        Self { app, endpoints, handlers, side: Side::Public, requests }
    }

    pub(crate) fn internal(app: Arc<App>, handlers: Arc<[Handler]>, endpoints: &'static [Endpoint]) -> Self {
        let requests = app.results.listeners.listener("internal", endpoints);
        Self { app, endpoints, handlers, side: Side::Internal, requests }
    }

    pub(crate) fn local(app: Arc<App>, handlers: Arc<[Handler]>, endpoints: &'static [Endpoint]) -> Self {
        let requests = app.results.listeners.listener("local", endpoints);
        Self { app, endpoints, handlers, side: Side::Local, requests }
    }

    fn is_public(&self) -> bool {
        self.side == Side::Public
    }

    /// Answers one request that came from `peer` (`None`: a unix socket).
    pub fn answer<B>(&self, request: Request<B>, peer: Option<IpAddr>) -> Soon<Response>
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let (arrived, now_ms) = (Instant::now(), self.app.clock.now_ms());
        let (rid, language) = (self.app.request_ids.next(now_ms), Language::of(&head.headers));
        let info = RequestInfo {
            arrived,
            now: UnixSeconds(now_ms.div_euclid(1000)),
            client: address::client(&head.headers, peer, &self.app.adjusted().trusted_proxies),
            authorization: Authorization::of(&head.headers),
            is_local: self.side == Side::Local,
            rid,
        };
        let found = self.admit(&head, &info).and_then(|()| self.find(&head.method, head.uri.path()));
        let asked = |method, uri| Asked { arrived, rid, language, method, uri };
        let at = match found {
            Ok(at) => at,
            Err(refusal) => {
                let asked = asked(head.method, head.uri);
                return Soon::now(self.finish(warp::Reply::into_response(refusal), None, &asked));
            }
        };
        match &self.handlers[at] {
            Handler::Check(check) => {
                give_back(head.headers);
                self.finished(check(&self.app, &info), at, asked(head.method, head.uri))
            }
            Handler::Question(question) => {
                let asked = asked(head.method, head.uri);
                let (question, edge, body) =
                    (*question, self.clone(), read_body(head.headers, BodyDataStream::new(body)));
                Soon::later(async move {
                    let response = question(Arc::clone(&edge.app), info, body.await).await;
                    edge.finish(response, Some(at), &asked)
                })
            }
            Handler::Route(route) => {
                let asked = asked(head.method.clone(), head.uri.clone());
                let answer = with_info(info, warp::service(route.clone()).call(Request::from_parts(head, body)));
                let span = tracing::info_span!("request", rid = rid.as_str(), member.id = tracing::field::Empty);
                let edge = self.clone();
                Soon::later(async move {
                    let Ok(response) = answer.instrument(span.clone()).await;
                    span.in_scope(|| edge.finish(response, Some(at), &asked))
                })
            }
        }
    }

    /// A check's answer with what every answer has.
    fn finished(&self, response: Soon<Response>, at: usize, asked: Asked) -> Soon<Response> {
        match response {
            Soon::Now(response) => Soon::now(self.finish(response.into_inner(), Some(at), &asked)),
            Soon::Later(response) => {
                let edge = self.clone();
                Soon::later(async move { edge.finish(response.await, Some(at), &asked) })
            }
        }
    }

    /// Renders a failure, sets the headers that every answer has, counts it and reports it.
    fn finish(&self, mut response: Response, endpoint: Option<usize>, asked: &Asked) -> Response {
        let failure = response.extensions_mut().remove::<ApiError>();
        if let Some(error) = &failure {
            let plugins = self.app.plugins_words(asked.uri.path(), error, asked.language);
            response = error.render(&plugins.unwrap_or_else(|| error.body(asked.language, asked.rid.as_str())));
        }
        let headers = response.headers_mut();
        headers.insert(&REQUEST_ID, asked.rid.header());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        match &failure {
            Some(ApiError::BadRequest(Problem::AmbiguousLength | Problem::HeadTooLarge)) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Some(ApiError::MethodNotAllowed) => {
                headers.insert(ALLOW, self.allowed(asked.uri.path()));
            }
            _ => {}
        }
        self.requests.answered(endpoint, response.status());
        asked.report(&response, failure.as_ref());
        response
    }

    /// Which route a request is meant for: an endpoint's, or the last, of the plugins.
    fn find(&self, method: &Method, path: &str) -> Result<usize, ApiError> {
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

    fn admit(&self, head: &Parts, info: &RequestInfo) -> Result<(), ApiError> {
        if head.extensions.get::<Ambiguous>().is_some() || !is_plainly_framed(&head.headers) {
            return Err(Problem::AmbiguousLength.into());
        }
        if head.headers.len() > HEADERS {
            return Err(Problem::HeadTooLarge.into());
        }
        let (path, query) = (head.uri.path(), head.uri.query());
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

#[cfg(test)]
mod tests {
    use super::*;

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
