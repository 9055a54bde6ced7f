//! One line of the log for each request.

use http::{Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use warp::reply::Response;

use super::{RequestId, holds_token};
use crate::error::ApiError;
use crate::text::Language;

/// Characters of a path that are logged.
const LOGGED_PATH_CHARACTERS: usize = 256;

/// What is still to be known of a request when its answer is there.
pub struct Asked {
    pub arrived: Instant,
    pub rid: RequestId,
    pub language: Language,
    pub method: Method,
    pub uri: Uri,
}

impl Asked {
    /// One line a request. The query is left out: nothing of ours stands there, and what clients put there is not ours to
    /// keep.
    pub fn report(&self, response: &Response, failure: Option<&ApiError>) {
        let (method, path, status) = (&self.method, self.uri.path(), response.status().as_u16());
        let Some(error) = failure else {
            return tracing::debug!(%method, path = logged(path), status, "answered");
        };
        let (path, rid) = (logged(path), self.rid.as_str());
        let ms = u64::try_from(self.arrived.elapsed().as_millis()).unwrap_or(u64::MAX);
        if response.status() < StatusCode::INTERNAL_SERVER_ERROR {
            tracing::info!(%method, path, status, ms, rid, error.code = error.parts().1, "refused");
        } else {
            let cause = std::error::Error::source(error).map(chain).unwrap_or_default();
            tracing::error!(%method, path, status, ms, rid, error.code = error.parts().1, cause, "failed: {error}");
        }
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A path as it may stand in the log: cut, and without what clients put there by mistake.
fn logged(path: &str) -> String {
    if holds_token(&percent_decode_str(path).decode_utf8_lossy()) {
        "***".to_owned()
    } else {
        path.chars().take(LOGGED_PATH_CHARACTERS).collect()
    }
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
}
