//! WeChat over the network.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use zeroize::Zeroizing;

use crate::answer::Loose;
use crate::calls::{MediaCheck, RiskQuestion, RiskRank, TextCheck, TextVerdict};
use crate::http::{self, Call, Http, Read};
use crate::issuer::StableToken;
use crate::secret::Secret;
use crate::tokens::Tokens;
use crate::{
    AccessToken, ApiSecurity, Code2Session, Credentials, Error, Figures, PhoneNumber, RawAnswer, RawCall, Result,
    Settings, TokenKeep, Watch, WeChat,
};

/// The real [`WeChat`]. It needs a Tokio runtime with I/O and time.
///
/// A call takes at most 5 seconds, with up to 2 to wait for a slot and 2 to connect; where it needs an access_token
/// that is not at hand, the same again to get one. A call whose token is refused is repeated once with another.
pub struct Client {
    http: Arc<Http>,
    apps: HashMap<String, App>,
}

struct App {
    secret: Arc<Secret>,
    tokens: Arc<Tokens>,
    security: Option<Arc<dyn ApiSecurity>>,
}

impl Client {
    /// A client of WeChat at [`base_url`](Settings::base_url) for `apps`, whose tokens survive a restart in `keep`.
    ///
    /// # Errors
    /// [`Error::Settings`], which says what to change.
    #[expect(clippy::needless_pass_by_value, reason = "a client shares the keep from here on")]
    pub fn new(settings: &Settings, apps: Vec<Credentials>, keep: Arc<dyn TokenKeep>) -> Result<Self> {
        let http = Arc::new(Http::new(settings)?);
        let mut known = HashMap::with_capacity(apps.len());
        for Credentials { appid, secret } in apps {
            if appid.is_empty() || secret.expose_secret().is_empty() {
                return Err(Error::Settings("an app needs both an appid and a secret".to_owned()));
            }
            let secret = Secret::new(secret);
            let issuer = StableToken { http: http.clone(), appid: appid.clone(), secret: secret.clone() };
            let issuer = Arc::new(issuer);
            let tokens = Tokens::new(appid.clone(), issuer, keep.clone());
            if known.insert(appid.clone(), App { secret, tokens, security: None }).is_some() {
                return Err(Error::Settings(format!("the app {appid:?} is configured twice")));
            }
        }
        Ok(Self { http, apps: known })
    }

    /// The same client, which encrypts and signs the calls of `appid` that can be, and believes of their answers only what
    /// WeChat signed.
    ///
    /// # Errors
    /// [`Error::UnknownApp`]
    pub fn with_api_security(mut self, appid: &str, security: Arc<dyn ApiSecurity>) -> Result<Self> {
        let app = self.apps.get_mut(appid).ok_or_else(|| Error::UnknownApp { appid: appid.to_owned() })?;
        app.security = Some(security);
        Ok(self)
    }

    /// Makes the calls of `appid` with this AppSecret from now on. Its access_token stays: WeChat ends none for that.
    ///
    /// # Errors
    /// [`Error::UnknownApp`]
    pub fn replace_secret(&self, appid: &str, secret: SecretString) -> Result<()> {
        self.app(appid)?.secret.replace(secret);
        Ok(())
    }

    fn app(&self, appid: &str) -> Result<&App> {
        self.apps.get(appid).ok_or_else(|| Error::UnknownApp { appid: appid.to_owned() })
    }

    /// Makes a call that needs an access_token and reads its answer as `T`.
    pub(crate) async fn call<T: DeserializeOwned>(&self, appid: &str, call: Call<'_>) -> Result<T> {
        self.call_and_read(appid, call, http::json).await
    }

    /// Makes a call that needs an access_token. One that was refused for its token did nothing, so it may be repeated
    /// even if it uses up a code.
    pub(crate) async fn call_and_read<T>(&self, appid: &str, call: Call<'_>, read: Read<T>) -> Result<T> {
        let App { tokens, security, .. } = self.app(appid)?;
        let call = Call { security: security.as_deref(), ..call };
        let token = tokens.current().await.map_err(Error::before_the_call)?;
        let refusal = match self.http.call(&call, Some(token.text()), read).await {
            Err(error) if error.refuses_token() => error,
            other => return other,
        };
        match tokens.after_refusal(&token).await.map_err(Error::before_the_call)? {
            Some(next) => self.http.call(&call, Some(next.text()), read).await,
            None => Err(refusal),
        }
    }
}

#[derive(Deserialize)]
struct Exchanged {
    openid: String,
    unionid: Option<String>,
    session_key: SecretString,
}

#[derive(Deserialize)]
struct PhoneAnswer {
    phone_info: PhoneInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhoneInfo {
    phone_number: SecretString,
    pure_phone_number: SecretString,
    country_code: Loose,
    watermark: Watermark,
}

#[derive(Deserialize)]
struct Watermark {
    timestamp: i64,
    appid: String,
}

#[derive(Deserialize)]
struct Checked {
    /// Spelled like this on the wire.
    vaild: bool,
}

/// Success of a call that returns nothing else to recognise it by: here the 0 must be there.
#[derive(Deserialize)]
struct Acknowledged {
    #[serde(rename = "errcode")]
    _errcode: Loose,
}

#[derive(Deserialize)]
struct Reset {
    openid: String,
    session_key: SecretString,
}

#[async_trait]
impl WeChat for Client {
    async fn code2session(&self, appid: &str, code: &str) -> Result<Code2Session> {
        let secret = self.app(appid)?.secret.now();
        let secret = secret.expose_secret();
        let query = [("appid", appid), ("secret", secret), ("js_code", code), ("grant_type", "authorization_code")];
        let hidden = [secret, code];
        let call = Call::get("/sns/jscode2session", &query).hiding(&hidden);
        let answer: Exchanged = self.http.call(&call, None, http::json).await?;
        Ok(Code2Session {
            openid: identifier(answer.openid, "openid is not 1 to 128 characters")?,
            unionid: answer
                .unionid
                .filter(|unionid| !unionid.is_empty())
                .map(|unionid| identifier(unionid, "unionid is longer than 128 characters"))
                .transpose()?,
            session_key: session_key(answer.session_key)?,
        })
    }

    async fn phone_number(&self, appid: &str, code: &str, openid: &str) -> Result<PhoneNumber> {
        let body = json!({ "code": code, "openid": openid });
        let call = Call::post("/wxa/business/getuserphonenumber", &body);
        let PhoneAnswer { phone_info } = self.call(appid, call.hiding(&[code])).await?;
        if phone_info.phone_number.expose_secret().is_empty() || phone_info.pure_phone_number.expose_secret().is_empty()
        {
            return Err(Error::Unreadable { reason: "a phone number is empty" });
        }
        Ok(PhoneNumber {
            phone_number: phone_info.phone_number,
            pure_phone_number: phone_info.pure_phone_number,
            country_code: phone_info.country_code.text(),
            watermark_appid: phone_info.watermark.appid,
            watermark_timestamp: phone_info.watermark.timestamp,
        })
    }

    async fn check_encrypted(&self, appid: &str, sha256_hex: &str) -> Result<bool> {
        let body = json!({ "encrypted_msg_hash": sha256_hex });
        let call = Call::post("/wxa/business/checkencryptedmsg", &body);
        let known: Result<Checked> = self.call(appid, call).await;
        match known {
            Err(Error::Refused { errcode: 1, .. }) => Ok(false),
            other => other.map(|checked| checked.vaild),
        }
    }

    async fn check_session_key(&self, appid: &str, openid: &str, signature: &str) -> Result<bool> {
        let query = signed(openid, signature);
        let hidden = [signature];
        let call = Call::get("/wxa/checksession", &query).hiding(&hidden);
        let valid: Result<Acknowledged> = self.call(appid, call).await;
        match valid {
            Err(Error::Refused { errcode: 87007 | 87009, .. }) => Ok(false),
            other => other.map(|_| true),
        }
    }

    async fn reset_session_key(&self, appid: &str, openid: &str, signature: &str) -> Result<SecretString> {
        let query = signed(openid, signature);
        let hidden = [signature];
        let call = Call::get("/wxa/resetusersessionkey", &query).hiding(&hidden);
        let answer: Reset = self.call(appid, call).await?;
        if answer.openid != openid {
            return Err(Error::Unreadable { reason: "openid is another one" });
        }
        session_key(answer.session_key)
    }

    async fn user_risk_rank(&self, appid: &str, question: &RiskQuestion<'_>) -> Result<RiskRank> {
        Self::user_risk_rank(self, appid, question).await
    }

    async fn check_text(&self, appid: &str, check: &TextCheck<'_>) -> Result<TextVerdict> {
        Self::check_text(self, appid, check).await
    }

    async fn check_media(&self, appid: &str, check: &MediaCheck<'_>) -> Result<String> {
        Self::check_media(self, appid, check).await
    }

    async fn access_token(&self, appid: &str) -> Result<AccessToken> {
        Ok(self.app(appid)?.tokens.current().await?.into())
    }

    async fn access_token_after(&self, appid: &str, refused: &SecretString) -> Result<AccessToken> {
        Ok(self.app(appid)?.tokens.after_report(refused).await?.into())
    }

    fn watch(&self, watch: Arc<dyn Watch>) {
        self.http.watch(watch);
    }

    fn figures(&self) -> Figures {
        let left = |(appid, app): (&String, &App)| Some((appid.clone(), app.tokens.remaining()?));
        Figures { paused: self.http.paused(), tokens: self.apps.iter().filter_map(left).collect() }
    }

    async fn call_raw(&self, appid: &str, call: &RawCall) -> Result<RawAnswer> {
        let tokens = &self.app(appid)?.tokens;
        let token = tokens.current().await.map_err(Error::before_the_call)?;
        let call = call.call();
        let answer = self.http.call(&call, Some(token.text()), RawAnswer::read).await?;
        if !answer.refuses_token() {
            return Ok(answer);
        }
        match tokens.after_refusal(&token).await.map_err(Error::before_the_call)? {
            Some(next) => self.http.call(&call, Some(next.text()), RawAnswer::read).await,
            None => Ok(answer),
        }
    }
}

pub(crate) fn signed<'a>(openid: &'a str, signature: &'a str) -> [(&'a str, &'a str); 3] {
    [("openid", openid), ("signature", signature), ("sig_method", "hmac_sha256")]
}

pub(crate) fn identifier(text: String, reason: &'static str) -> Result<String> {
    if (1..=128).contains(&text.chars().count()) { Ok(text) } else { Err(Error::Unreadable { reason }) }
}

fn session_key(key: SecretString) -> Result<SecretString> {
    let bytes = STANDARD.decode(key.expose_secret()).map(Zeroizing::new);
    if bytes.is_ok_and(|bytes| bytes.len() == 16) {
        Ok(key)
    } else {
        Err(Error::Unreadable { reason: "session_key is not base64 of 16 bytes" })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.http.base().as_str())
            .field("apps", &self.apps.keys())
            .finish_non_exhaustive()
    }
}
