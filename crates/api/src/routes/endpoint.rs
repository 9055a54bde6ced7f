//! What a listener serves, as a list: its routes, the OpenAPI document and `Allow` are all made of it.

use std::sync::Arc;

use http::{HeaderValue, Method};
use warp::reply::Response;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::Route;
use crate::openapi::Operation;
use crate::soon::Soon;

/// One method of one path.
pub struct Endpoint {
    pub method: Method,
    /// As the document writes it: `/v1/sessions/{id}`. `{path}` at the end stands for all segments from there.
    pub path: &'static str,
    pub answer: Answer,
    pub describe: fn() -> Operation,
    /// Whether what is logged meanwhile says of which request it is. Without it nothing may be logged.
    pub has_span: bool,
}

/// How an endpoint answers.
#[derive(Clone, Copy)]
pub enum Answer {
    /// By warp's filters.
    Route(fn(&Arc<App>) -> Route),
    /// It only says who a request is from, by what the edge knows of it, and is asked so often that filters would be felt.
    Check(Check),
}

/// Says who a request is from, at once if that is at hand.
pub type Check = fn(&Arc<App>, &RequestInfo) -> Soon<Response>;

impl Endpoint {
    pub const fn new(
        method: Method,
        path: &'static str,
        route: fn(&Arc<App>) -> Route,
        describe: fn() -> Operation,
    ) -> Self {
        Self { method, path, answer: Answer::Route(route), describe, has_span: true }
    }

    /// One that only says who a request is from.
    pub const fn check(method: Method, path: &'static str, check: Check, describe: fn() -> Operation) -> Self {
        Self { method, path, answer: Answer::Check(check), describe, has_span: false }
    }

    /// One that logs nothing of its own, and is asked so often that even an empty span would be felt.
    pub const fn without_span(mut self) -> Self {
        self.has_span = false;
        self
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
