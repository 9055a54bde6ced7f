//! What a listener serves, as a list: its routes, the OpenAPI document and `Allow` are all made of it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{HeaderValue, Method};
use warp::reply::Response;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Route};
use crate::openapi::Operation;
use crate::soon::Soon;

/// One method of one path.
pub struct Endpoint {
    pub method: Method,
    /// As the document writes it: `/v1/sessions/{id}`. `{path}` at the end stands for all segments from there.
    pub path: &'static str,
    pub answer: Answer,
    pub describe: fn() -> Operation,
}

/// How an endpoint answers. Only what warp's filters answer may log something of its own: no span says of the others of
/// which request it would be.
#[derive(Clone, Copy)]
pub enum Answer {
    /// By warp's filters.
    Route(fn(&Arc<App>) -> Route),
    /// It only says who a request is from, by what the edge knows of it, and is asked so often that filters would be felt.
    Check(Check),
    /// The same for what is asked about in a body.
    Question(Question),
}

/// Says who a request is from, at once if that is at hand.
pub type Check = fn(&Arc<App>, &RequestInfo) -> Soon<Response>;
/// Answers what a body asks.
pub type Question = fn(Arc<App>, RequestInfo, Body) -> BoxFuture<'static, Response>;

impl Endpoint {
    pub const fn new(
        method: Method,
        path: &'static str,
        route: fn(&Arc<App>) -> Route,
        describe: fn() -> Operation,
    ) -> Self {
        Self { method, path, answer: Answer::Route(route), describe }
    }

    /// One that only says who a request is from.
    pub const fn check(method: Method, path: &'static str, check: Check, describe: fn() -> Operation) -> Self {
        Self { method, path, answer: Answer::Check(check), describe }
    }

    /// One that says who a token in a body is of.
    pub const fn question(method: Method, path: &'static str, question: Question, describe: fn() -> Operation) -> Self {
        Self { method, path, answer: Answer::Question(question), describe }
    }

    fn is_at(&self, path: &str) -> bool {
        if !self.path.contains('{') {
            return self.path == path;
        }
        let most = if self.path.ends_with("/{path}") { self.path.split('/').count() } else { usize::MAX };
        let (ours, theirs) = (self.path.split('/'), path.splitn(most, '/'));
        ours.clone().count() == theirs.clone().count()
            && ours.zip(theirs).all(|(ours, theirs)| ours.starts_with('{') || ours == theirs)
    }
}

/// Which endpoint a request is meant for.
///
/// # Errors
/// `not_found` when there is no such path, `method_not_allowed` when it has other methods.
pub fn find(endpoints: &[Endpoint], method: &Method, path: &str) -> Result<usize, ApiError> {
    let mut otherwise = ApiError::NotFound;
    for (at, endpoint) in endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.is_at(path)) {
        if endpoint.method == *method {
            return Ok(at);
        }
        otherwise = ApiError::MethodNotAllowed;
    }
    Err(otherwise)
}

/// The value of `Allow` for a path: the methods it has.
pub fn allowed(endpoints: &[Endpoint], path: &str) -> HeaderValue {
    let methods = endpoints.iter().filter(|endpoint| endpoint.is_at(path)).map(|endpoint| endpoint.method.as_str());
    HeaderValue::try_from(methods.collect::<Vec<_>>().join(", ")).expect("names of methods are a header value")
}
