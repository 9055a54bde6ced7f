//! WeChat's end of message push.

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use wxgate_crypto::push::{Channel, EncodingAesKey, PushToken, Sealed};

use super::{APPID, Answer, START, TestApp, raw};

pub const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

pub fn channel(appid: &str) -> Channel {
    let (token, key) = (PushToken::parse("sandboxtoken").unwrap(), EncodingAesKey::parse(KEY).unwrap());
    Channel::new(appid, token, key)
}

/// A push before it is sent.
#[derive(Clone)]
pub struct Pushed {
    pub appid: String,
    pub timestamp: i64,
    pub nonce: String,
    pub signature: String,
    pub msg_signature: Option<String>,
    pub encrypt_type: Option<&'static str>,
    pub body: String,
}

impl Pushed {
    /// `content` in security mode, in an envelope of JSON.
    pub fn of(content: &str, timestamp: i64, nonce: &str) -> Self {
        Self::by(&channel(APPID), content, timestamp, nonce)
    }

    pub fn by(channel: &Channel, content: &str, timestamp: i64, nonce: &str) -> Self {
        let time = timestamp.to_string();
        let Sealed { encrypt, msg_signature } = channel.seal(content, *b"16 random bytes!", &time, nonce);
        Self {
            appid: APPID.to_owned(),
            timestamp,
            nonce: nonce.to_owned(),
            signature: channel.signature(&time, nonce),
            msg_signature: Some(msg_signature),
            encrypt_type: Some("aes"),
            body: json!({ "ToUserName": "gh_1", "Encrypt": encrypt }).to_string(),
        }
    }

    /// The same in an envelope of XML.
    pub fn in_xml(mut self) -> Self {
        let envelope: Value = serde_json::from_str(&self.body).unwrap();
        let encrypt = envelope["Encrypt"].as_str().unwrap();
        self.body =
            format!("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
        self
    }

    pub fn path(&self) -> String {
        let Self { appid, timestamp, nonce, signature, .. } = self;
        let given = |name: &str, value: Option<&str>| value.map(|value| format!("&{name}={value}")).unwrap_or_default();
        let mode = given("encrypt_type", self.encrypt_type) + &given("msg_signature", self.msg_signature.as_deref());
        format!("/wx/push/{appid}?signature={signature}&timestamp={timestamp}&nonce={nonce}&openid=o1{mode}")
    }

    pub fn request(&self) -> Request<Full<bytes::Bytes>> {
        raw("POST", &self.path(), Some("text/xml"), self.body.clone())
    }
}

/// An event about `openid` that happens at the start of the test's time.
pub fn event(name: &str, openid: &str, more: &Value) -> String {
    let mut event = json!({
        "ToUserName": "gh_1", "FromUserName": "o-platform", "CreateTime": START, "MsgType": "event", "Event": name,
        "OpenID": openid, "AppID": APPID,
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event.to_string()
}

impl TestApp {
    /// A server whose app uses message push.
    pub async fn with_push() -> Self {
        Self::with(|settings| {
            settings.push.insert(APPID.to_owned(), channel(APPID));
        })
        .await
    }

    pub async fn push(&self, push: &Pushed) -> Answer {
        self.send(push.request()).await
    }
}
