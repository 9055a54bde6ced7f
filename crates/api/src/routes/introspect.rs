//! `POST /introspect` (RFC 7662)

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use warp::reply::Response;
use wxgate_store::{Identity, MemberId, SessionId, Status};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Body, form_fields, plain};
use crate::problem::Problem;

/// Characters a token may have before it is looked at.
const TOKEN_CHARACTERS: usize = 4096;

/// What the standard lets a service know of a token: all of it, or only that it is not active.
#[derive(Debug, Default, Serialize)]
pub struct IntrospectReply {
    active: bool,
    #[serde(flatten)]
    session: Option<ActiveSession>,
}

#[derive(Debug, Serialize)]
struct ActiveSession {
    sub: MemberId,
    client_id: String,
    openid: Box<str>,
    unionid: Option<Box<str>>,
    iat: i64,
    exp: i64,
    sid: SessionId,
}

/// `POST /introspect` with the form field `token`: 200 [`IntrospectReply`], 400, 401, 403, 415.
pub fn answer(app: Arc<App>, info: RequestInfo, body: Body) -> BoxFuture<'static, Response> {
    async move { plain(introspect(&app, &info, body).await) }.boxed()
}

async fn introspect(app: &Arc<App>, info: &RequestInfo, body: Body) -> Result<IntrospectReply, ApiError> {
    app.require_scope(info, "introspect").await?;
    let mut fields = form_fields(body)?;
    let token = fields.text(&["token"], TOKEN_CHARACTERS)?;
    // The standard lets callers hint at the type; there is one.
    fields.text(&["token_type_hint"], TOKEN_CHARACTERS)?;
    fields.end()?;
    let token = token.ok_or(Problem::Missing("token"))?;
    let identity = app.identity_of(Some(&token)).await?.filter(|identity| identity.status == Status::Active);
    Ok(identity.map(active).unwrap_or_default())
}

fn active(identity: Identity) -> IntrospectReply {
    let session = ActiveSession {
        sub: identity.member,
        client_id: identity.appid.to_string(),
        openid: identity.openid,
        unionid: identity.unionid,
        iat: identity.created_at.0,
        exp: identity.expires_at.0,
        sid: identity.session,
    };
    IntrospectReply { active: true, session: Some(session) }
}
