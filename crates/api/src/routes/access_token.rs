//! `GET /api/v1/apps/{appid}/access-token`, `POST /api/v1/apps/{appid}/access-token/stale`

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use warp::Filter;
use wx_client::AccessToken;

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Route, body, info, json_fields, respond, with};
use crate::problem::Problem;

/// Characters a token may have (WeChat: 512), and some.
const TOKEN_CHARACTERS: usize = 1024;

/// The access_token that all share. No `Debug`: it is a secret.
#[derive(Serialize)]
pub struct AccessTokenReply {
    access_token: String,
    /// Seconds for which WeChat still takes it: at least 300 whenever WeChat could be reached.
    expires_in: u64,
}

impl From<AccessToken> for AccessTokenReply {
    fn from(AccessToken { token, remaining }: AccessToken) -> Self {
        Self { access_token: token.expose_secret().to_owned(), expires_in: remaining.as_secs() }
    }
}

/// `GET /api/v1/apps/{appid}/access-token`: 200 [`AccessTokenReply`], 401, 403, 404, or what asking WeChat can come to.
pub fn show(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "apps" / String / "access-token")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|appid: String, app: Arc<App>, info: RequestInfo| async move { token(&app, &info, &appid).await })
        .map(respond)
        .boxed()
}

/// `POST /api/v1/apps/{appid}/access-token/stale` with `{"access_token"}`: 200 [`AccessTokenReply`], the one to use now.
pub fn stale(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "apps" / String / "access-token" / "stale")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|appid: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            replaced(&app, &info, &appid, body).await
        })
        .map(respond)
        .boxed()
}

async fn token(app: &App, info: &RequestInfo, appid: &str) -> Result<AccessTokenReply, ApiError> {
    app.require_scope(info, "wechat:token").await?;
    let asked = app.wechat.access_token(app.app_at(appid)?).await;
    Ok(app.health.note(asked, app.clock.now())?.into())
}

async fn replaced(app: &App, info: &RequestInfo, appid: &str, body: Body) -> Result<AccessTokenReply, ApiError> {
    app.require_scope(info, "wechat:token").await?;
    let appid = app.app_at(appid)?;
    let mut fields = json_fields(body)?;
    let refused = fields.text(&["access_token"], TOKEN_CHARACTERS)?.map(SecretString::from);
    fields.end()?;
    let refused = refused.ok_or(Problem::Missing("access_token"))?;
    let asked = app.wechat.access_token_after(appid, &refused).await;
    Ok(app.health.note(asked, app.clock.now())?.into())
}
