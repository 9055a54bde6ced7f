//! `GET`, `PATCH` and `DELETE /api/v1/webhooks/{id}`, `POST …/test`, `POST …/rotate-secret`

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;
use warp::Filter;
use wxgate_store::WebhookChange;
use wxgate_webhooks::Secret;

use super::webhooks::{WebhookView, description, types, url};
use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, json_fields, no_fields, respond, with};

/// How long the secret before a rotation signs as well: time to tell the receiver the new one.
const OVERLAP_SECONDS: i64 = 86_400;

/// One webhook.
#[derive(Serialize)]
pub struct WebhookReply {
    webhook: WebhookView,
}

/// What became of a test.
#[derive(Serialize)]
pub struct TestReply {
    delivered: bool,
    /// HTTP's, null without an answer.
    status: Option<u16>,
    /// Why it was not delivered.
    error: Option<&'static str>,
}

/// A new secret. No `Debug`: it is one.
#[derive(Serialize)]
pub struct SecretReply {
    /// Shown this once.
    secret: zeroize::Zeroizing<String>,
    previous_secret_until: i64,
}

/// `GET /api/v1/webhooks/{id}`: 200 [`WebhookReply`], 401, 403, 404.
pub fn show(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks" / String)
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|id: String, app: Arc<App>, info: RequestInfo| async move { webhook(&app, &info, &id).await })
        .map(respond)
        .boxed()
}

/// `PATCH /api/v1/webhooks/{id}` with `{"url"?,"types"?,"description"?,"enabled"?}`: 200 [`WebhookReply`], 400, 401, 403,
/// 404.
pub fn change(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks" / String)
        .and(warp::patch())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            changed(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

/// `DELETE /api/v1/webhooks/{id}`: 200 [`Done`], 401, 403, 404. What waits for it is not delivered any more.
pub fn delete(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks" / String)
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            deleted(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

/// `POST /api/v1/webhooks/{id}/test`: 200 [`TestReply`] once the receiver answered, or did not in 15 seconds.
pub fn test(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks" / String / "test")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            tested(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

/// `POST /api/v1/webhooks/{id}/rotate-secret`: 200 [`SecretReply`], 401, 403, 404.
pub fn rotate(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks" / String / "rotate-secret")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            rotated(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

/// The id in a path; what is none names nothing.
fn parse(id: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(id).map_err(|_| ApiError::NotFound)
}

async fn webhook(app: &App, info: &RequestInfo, id: &str) -> Result<WebhookReply, ApiError> {
    app.require_scope(info, "admin").await?;
    let webhook = app.store.webhook(parse(id)?).await?.ok_or(ApiError::NotFound)?;
    Ok(WebhookReply { webhook: webhook.into() })
}

async fn changed(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<WebhookReply, ApiError> {
    let by = app.require_scope(info, "admin").await?.by();
    let id = parse(id)?;
    let mut fields = json_fields(body)?;
    let change = WebhookChange {
        url: url(app, &mut fields)?,
        types: types(&mut fields)?,
        description: description(&mut fields)?,
        is_enabled: fields.flag("enabled")?,
        secret: None,
    };
    fields.end()?;
    let webhook = app.store.change_webhook(id, change, by, app.clock.now()).await?;
    Ok(WebhookReply { webhook: webhook.ok_or(ApiError::NotFound)?.into() })
}

async fn deleted(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<Done, ApiError> {
    let by = app.require_scope(info, "admin").await?.by();
    no_fields(body)?;
    let is_deleted = app.store.delete_webhook(parse(id)?, by, app.clock.now()).await?;
    if is_deleted { Ok(Done {}) } else { Err(ApiError::NotFound) }
}

async fn tested(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<TestReply, ApiError> {
    app.require_scope(info, "admin").await?;
    no_fields(body)?;
    let webhook = app.store.webhook(parse(id)?).await?.ok_or(ApiError::NotFound)?;
    let outcome = app.send_test(&webhook).await;
    Ok(TestReply { delivered: outcome.error.is_none(), status: outcome.status, error: outcome.error })
}

async fn rotated(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<SecretReply, ApiError> {
    let by = app.require_scope(info, "admin").await?.by();
    no_fields(body)?;
    let (id, secret, now) = (parse(id)?, Secret::random(), app.clock.now());
    let until = now + OVERLAP_SECONDS;
    let sealed = Some((app.sealed_webhook_secret(id, &secret), until));
    let change = WebhookChange { secret: sealed, ..WebhookChange::default() };
    app.store.change_webhook(id, change, by, now).await?.ok_or(ApiError::NotFound)?;
    Ok(SecretReply { secret: secret.expose(), previous_secret_until: until.0 })
}
