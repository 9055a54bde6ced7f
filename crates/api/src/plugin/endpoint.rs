//! What a plugin serves, as a list.

use http::{HeaderValue, Method};

use super::Plugin;
use crate::app::App;
use crate::error::ApiError;

/// One method of one path under `/x/{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// On the internal listener, for API tokens with this scope; `None`: on the public one, for everybody.
    pub(super) scope: Option<&'static str>,
}

impl Endpoint {
    /// On the public listener, which everybody reaches. `path` is what follows `/x/{name}`: `/login`.
    pub const fn public(method: Method, path: &'static str) -> Self {
        Self { method, path, scope: None }
    }

    /// On the internal listener, for callers with an API token that has `scope` (one of [`SCOPES`](crate::SCOPES)).
    pub const fn internal(method: Method, path: &'static str, scope: &'static str) -> Self {
        Self { method, path, scope: Some(scope) }
    }

    pub(super) fn is_public(&self) -> bool {
        self.scope.is_none()
    }

    /// Whether the path is made of segments of small letters, digits, `-` and `_`, each after a slash.
    pub(super) fn is_well_formed(&self) -> bool {
        let segment = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        };
        self.path.strip_prefix('/').is_some_and(|path| path.split('/').all(segment))
    }
}

/// `classic` and `/login` of `/x/classic/login`.
fn parts(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/x/")?;
    let slash = rest.find('/')?;
    Some(rest.split_at(slash))
}

impl App {
    /// The plugin under whose name a path stands.
    pub(crate) fn plugin_at(&self, path: &str) -> Option<&dyn Plugin> {
        let (name, _) = parts(path)?;
        self.plugins().iter().map(AsRef::as_ref).find(|plugin| plugin.name() == name)
    }

    /// Which endpoint of which plugin a request is meant for.
    ///
    /// # Errors
    /// `not_found` when there is no such path on this listener, `method_not_allowed` when it has other methods.
    pub(crate) fn plugin_endpoint(
        &self,
        public: bool,
        method: &Method,
        path: &str,
    ) -> Result<(&dyn Plugin, &'static Endpoint), ApiError> {
        let mut otherwise = ApiError::NotFound;
        for (plugin, endpoint) in at(self, public, path) {
            if endpoint.method == *method {
                return Ok((plugin, endpoint));
            }
            otherwise = ApiError::MethodNotAllowed;
        }
        Err(otherwise)
    }
}

fn at<'a>(app: &'a App, public: bool, path: &str) -> impl Iterator<Item = (&'a dyn Plugin, &'static Endpoint)> {
    let (plugin, rest) = (app.plugin_at(path), parts(path).map(|(_, rest)| rest));
    let endpoints = plugin.into_iter().flat_map(|plugin| plugin.endpoints().iter().map(move |it| (plugin, it)));
    endpoints.filter(move |(_, endpoint)| endpoint.is_public() == public && Some(endpoint.path) == rest)
}

/// The value of `Allow` for a plugin's path.
pub(crate) fn allowed(app: &App, public: bool, path: &str) -> HeaderValue {
    let methods = at(app, public, path).map(|(_, endpoint)| endpoint.method.as_str());
    HeaderValue::try_from(methods.collect::<Vec<_>>().join(", ")).expect("names of methods are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_segments_of_plain_letters() {
        for path in ["/login", "/a/b-c_1"] {
            assert!(Endpoint::public(Method::GET, path).is_well_formed(), "{path}");
        }
        for path in ["", "/", "login", "/login/", "//a", "/{id}", "/Login", "/a?b", "/码"] {
            assert!(!Endpoint::public(Method::GET, path).is_well_formed(), "{path}");
        }
    }

    #[test]
    fn a_plugins_path_has_a_name_and_a_rest() {
        assert_eq!(parts("/x/classic/login"), Some(("classic", "/login")));
        assert_eq!(parts("/x/classic/a/b"), Some(("classic", "/a/b")));
        for path in ["/x/classic", "/x/", "/x", "/v1/login", "/xx/classic/login"] {
            assert_eq!(parts(path), None, "{path}");
        }
    }
}
