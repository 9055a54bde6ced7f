//! WeChat as a script: answers what the test put there, and counts who asked.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use wx_client::calls::{Label, MediaCheck, RiskQuestion, RiskRank, Suggest, TextCheck, TextVerdict};
use wx_client::{AccessToken, Code2Session, Error, PhoneNumber, RawAnswer, RawCall, Result, WeChat};
use wxgate_crypto::SessionKey;

use super::{APPID, START};

/// Calls that may be under way at once: more than any test makes.
const CALLS: u32 = 1_000;

pub struct Script {
    logins: Mutex<HashMap<String, Code2Session>>,
    phones: Mutex<HashMap<String, (String, PhoneNumber)>>,
    known_ciphertexts: Mutex<Vec<String>>,
    refusal: Mutex<Option<fn() -> Error>>,
    pub current_key: Mutex<bool>,
    /// What is said of everybody's risk; nothing, and no answer ever comes.
    pub risk_rank: Mutex<Option<Result<u8>>>,
    /// The questions for it, as `Debug` shows them.
    pub asked_risk: Mutex<Vec<String>>,
    /// What is said of texts, and of beginning checks of pictures: the trace_id.
    pub verdict: Mutex<Option<Result<Suggest>>>,
    pub media_check: Mutex<Option<Result<String>>>,
    /// What was to be judged, as `Debug` shows it.
    pub judged: Mutex<Vec<String>>,
    raw: Mutex<Option<RawAnswer>>,
    /// What was called raw, as `Debug` shows it.
    pub called_raw: Mutex<Vec<String>>,
    pub calls: AtomicUsize,
    /// Closed by [`Script::hold`], so that calls stay under way until released.
    gate: Semaphore,
    next: AtomicUsize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            logins: Mutex::default(),
            phones: Mutex::default(),
            known_ciphertexts: Mutex::default(),
            refusal: Mutex::default(),
            current_key: Mutex::new(true),
            risk_rank: Mutex::default(),
            asked_risk: Mutex::default(),
            verdict: Mutex::default(),
            media_check: Mutex::default(),
            judged: Mutex::default(),
            raw: Mutex::default(),
            called_raw: Mutex::default(),
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(CALLS as usize),
            next: AtomicUsize::new(0),
        }
    }
}

impl Script {
    fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.next.fetch_add(1, Ordering::SeqCst))
    }

    /// What wx.login gives: a code, and the key that belongs to it.
    pub fn login_code(&self, openid: &str) -> (String, SessionKey) {
        let key = SessionKey::random();
        (self.login_code_with(openid, &key), key)
    }

    pub fn login_code_with(&self, openid: &str, key: &SessionKey) -> String {
        self.put_login(openid, Some(format!("union-{openid}")), key)
    }

    /// The same of an app of which WeChat says this unionid, or none.
    pub fn login_code_of(&self, openid: &str, unionid: Option<&str>) -> String {
        self.put_login(openid, unionid.map(str::to_owned), &SessionKey::random())
    }

    fn put_login(&self, openid: &str, unionid: Option<String>, key: &SessionKey) -> String {
        let code = self.fresh("code");
        let session_key = SecretString::from(key.expose().to_owned());
        let session = Code2Session { openid: openid.to_owned(), unionid, session_key };
        self.logins.lock().unwrap().insert(code.clone(), session);
        code
    }

    /// What the phone button gives as `e.detail.code`.
    pub fn phone_code(&self, openid: &str, phone: &str, pure: &str, country: &str) -> String {
        let code = self.fresh("phone");
        let number = PhoneNumber {
            phone_number: SecretString::from(phone.to_owned()),
            pure_phone_number: SecretString::from(pure.to_owned()),
            country_code: country.to_owned(),
            watermark_appid: APPID.to_owned(),
            watermark_timestamp: START,
        };
        self.phones.lock().unwrap().insert(code.clone(), (openid.to_owned(), number));
        code
    }

    /// WeChat made the ciphertext with this SHA-256 itself.
    pub fn knows(&self, sha256_hex: &str) {
        self.known_ciphertexts.lock().unwrap().push(sha256_hex.to_owned());
    }

    /// The next raw call is answered so.
    pub fn answers(&self, status: u16, content_type: Option<&str>, body: &[u8]) {
        let answer = RawAnswer { status, content_type: content_type.map(str::to_owned), body: body.to_vec() };
        *self.raw.lock().unwrap() = Some(answer);
    }

    /// Every call fails like this from now on.
    pub fn fail(&self, refusal: fn() -> Error) {
        *self.refusal.lock().unwrap() = Some(refusal);
    }

    pub fn heal(&self) {
        *self.refusal.lock().unwrap() = None;
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Calls wait until the permit is dropped.
    pub async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.gate.acquire_many(CALLS).await.unwrap()
    }

    async fn called(&self) -> Result<()> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let _pass = self.gate.acquire().await.unwrap();
        match *self.refusal.lock().unwrap() {
            Some(refusal) => Err(refusal()),
            None => Ok(()),
        }
    }
}

pub fn refused(errcode: i64) -> Error {
    Error::Refused { errcode, errmsg: "scripted".into(), rid: None }
}

#[async_trait]
impl WeChat for Script {
    async fn code2session(&self, _: &str, code: &str) -> Result<Code2Session> {
        self.called().await?;
        self.logins.lock().unwrap().remove(code).ok_or_else(|| refused(40029))
    }

    async fn phone_number(&self, _: &str, code: &str, openid: &str) -> Result<PhoneNumber> {
        self.called().await?;
        let found = self.phones.lock().unwrap().remove(code);
        found.filter(|(owner, _)| owner == openid).map(|(_, number)| number).ok_or_else(|| refused(40029))
    }

    async fn check_encrypted(&self, _: &str, sha256_hex: &str) -> Result<bool> {
        self.called().await?;
        Ok(self.known_ciphertexts.lock().unwrap().iter().any(|known| known == sha256_hex))
    }

    async fn check_session_key(&self, _: &str, _: &str, _: &str) -> Result<bool> {
        self.called().await?;
        Ok(*self.current_key.lock().unwrap())
    }

    async fn reset_session_key(&self, _: &str, _: &str, _: &str) -> Result<SecretString> {
        self.called().await?;
        Ok(SecretString::from(SessionKey::random().expose().to_owned()))
    }

    async fn user_risk_rank(&self, _: &str, question: &RiskQuestion<'_>) -> Result<RiskRank> {
        self.called().await?;
        self.asked_risk.lock().unwrap().push(format!("{question:?}"));
        let rank = self.risk_rank.lock().unwrap().take();
        match rank {
            Some(rank) => rank.map(|rank| RiskRank { rank, answer_id: 1 }),
            None => std::future::pending().await,
        }
    }

    async fn check_text(&self, _: &str, check: &TextCheck<'_>) -> Result<TextVerdict> {
        self.called().await?;
        self.judged.lock().unwrap().push(format!("{check:?}"));
        let suggest = self.verdict.lock().unwrap().take().expect("a verdict")?;
        Ok(TextVerdict { suggest, label: Label::Normal, detail: Vec::new(), trace_id: String::new() })
    }

    async fn check_media(&self, _: &str, check: &MediaCheck<'_>) -> Result<String> {
        self.called().await?;
        self.judged.lock().unwrap().push(format!("{check:?}"));
        self.media_check.lock().unwrap().take().expect("a trace_id")
    }

    async fn access_token(&self, _: &str) -> Result<AccessToken> {
        self.called().await?;
        Ok(AccessToken { token: SecretString::from("77_first"), remaining: Duration::from_hours(2) })
    }

    async fn access_token_after(&self, _: &str, refused: &SecretString) -> Result<AccessToken> {
        self.called().await?;
        let next = if refused.expose_secret() == "77_first" { "77_second" } else { "77_first" };
        Ok(AccessToken { token: SecretString::from(next), remaining: Duration::from_hours(2) })
    }

    async fn call_raw(&self, _: &str, call: &RawCall) -> Result<RawAnswer> {
        self.called().await?;
        self.called_raw.lock().unwrap().push(format!("{call:?}"));
        Ok(self.raw.lock().unwrap().take().expect("an answer for the raw call"))
    }
}
