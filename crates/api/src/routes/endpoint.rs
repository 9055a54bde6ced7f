//! What a listener serves, as a list: its routes, the OpenAPI document and `Allow` are all made of it.

use std::sync::Arc;

use http::{HeaderValue, Method};

use crate::app::App;
use crate::http::Route;
use crate::openapi::Operation;

/// One method of one path.
pub struct Endpoint {
    pub method: Method,
    /// As the document writes it: `/v1/sessions/{id}`.
    pub path: &'static str,
    pub route: fn(&Arc<App>) -> Route,
    pub describe: fn() -> Operation,
}

impl Endpoint {
    pub const fn new(
        method: Method,
        path: &'static str,
        route: fn(&Arc<App>) -> Route,
        describe: fn() -> Operation,
    ) -> Self {
        Self { method, path, route, describe }
    }

    fn is_at(&self, path: &str) -> bool {
        let (ours, theirs) = (self.path.split('/'), path.split('/'));
        ours.clone().count() == theirs.clone().count()
            && ours.zip(theirs).all(|(ours, theirs)| ours.starts_with('{') || ours == theirs)
    }
}

/// The value of `Allow` for a path: the methods it has.
pub fn allowed(endpoints: &[Endpoint], path: &str) -> HeaderValue {
    let methods = endpoints.iter().filter(|endpoint| endpoint.is_at(path)).map(|endpoint| endpoint.method.as_str());
    HeaderValue::try_from(methods.collect::<Vec<_>>().join(", ")).expect("names of methods are a header value")
}
