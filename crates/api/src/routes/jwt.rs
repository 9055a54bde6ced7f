//! `POST /v1/jwt`

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;
use warp::Filter;
use wxgate_store::{Identity, MemberId, SessionId};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, Route, body, info, json_fields, respond, with};
use crate::problem::Problem;

/// Characters that the name of a service may have.
const AUD_CHARACTERS: usize = 256;

/// A statement of the session, and how long it holds.
#[derive(Serialize)]
pub struct JwtReply {
    jwt: String,
    expires_in: i64,
    expires_at: i64,
}

/// What it says (RFC 7519; `client_id` as RFC 8693 has it, `sid` as OpenID Connect).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: MemberId,
    aud: &'a str,
    client_id: &'a str,
    sid: SessionId,
    iat: i64,
    exp: i64,
    jti: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<&'a str>,
}

/// `POST /v1/jwt` with `{"aud"?}` or nothing: 200 [`JwtReply`], 400, 401, 403, 404, 415.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "jwt")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| async move { jwt(&app, &info, body).await })
        .map(respond)
        .boxed()
}

async fn jwt(app: &Arc<App>, info: &RequestInfo, body: Body) -> Result<JwtReply, ApiError> {
    if !app.settings.jwt.enabled {
        return Err(ApiError::NotFound);
    }
    let identity = app.identify(info).await?;
    let aud = audience(app, requested(body)?)?;
    let now = app.clock.now();
    let exp = (now + i64::from(app.settings.jwt.lifetime_seconds)).min(identity.expires_at);
    let claims = claims(app, &identity, aud, (now.0, exp.0));
    let jwt = app.jwt_keys().await?.signing(now).ok_or_else(no_key)?.sign(&claims);
    Ok(JwtReply { jwt, expires_in: exp.0 - now.0, expires_at: exp.0 })
}

fn claims<'a>(app: &'a App, identity: &'a Identity, aud: &'a str, (iat, exp): (i64, i64)) -> Claims<'a> {
    let shows_openid = app.settings.session.expose_openid;
    let settings = &app.settings;
    Claims {
        iss: if settings.jwt.issuer.is_empty() { &settings.public_url } else { &settings.jwt.issuer },
        sub: identity.member,
        aud,
        client_id: &identity.appid,
        sid: identity.session,
        iat,
        exp,
        jti: app.new_uuid(),
        openid: shows_openid.then_some(&*identity.openid),
        unionid: identity.unionid.as_deref().filter(|_| shows_openid),
    }
}

/// The `aud` of the body, if there is one.
fn requested(body: Body) -> Result<Option<String>, ApiError> {
    let (media, bytes) = body?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut fields = json_fields(Ok((media, bytes)))?;
    let aud = fields.text(&["aud"], AUD_CHARACTERS)?;
    fields.end()?;
    Ok(aud)
}

/// The service that the statement is for: the one that was named, or the only one.
fn audience(app: &App, named: Option<String>) -> Result<&str, ApiError> {
    let known = &app.settings.jwt.audiences;
    match (named, known.as_slice()) {
        (Some(named), known) => Ok(known.iter().find(|known| **known == named).ok_or(Problem::UnknownAudience)?),
        (None, [only]) => Ok(only),
        (None, _) => Err(Problem::Missing("aud").into()),
    }
}

fn no_key() -> ApiError {
    ApiError::internal(std::io::Error::other("no key that signs statements opens with today's key file"))
}
