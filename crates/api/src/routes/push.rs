//! `GET /wx/push/{appid}`, `POST /wx/push/{appid}`

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use sha2::{Digest, Sha256};
use warp::Filter;
use warp::reply::{Reply, Response};
use wxgate_crypto::Purpose;
use wxgate_crypto::push::{Channel, Push};
use wxgate_store::{Effect, Received, Subject, UnixSeconds, WechatEvent};

use crate::app::App;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Route, raw_body, raw_query, with};
use crate::opening::to_the_end;
use crate::push::{Message, PushEvent, event};
use crate::remembered::hash_of;

/// Bytes a push may have.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// Seconds that a push may be old, or ahead.
const PUSH_SECONDS: i64 = 300;
const QUERY_CHARACTERS: usize = 512;
/// What WeChat takes for "received".
const SUCCESS: &str = "success";

/// `GET /wx/push/{appid}`, how the console tries the address: 200 `echostr` as plain text, 403.
pub fn verify(app: &Arc<App>) -> Route {
    warp::path!("wx" / "push" / String)
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(raw_query())
        .map(|appid: String, app: Arc<App>, query: String| echo(&app, &appid, &query))
        .map(said)
        .boxed()
}

/// `POST /wx/push/{appid}` in security mode, XML or JSON: 200 `success` as plain text once what it caused is durable,
/// 403 for everything that is not a push of WeChat's to this app, 413, 503.
pub fn receive(app: &Arc<App>) -> Route {
    warp::path!("wx" / "push" / String)
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(raw_query())
        .and(raw_body(BODY_LIMIT_BYTES))
        .then(|appid: String, app: Arc<App>, query: String, body: Result<Bytes, ApiError>| async move {
            let body = body?;
            // What WeChat sent is acted upon though WeChat stops waiting.
            to_the_end(async move { take(&app, &appid, &query, &body).await }).await
        })
        .map(said)
        .boxed()
}

/// A text for WeChat, or the failure for the edge to render.
fn said(result: Result<String, ApiError>) -> Response {
    match result {
        Ok(text) => {
            let mut response = Response::new(text.into());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            response
        }
        Err(error) => error.into_response(),
    }
}

/// Refuses alike whatever is wrong; the operator reads what.
fn refused(appid: &str, cause: &str) -> ApiError {
    let appid: String = appid.chars().take(32).collect();
    tracing::info!(app.id = appid, cause, "a push was refused");
    ApiError::Forbidden
}

/// A query whose signature is right and whose time is now. It says nothing of a body.
struct SignedUrl {
    fields: Fields,
    timestamp: String,
    nonce: String,
    signature: String,
}

impl SignedUrl {
    fn parse(query: &str, channel: &Channel, now: UnixSeconds) -> Result<Self, &'static str> {
        let mut fields = Fields::from_form(query.as_bytes()).map_err(|_| "query")?;
        let mut field = |name| fields.text(&[name], QUERY_CHARACTERS).ok().flatten().ok_or("query");
        let (timestamp, nonce, signature) = (field("timestamp")?, field("nonce")?, field("signature")?);
        if !channel.signature_matches(&timestamp, &nonce, &signature) {
            return Err("signature");
        }
        let sent_at = UnixSeconds(timestamp.parse().map_err(|_| "timestamp")?);
        if sent_at < now - PUSH_SECONDS || sent_at > now + PUSH_SECONDS {
            return Err("timestamp");
        }
        Ok(Self { fields, timestamp, nonce, signature })
    }

    fn field(&mut self, name: &'static str) -> Option<String> {
        self.fields.text(&[name], QUERY_CHARACTERS).ok().flatten()
    }
}

fn echo(app: &App, appid: &str, query: &str) -> Result<String, ApiError> {
    let echoed = || {
        let channel = app.settings.push.get(appid).ok_or("app")?;
        SignedUrl::parse(query, channel, app.clock.now())?.field("echostr").ok_or("query")
    };
    echoed().map_err(|cause| refused(appid, cause))
}

async fn take(app: &App, appid: &str, query: &str, body: &[u8]) -> Result<String, ApiError> {
    let now = app.clock.now();
    let opened = open(app, appid, query, body, now).map_err(|cause| refused(appid, cause))?;
    let (name, effect) = (opened.event.clone(), opened.effect);
    match app.store.receive_event(opened).await? {
        Received::Now(member) => {
            if let Some(member) = member.filter(|_| effect != Effect::Keep) {
                app.pending_phones.forget_member(member);
            }
            let member = member.map(|member| member.to_string());
            tracing::info!(app.id = appid, event = name, member.id = member, effect = ?effect, "pushed by WeChat");
        }
        Received::Before => tracing::info!(app.id = appid, event = name, "pushed by WeChat again"),
        Received::Mismatch => return Err(refused(appid, "nonce")),
    }
    Ok(SUCCESS.to_owned())
}

/// What a push says, from the outside in: first whether WeChat sent it, now and to this app, and only then what.
fn open(app: &App, appid: &str, query: &str, body: &[u8], now: UnixSeconds) -> Result<WechatEvent, &'static str> {
    let channel = app.settings.push.get(appid).ok_or("app")?;
    let mut url = SignedUrl::parse(query, channel, now)?;
    if url.field("encrypt_type").as_deref() != Some("aes") {
        return Err("mode");
    }
    let msg_signature = url.field("msg_signature").ok_or("mode")?;
    let envelope = std::str::from_utf8(body).ok().and_then(Message::parse).ok_or("envelope")?;
    let encrypt = envelope.text("Encrypt").ok_or("mode")?;
    let push = Push { timestamp: &url.timestamp, nonce: &url.nonce, msg_signature: &msg_signature, encrypt: &encrypt };
    let text = channel.open(&push).map_err(|refused| refused.stage().as_str())?;
    let message = Message::parse(&text).ok_or("content")?;
    let event = event(&message, appid, now).ok_or("content")?;
    let url = hash_of(&[appid, &url.signature, &url.nonce]);
    Ok(kept(app, appid, &message, event, url, Sha256::digest(msg_signature).into(), now))
}

/// The event as it is stored. Of somebody who closes their account, nothing that was said may stay.
fn kept(
    app: &App,
    appid: &str,
    message: &Message,
    event: PushEvent,
    url: [u8; 32],
    msg_signature: [u8; 32],
    now: UnixSeconds,
) -> WechatEvent {
    let pseudonym = event.openid.as_ref().map(|openid| app.vault.pseudonym(appid, openid));
    let owner = event.openid.as_deref().unwrap_or_default();
    let content = (event.effect != Effect::Erase).then(|| message.to_json());
    WechatEvent {
        url,
        message: msg_signature,
        digest: event.digest(appid, pseudonym.as_ref()),
        appid: appid.to_owned(),
        sealed_content: content.map(|text| app.vault.seal(Purpose::Event, appid, owner, text.as_bytes())),
        subject: event.openid.zip(pseudonym).map(|(openid, pseudonym)| Subject { openid, pseudonym }),
        event: event.event,
        happened_at: event.happened_at,
        effect: event.effect,
        now,
    }
}
