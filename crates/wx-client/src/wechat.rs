//! What a login server asks of WeChat, and what it gets back.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::calls::{MediaCheck, RiskQuestion, RiskRank, TextCheck, TextVerdict};
use crate::{AccessToken, Figures, RawAnswer, RawCall, Result, Watch};

/// The calls a login server makes. [`Client`](crate::Client) makes them over the network; tests script them.
///
/// An app that was not configured is [`Error::UnknownApp`](crate::Error::UnknownApp) everywhere. No call is repeated
/// because WeChat is busy (-1): whether that helps is for the caller to know.
#[async_trait]
pub trait WeChat: Send + Sync + 'static {
    /// Exchanges a `code` of `wx.login` for who it is (WeChat: 小程序登录凭证校验).
    ///
    /// A code works once and for 5 minutes. After [`Unreachable`](crate::Error::Unreachable) with `sent`, and after
    /// [`Unreadable`](crate::Error::Unreadable), it may be spent; after [`Paused`](crate::Error::Paused) it is not. 40029 is a wrong, expired or foreign code, 40163 a
    /// used one, 40226 a person whom WeChat blocks. This call needs no access_token.
    async fn code2session(&self, appid: &str, code: &str) -> Result<Code2Session>;

    /// Exchanges a `code` of the phone number button for the number (WeChat: 获取手机号).
    ///
    /// `openid` makes WeChat check that the code is this member's. The code works once and for 5 minutes; every
    /// refusal of it is 40029.
    async fn phone_number(&self, appid: &str, code: &str, openid: &str) -> Result<PhoneNumber>;

    /// Whether WeChat itself made this encrypted phone number within the last 3 days (WeChat: 检查加密信息).
    ///
    /// `sha256_hex` is the SHA-256, in hex, of the base64 text of `encryptedData`. Data that WeChat does not know
    /// (errcode 1) is `false`.
    async fn check_encrypted(&self, appid: &str, sha256_hex: &str) -> Result<bool>;

    /// Whether a session_key is the one in force (WeChat: 检验登录态).
    ///
    /// `signature` is the lowercase hex HMAC-SHA256 of the empty message under the 24 characters of the session_key.
    /// 87009 (another key) and 87007 (no key any more) are `false`.
    async fn check_session_key(&self, appid: &str, openid: &str, signature: &str) -> Result<bool>;

    /// Replaces a session_key, which dies at once; the new one keeps its end (WeChat: 重置登录态).
    ///
    /// `signature` as for [`check_session_key`](Self::check_session_key). When the answer is lost, so is the key: the
    /// member has to log in again.
    async fn reset_session_key(&self, appid: &str, openid: &str, signature: &str) -> Result<SecretString>;

    /// How risky somebody is (WeChat: 获取用户安全等级). Asking changes nothing, but may be charged.
    ///
    /// # Errors
    /// [`RiskRefusal`](crate::calls::RiskRefusal) says why there is no rank.
    async fn user_risk_rank(&self, appid: &str, question: &RiskQuestion<'_>) -> Result<RiskRank>;

    /// Whether a text may be shown (WeChat: 文本内容安全识别). Asking changes nothing.
    ///
    /// # Errors
    /// [`ContentRefusal`](crate::calls::ContentRefusal) says why there is no verdict.
    async fn check_text(&self, appid: &str, check: &TextCheck<'_>) -> Result<TextVerdict>;

    /// Begins a check of a picture or a sound (WeChat: 音视频内容安全识别): its `trace_id`, by which the message push tells
    /// of its end.
    ///
    /// # Errors
    /// As of [`check_text`](Self::check_text).
    async fn check_media(&self, appid: &str, check: &MediaCheck<'_>) -> Result<String>;

    /// The access_token of an app, with at least 300 seconds left whenever WeChat can be reached
    /// (WeChat: 获取稳定版接口调用凭据).
    async fn access_token(&self, appid: &str) -> Result<AccessToken>;

    /// The access_token to use after somebody saw `refused` refused.
    ///
    /// If that is the one in force here, WeChat is asked which one is, at most every 5 seconds. No new one is ever forced on
    /// such a report: a caller who is mistaken must not end a token that all others use.
    async fn access_token_after(&self, appid: &str, refused: &SecretString) -> Result<AccessToken>;

    /// Makes any call that takes the app's access_token, and gives the answer as it came, whatever it says. The token is
    /// renewed, and the call repeated once, if WeChat refuses the token.
    async fn call_raw(&self, appid: &str, call: &RawCall) -> Result<RawAnswer>;

    /// Has `watch` told of every call from now on. What calls nobody tells nobody.
    fn watch(&self, _watch: Arc<dyn Watch>) {}

    /// How things stand, as far as it is known.
    fn figures(&self) -> Figures {
        Figures::default()
    }
}

/// Who a `code` belongs to.
#[derive(Debug, Clone)]
pub struct Code2Session {
    /// Names the person within this app: 1 to 128 characters, 28 as a rule.
    pub openid: String,
    /// Names the person across the apps of one Open Platform account; absent where the app is bound to none.
    pub unionid: Option<String>,
    /// The key that the person's encrypted data is made with: 24 characters, base64 of 16 bytes.
    pub session_key: SecretString,
}

/// A phone number as WeChat vouches for it. The caller compares the watermark with what it expects.
#[derive(Debug, Clone)]
pub struct PhoneNumber {
    /// With the country code in front if the number is foreign.
    pub phone_number: SecretString,
    /// Without the country code.
    pub pure_phone_number: SecretString,
    /// `86` for mainland China. A string here whether WeChat wrote a string or a number.
    pub country_code: String,
    /// The app in which the button was pressed.
    pub watermark_appid: String,
    /// When the button was pressed, in Unix seconds.
    pub watermark_timestamp: i64,
}
