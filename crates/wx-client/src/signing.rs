//! Calls that are encrypted and signed (WeChat: 服务端 API 签名加密), for apps whose keys somebody holds.

use reqwest::header::HeaderMap;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::http::{Answer, Call};
use crate::{Error, Result, answer};

/// What every URL that is signed begins with, whichever host is asked.
const SIGNED_HOST: &str = "https://api.weixin.qq.com";

/// The interfaces of this client that take such calls. Not among them: logins, tokens and checksession, which never do; what
/// answers with a picture and not with JSON, for which nothing says how it would be signed; and subscribe/send, of which
/// WeChat's own documents do not say it.
const SIGNED: [&str; 9] = [
    "/wxa/business/getuserphonenumber",
    "/wxa/business/checkencryptedmsg",
    "/wxa/business/getuserencryptkey",
    "/wxa/getpluginopenpid",
    "/wxa/getuserriskrank",
    "/wxa/msg_sec_check",
    "/wxa/media_check_async",
    "/cgi-bin/openapi/quota/get",
    "/cgi-bin/openapi/rid/get",
];

/// Whoever holds the keys of one app, and knows the time.
pub trait ApiSecurity: Send + Sync + 'static {
    /// Encrypts and signs a call of `url` (scheme, host and path) that says `fields`.
    fn seal(&self, url: &str, fields: Map<String, Value>) -> SealedCall;

    /// Verifies and decrypts an answer to a call of `url`.
    ///
    /// # Errors
    /// What is wrong with it, in words that hold nothing of it.
    fn open(&self, url: &str, answer: &SealedAnswer<'_>) -> Result<Map<String, Value>, &'static str>;
}

/// A call ready to be sent.
#[derive(Debug)]
pub struct SealedCall {
    /// Whose it is.
    pub appid: String,
    /// Unix seconds.
    pub timestamp: i64,
    /// Of the key that signed.
    pub serial: String,
    /// Base64.
    pub signature: String,
    /// Sent byte for byte.
    pub body: String,
}

/// An answer as it came.
#[derive(Debug)]
pub struct SealedAnswer<'a> {
    /// Whom it is for, as it says.
    pub appid: &'a str,
    /// Unix seconds, as it says.
    pub timestamp: i64,
    /// By WeChat's key.
    pub signature: Signature<'a>,
    /// By WeChat's key before, while it is being changed.
    pub deprecated: Option<Signature<'a>>,
    /// As it came.
    pub body: &'a [u8],
}

/// A signature, and which key it is of.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The key's serial, as the answer says.
    pub serial: &'a str,
    /// Base64.
    pub text: &'a str,
}

impl Call<'_> {
    fn is_signed(&self) -> Option<&dyn ApiSecurity> {
        self.security.filter(|_| SIGNED.contains(&self.path))
    }

    fn signed_url(&self) -> String {
        format!("{SIGNED_HOST}{}", self.path)
    }

    /// The same call with all it says, query and body, in a sealed body; `None` for one that is sent as it is.
    pub(crate) fn sealed(&self) -> Option<Call<'static>> {
        let security = self.is_signed()?;
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let mut fields: Map<String, Value> = body.unwrap_or_default();
        fields.extend(self.query.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        let SealedCall { appid, timestamp, serial, signature, body } = security.seal(&self.signed_url(), fields);
        let path = SIGNED.into_iter().find(|path| *path == self.path)?;
        Some(Call {
            body: Some(body.into()),
            content_type: Some("application/json"),
            limit_bytes: self.limit_bytes,
            headers: vec![
                ("Wechatmp-Appid", appid),
                ("Wechatmp-TimeStamp", timestamp.to_string()),
                ("Wechatmp-Serial", serial),
                ("Wechatmp-Signature", signature),
            ],
            ..Call::get(path, &[])
        })
    }

    /// What the answer to a sealed call says. Nothing of it is believed before it is verified, but that WeChat refuses the
    /// call: refusals are not signed, and give nobody anything.
    pub(crate) fn opened(&self, answer: Answer) -> Result<Answer> {
        let Some(security) = self.is_signed() else { return Ok(answer) };
        let unreadable = |reason| Error::Unreadable { reason };
        let Some(signature) = signature(&answer.headers, "wechatmp-signature", "wechatmp-serial") else {
            let is_refusal = matches!(answer::read::<IgnoredAny>(&answer.body, &[]), Err(Error::Refused { .. }));
            return if is_refusal { Ok(answer) } else { Err(unreadable("not signed")) };
        };
        let sealed = SealedAnswer {
            appid: text(&answer.headers, "wechatmp-appid").unwrap_or_default(),
            timestamp: text(&answer.headers, "wechatmp-timestamp")
                .and_then(|timestamp| timestamp.parse().ok())
                .ok_or(unreadable("signed without a time"))?,
            signature,
            deprecated: signature_before(&answer.headers),
            body: &answer.body,
        };
        let fields = security.open(&self.signed_url(), &sealed).map_err(unreadable)?;
        let body = Value::Object(fields).to_string().into_bytes();
        Ok(Answer { body, ..answer })
    }
}

fn signature_before(headers: &HeaderMap) -> Option<Signature<'_>> {
    signature(headers, "wechatmp-signature-deprecated", "wechatmp-serial-deprecated")
}

fn signature<'a>(headers: &'a HeaderMap, text_name: &str, serial_name: &str) -> Option<Signature<'a>> {
    Some(Signature { serial: text(headers, serial_name)?, text: text(headers, text_name)? })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
