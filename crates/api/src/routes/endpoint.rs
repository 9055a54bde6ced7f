//! What a listener serves, as a list: its routes, the OpenAPI document and `Allow` are all made of it.

use std::sync::Arc;

use http::{HeaderValue, Method};

use crate::app::App;
use crate::error::ApiError;
use crate::http::Route;
use crate::openapi::Operation;

/// One method of one path.
pub struct Endpoint {
    pub method: Method,
    /// As the document writes it: `/v1/sessions/{id}`. `{path}` at the end stands for all segments from there.
    pub path: &'static str,
    pub route: fn(&Arc<App>) -> Route,
    pub describe: fn() -> Operation,
    /// It only says who a request is from, and logs nothing of its own; it is asked so often that even an empty span
    /// would be felt.
    pub is_check: bool,
}

impl Endpoint {
    pub const fn new(
        method: Method,
        path: &'static str,
        route: fn(&Arc<App>) -> Route,
        describe: fn() -> Operation,
    ) -> Self {
        Self { method, path, route, describe, is_check: false }
    }

    /// One that only says who a request is from.
    pub const fn check(
        method: Method,
        path: &'static str,
        route: fn(&Arc<App>) -> Route,
        describe: fn() -> Operation,
    ) -> Self {
        Self { method, path, route, describe, is_check: true }
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
