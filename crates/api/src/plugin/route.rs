//! `/x/{name}/…`

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::time::timeout;
use warp::Filter;
use warp::path::FullPath;
use warp::reply::Reply as _;

use super::{Host, Refusal, Reply, Request};
use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{BODY_LIMIT_BYTES, Route, headers, info, raw_body, raw_query, with};
use crate::text::Language;

/// What an answer may take: more than two calls of WeChat that are never answered.
const TIME: Duration = Duration::from_secs(15);

/// The plugins' endpoints of one listener: what the plugin answers, or 404, 405, 413, 415, on the internal one 401 and
/// 403, and 500 for a plugin that panics or does not answer.
pub fn route(app: &Arc<App>, public: bool) -> Route {
    warp::method()
        .and(warp::path::full())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(headers())
        .and(raw_query())
        .and(raw_body(BODY_LIMIT_BYTES))
        .then(move |method: Method, path: FullPath, app: Arc<App>, info, headers, query, body| async move {
            let asked = Asked { info, headers, query, body };
            answer(&app, public, &method, path.as_str(), asked).await
        })
        .map(|answered: Result<Reply, ApiError>| match answered {
            Ok(reply) => reply.into_response(),
            Err(error) => error.into_response(),
        })
        .boxed()
}

struct Asked {
    info: RequestInfo,
    headers: HeaderMap,
    query: String,
    body: Result<Bytes, ApiError>,
}

async fn answer(app: &Arc<App>, public: bool, method: &Method, path: &str, asked: Asked) -> Result<Reply, ApiError> {
    let (plugin, endpoint) = app.plugin_endpoint(public, method, path)?;
    let Asked { info, headers, query, body } = asked;
    if let Some(scope) = endpoint.scope {
        app.require_scope(&info, scope).await?;
    }
    let request = Request { endpoint, headers, query, body: body?, info };
    let host = Host::of(app, plugin.name());
    bounded(plugin.name(), plugin.answer(&host, request)).await
}

/// The answer, if the plugin gives one: a panic in it and an answer that does not come are failures of this request alone.
async fn bounded(
    plugin: &'static str,
    answer: impl Future<Output = Result<Reply, ApiError>>,
) -> Result<Reply, ApiError> {
    match timeout(TIME, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_)) => Err(ApiError::internal(format!("the plugin {plugin} panicked"))),
        Err(_) => Err(ApiError::internal(format!("the plugin {plugin} gave no answer in {} s", TIME.as_secs()))),
    }
}

impl App {
    /// The body of a refusal in the words of the plugin under whose name the path stands, if it has any.
    pub(crate) fn plugins_words(&self, path: &str, error: &ApiError, language: Language) -> Option<Value> {
        let plugin = self.plugin_at(path)?;
        let words = || plugin.refusal(&Refusal::of(error, language));
        catch_unwind(AssertUnwindSafe(words)).unwrap_or_else(|_| {
            tracing::error!(plugin = plugin.name(), "the plugin panicked over the words of a refusal");
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_plugin_that_never_answers_fails_its_request() {
        let never = bounded("lazy", std::future::pending()).await.err().unwrap();
        assert!(matches!(&never, ApiError::Internal(cause) if cause.to_string().contains("lazy")), "{never:?}");
    }
}
