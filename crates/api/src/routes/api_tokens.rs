//! `GET /api/v1/tokens`, `POST /api/v1/tokens`, `DELETE /api/v1/tokens/{id}`

use std::sync::Arc;

use serde::{Serialize, Serializer};
use uuid::Uuid;
use warp::Filter;
use wxgate_store::ApiToken;
use zeroize::Zeroizing;

use crate::api_token::{ApiTokenText, is_token_name};
use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Done, Route, body, info, json_fields, no_fields, respond, with};
use crate::problem::Problem;

const DAY: i64 = 86_400;
/// Characters of a name before it is looked at.
const NAME_CHARACTERS: usize = 64;

/// The tokens that are not revoked, oldest first.
#[derive(Serialize)]
pub struct TokensReply {
    tokens: Vec<TokenView>,
}

/// A token without its secret.
#[derive(Serialize)]
struct TokenView {
    id: Uuid,
    name: String,
    scopes: Vec<String>,
    created_at: i64,
    /// `None` for never.
    expires_at: Option<i64>,
}

/// A new token. No `Debug`: it is a secret, and shown this once.
#[derive(Serialize)]
pub struct NewTokenReply {
    #[serde(serialize_with = "shown_once")]
    token: Zeroizing<String>,
    #[serde(flatten)]
    view: TokenView,
}

fn shown_once<S: Serializer>(token: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token)
}

impl From<ApiToken> for TokenView {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes,
            created_at: token.created_at.0,
            expires_at: token.expires_at.map(|end| end.0),
        }
    }
}

/// `GET /api/v1/tokens`, scope `admin`: 200 [`TokensReply`], 401, 403.
pub fn list(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "tokens")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { tokens(&app, &info).await })
        .map(respond)
        .boxed()
}

/// `POST /api/v1/tokens` with `{"name", "scopes", "expires_days"?}`, scope `admin`: 200 [`NewTokenReply`], 400, 401, 403.
pub fn create(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "tokens")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { create_token(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// `DELETE /api/v1/tokens/{id}`, scope `admin`: 200 once it is durable, 401, 403, 404.
pub fn revoke(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "tokens" / String)
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            revoke_token(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

async fn tokens(app: &App, info: &RequestInfo) -> Result<TokensReply, ApiError> {
    app.require_scope(info, "admin").await?;
    Ok(TokensReply { tokens: app.store.api_tokens().await?.into_iter().map(TokenView::from).collect() })
}

/// Only `admin` makes tokens, and it holds every scope: nobody grants what they lack.
async fn create_token(app: &App, info: &RequestInfo, body: Body) -> Result<NewTokenReply, ApiError> {
    let caller = app.require_scope(info, "admin").await?;
    let mut fields = json_fields(body)?;
    let name = fields.text(&["name"], NAME_CHARACTERS)?;
    let (scopes, days) = (fields.scopes()?, fields.expires_days()?);
    fields.end()?;
    let name = name.ok_or(Problem::Missing("name"))?;
    if !is_token_name(&name) {
        return Err(Problem::BadTokenName.into());
    }
    let scopes = scopes.ok_or(Problem::Missing("scopes"))?;
    let now = app.clock.now();
    let (token, kept) = ApiTokenText::create(name, scopes, days.map(|days| now + days * DAY), now);
    app.store.create_api_token(kept.clone(), caller.by()).await?;
    tracing::info!(token.id = %kept.id, scopes = kept.scopes.join(","), "API token made");
    Ok(NewTokenReply { token, view: kept.into() })
}

async fn revoke_token(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<Done, ApiError> {
    let caller = app.require_scope(info, "admin").await?;
    no_fields(body)?;
    let id = Uuid::try_parse(id).map_err(|_| ApiError::NotFound)?;
    if !app.store.revoke_api_token(id, caller.by(), app.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    tracing::info!(token.id = %id, "API token revoked");
    Ok(Done {})
}
