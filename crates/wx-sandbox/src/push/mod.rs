//! Message push (消息推送): the events that WeChat sends to a server, and what a server should refuse.

mod send;
mod xml;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wxgate_crypto::push::{Channel, EncodingAesKey, PushToken};

use crate::state::State;
use crate::{Error, Sandbox, identity};
use send::{Post, Target};

/// Tries that WeChat makes until a push is received.
const TRIES: usize = 3;
/// An age at which every push should be refused.
const STALE_SECONDS: i64 = 3600;
/// Stands for no app.
const OTHER_RECEIVER: &str = "wx0000000000000000";

/// A push: where it goes, what it says, and what is wrong with it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSpec {
    /// Where it goes: http on loopback.
    pub url: String,
    /// `Token` of the app's console.
    pub token: String,
    /// `EncodingAESKey` of the app's console.
    pub encoding_aes_key: String,
    /// WeChat's word for the event, such as `user_authorization_revoke`.
    pub event: String,
    /// What the event says beside what every event says, such as `{"RevokeInfo": "8"}`.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// How it is written, outside and inside.
    #[serde(default)]
    pub format: PushFormat,
    /// What is wrong with it; `None` for a push in security mode as WeChat sends it.
    #[serde(default)]
    pub broken: Option<Broken>,
}

/// The data format of the app's console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushFormat {
    /// JSON
    #[default]
    Json,
    /// XML
    Xml,
}

/// What a good server refuses, but for [`Replayed`](Self::Replayed), which it takes once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Broken {
    /// In plain mode: readable, and covered by no signature.
    Plain,
    /// The signature of the URL stands where that of the body belongs.
    Signature,
    /// For another app.
    Receiver,
    /// An hour old.
    Stale,
    /// Sent again once it was received.
    Replayed,
    /// With a document type in the message, which is XML then.
    Doctype,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// Whether the last answer says that it was received: 200, `success` or nothing.
    pub received: bool,
    /// Every answer, in order.
    pub answers: Vec<PushAnswer>,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushAnswer {
    /// The HTTP status; `None` when there was no answer within 5 seconds.
    pub status: Option<u16>,
    /// The body.
    pub body: String,
}

impl PushAnswer {
    fn is_received(&self) -> bool {
        self.status == Some(200) && ["", "success"].contains(&self.body.as_str())
    }
}

impl Sandbox {
    /// Pushes an event about a user to a server: at most three times, until it says that it was received.
    ///
    /// # Errors
    /// If there is no such app or user, the address is not http on loopback, or a secret is not one.
    pub async fn push(&self, appid: &str, user: &str, spec: &PushSpec) -> Result<Pushed, Error> {
        let target = Target::parse(&spec.url)?;
        let post = self.state().push(appid, user, spec)?;
        let mut answers = Vec::new();
        for _ in 0..TRIES {
            answers.push(target.send(&post).await);
            if answers.last().is_some_and(PushAnswer::is_received) {
                break;
            }
        }
        if spec.broken == Some(Broken::Replayed) {
            answers.push(target.send(&post).await);
        }
        Ok(Pushed { received: answers.last().is_some_and(PushAnswer::is_received), answers })
    }
}

impl State {
    fn push(&mut self, appid: &str, user: &str, spec: &PushSpec) -> Result<Post, Error> {
        self.app(appid)?;
        self.user(user)?;
        let receiver = if spec.broken == Some(Broken::Receiver) { OTHER_RECEIVER } else { appid };
        let channel = Channel::new(receiver, parsed(PushToken::parse(&spec.token))?, key(spec)?);
        let age = if spec.broken == Some(Broken::Stale) { STALE_SECONDS } else { 0 };
        let now = self.clock.now() - age;
        let (timestamp, nonce) = (now.to_string(), u32::from_be_bytes(self.random.bytes()).to_string());
        let original_id = identity::original_id(appid);
        let message = message(&original_id, appid, &identity::openid(user, appid), now, spec);
        let signature = channel.signature(&timestamp, &nonce);
        let query = format!("signature={signature}&timestamp={timestamp}&nonce={nonce}");
        if spec.broken == Some(Broken::Plain) {
            return Ok(Post { query, format: spec.format, body: message });
        }
        let sealed = channel.seal(&message, self.random.bytes(), &timestamp, &nonce);
        let msg_signature = if spec.broken == Some(Broken::Signature) { signature } else { sealed.msg_signature };
        let envelope = fields(json!({ "ToUserName": original_id, "Encrypt": sealed.encrypt }));
        let openid = identity::openid(user, appid);
        let query = format!("{query}&openid={openid}&encrypt_type=aes&msg_signature={msg_signature}");
        Ok(Post { query, format: spec.format, body: written(spec.format, &envelope) })
    }
}

fn key(spec: &PushSpec) -> Result<EncodingAesKey, Error> {
    parsed(EncodingAesKey::parse(&spec.encoding_aes_key))
}

fn parsed<T>(secret: Result<T, wxgate_crypto::Error>) -> Result<T, Error> {
    secret.map_err(|error| Error::Senseless(error.to_string()))
}

/// The event as WeChat writes it.
fn message(original_id: &str, appid: &str, openid: &str, now: i64, spec: &PushSpec) -> String {
    let mut event = fields(json!({
        "ToUserName": original_id, "FromUserName": openid, "CreateTime": now, "MsgType": "event", "Event": spec.event,
        "OpenID": openid, "AppID": appid,
    }));
    event.extend(spec.fields.clone());
    match spec.broken {
        Some(Broken::Doctype) => format!("<!DOCTYPE xml>{}", xml::written(&event)),
        _ => written(spec.format, &event),
    }
}

fn written(format: PushFormat, fields: &Map<String, Value>) -> String {
    match format {
        PushFormat::Json => Value::Object(fields.clone()).to_string(),
        PushFormat::Xml => xml::written(fields),
    }
}

fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
