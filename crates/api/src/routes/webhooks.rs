//! `GET /api/v1/webhooks`, `POST /api/v1/webhooks`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::{EventType, EventTypes, MOST_WEBHOOKS, Webhook};
use wxgate_webhooks::{Secret, Target};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Body, Route, body, info, json_fields, respond, with};
use crate::problem::Problem;

const DESCRIPTION_CHARACTERS: usize = 256;
/// Characters of a URL; one that is longer is refused as none.
const URL_CHARACTERS: usize = 2048;

/// The webhooks, oldest first.
#[derive(Serialize)]
pub struct WebhooksReply {
    webhooks: Vec<WebhookView>,
}

/// A webhook without its secret.
#[derive(Serialize)]
pub struct WebhookView {
    id: String,
    url: String,
    /// Null for all, those of later versions too.
    types: Option<Vec<&'static str>>,
    description: Option<String>,
    enabled: bool,
    /// Since when it gets nothing, and why: `operator`, `failing`, `gone`, `backlog`.
    disabled_at: Option<i64>,
    disabled_reason: Option<&'static str>,
    /// Until when the secret before the last rotation signs as well.
    previous_secret_until: Option<i64>,
    created_at: i64,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url,
            types: webhook.types.map(|types| types.iter().map(EventType::as_str).collect()),
            description: webhook.description,
            enabled: webhook.disabled.is_none(),
            disabled_at: webhook.disabled.map(|(at, _)| at.0),
            disabled_reason: webhook.disabled.map(|(_, reason)| reason.as_str()),
            previous_secret_until: webhook.previous.map(|(_, until)| until.0),
            created_at: webhook.created_at.0,
        }
    }
}

/// A new webhook. No `Debug`: it holds the secret.
#[derive(Serialize)]
pub struct CreatedReply {
    id: String,
    /// Shown this once.
    secret: zeroize::Zeroizing<String>,
}

/// `GET /api/v1/webhooks`: 200 [`WebhooksReply`], 401, 403.
pub fn list(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { webhooks(&app, &info).await })
        .map(respond)
        .boxed()
}

/// `POST /api/v1/webhooks` with `{"url","types"?,"description"?}`: 200 [`CreatedReply`], 400, 401, 403.
pub fn create(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "webhooks")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { created(&app, &info, body).await })
        .map(respond)
        .boxed()
}

async fn webhooks(app: &App, info: &RequestInfo) -> Result<WebhooksReply, ApiError> {
    app.require_scope(info, "admin").await?;
    let webhooks = app.store.webhooks().await?;
    Ok(WebhooksReply { webhooks: webhooks.into_iter().map(WebhookView::from).collect() })
}

async fn created(app: &App, info: &RequestInfo, body: Body) -> Result<CreatedReply, ApiError> {
    let by = app.require_scope(info, "admin").await?.by();
    let mut fields = json_fields(body)?;
    let url = url(app, &mut fields)?;
    let types = types(&mut fields)?.flatten();
    let description = description(&mut fields)?.flatten();
    fields.end()?;
    let (id, secret) = (app.new_uuid(), Secret::random());
    let webhook = Webhook {
        id,
        url: url.ok_or(Problem::Missing("url"))?,
        types,
        description,
        sealed_secret: app.sealed_webhook_secret(id, &secret),
        previous: None,
        created_at: app.clock.now(),
        disabled: None,
    };
    if !app.store.create_webhook(webhook, by).await? {
        return Err(Problem::TooManyWebhooks(MOST_WEBHOOKS).into());
    }
    tracing::info!(webhook = %id, "a webhook was made");
    Ok(CreatedReply { id: id.to_string(), secret: secret.expose() })
}

/// `url`, if it is there: one that may be posted to.
pub fn url(app: &App, fields: &mut Fields) -> Result<Option<String>, ApiError> {
    let Some(url) = fields.text(&["url"], URL_CHARACTERS)? else { return Ok(None) };
    Target::parse(&url, app.settings.webhooks.allow_private).map_err(Problem::BadWebhookUrl)?;
    Ok(Some(url))
}

/// `types`, if it is there: a list of words, or null for all.
#[expect(clippy::option_option, reason = "nothing, null and a value are three things")]
pub fn types(fields: &mut Fields) -> Result<Option<Option<EventTypes>>, ApiError> {
    let Some(words) = fields.texts_or_null("types")? else { return Ok(None) };
    let Some(words) = words else { return Ok(Some(None)) };
    let known = words.iter().map(|word| EventType::parse(word)).collect::<Option<EventTypes>>();
    Ok(Some(Some(known.filter(|types| *types != EventTypes::NONE).ok_or(Problem::BadEventTypes)?)))
}

/// `description`, if it is there: words, or null for none.
#[expect(clippy::option_option, reason = "nothing, null and a value are three things")]
pub fn description(fields: &mut Fields) -> Result<Option<Option<String>>, ApiError> {
    if fields.take_null("description") {
        return Ok(Some(None));
    }
    Ok(fields.text(&["description"], DESCRIPTION_CHARACTERS)?.map(Some))
}
