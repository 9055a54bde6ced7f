//! `POST /v1/login`

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::header::USER_AGENT;
use secrecy::ExposeSecret;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use warp::Filter;
use wx_client::Code2Session;
use wxgate_crypto::{Purpose, SessionKey};
use wxgate_store::{Login, LoginOutcome, MemberId, MemberKey, NewSession, Profile, SessionId};
use zeroize::Zeroizing;

use super::me_profile::Pairs;
use crate::app::App;
use crate::edge::{RequestId, RequestInfo};
use crate::error::ApiError;
use crate::http::{Body, Route, any_fields, body, headers, info, respond, with};
use crate::member_view::MemberView;
use crate::opening::uniform;
use crate::problem::Problem;
use crate::remembered::{Hash, hash_of};
use crate::results::Asking;

/// Characters a code may have. WeChat's have 32; their length is not promised.
const CODE_CHARACTERS: usize = 512;
const APPID_CHARACTERS: usize = 64;
const IDEMPOTENCY_KEY_BYTES: usize = 128;
/// Characters of a `User-Agent` that are kept.
const USER_AGENT_CHARACTERS: usize = 256;

/// A code to exchange, and perhaps a profile. No `Debug`: the code is a credential.
pub struct LoginRequest {
    appid: String,
    code: Zeroizing<String>,
    profile: Pairs,
    client: Option<IpAddr>,
    user_agent: Option<String>,
    idempotency_key: Option<Hash>,
    rid: RequestId,
}

/// A new session. No `Debug`: it holds the skey.
#[derive(Clone, Serialize)]
pub struct LoginReply {
    pub(crate) skey: Zeroizing<String>,
    pub(crate) expires_in: i64,
    expires_at: i64,
    pub(crate) is_new: bool,
    pub(crate) profile: ProfileOutcome,
    member: MemberView,
}

/// What became of the profile that came with the login; it never decides the login itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileOutcome {
    /// None was sent, or only WeChat's anonymous one.
    Absent,
    /// It was genuine and is kept.
    Stored,
    /// It was not proven to be this member's.
    Refused,
}

/// `POST /v1/login` with a [`LoginRequest`] as JSON or form: 200 [`LoginReply`], or 400 `bad_request`, `code_invalid`,
/// `code_used`, 403 `blocked`, 409 `conflict`, 429, 502 `wechat_refused`, 503.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "login")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(headers())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, headers: HeaderMap, body: Body| {
            Box::pin(async move { attempt(&app, &info, || decode(&app, &info, &headers, body)).await })
        })
        .map(respond)
        .boxed()
}

/// Logs in as `decode` reads the request, which is not looked at where the address has asked too often. Takes note of a
/// failure.
pub async fn attempt(
    app: &Arc<App>,
    info: &RequestInfo,
    decode: impl FnOnce() -> Result<LoginRequest, ApiError>,
) -> Result<LoginReply, ApiError> {
    let decoded = app.login_limit.check(info.client).and_then(|()| decode());
    let appid = match &decoded {
        Ok(request) => request.appid.clone(),
        Err(_) => app.appid(None).unwrap_or_default(),
    };
    let result = match decoded {
        Ok(request) => login(app, request).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        app.results.login_failed(&appid, error, info.rid, app.clock.now());
    }
    result
}

fn decode(app: &App, info: &RequestInfo, headers: &HeaderMap, body: Body) -> Result<LoginRequest, ApiError> {
    let idempotency_key = idempotency_key(headers)?;
    let mut fields = any_fields(body)?;
    let code = fields.text(&["code", "js_code"], CODE_CHARACTERS)?.map(Zeroizing::new);
    let appid = fields.text(&["appid"], APPID_CHARACTERS)?;
    let profile = Pairs::take(&mut fields)?;
    fields.end()?;
    let code = code.ok_or(Problem::Missing("code"))?;
    let request = LoginRequest::new(app, info, appid, code, profile, headers)?;
    let idempotency_key = idempotency_key.map(|key| hash_of(&[&request.appid, key]));
    Ok(LoginRequest { idempotency_key, ..request })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut lines = headers.get_all("idempotency-key").iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let key = line.to_str().ok().filter(|key| (1..=IDEMPOTENCY_KEY_BYTES).contains(&key.len()));
    match (key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic())), lines.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(Problem::BadIdempotencyKey.into()),
    }
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|character| !character.is_control()).take(USER_AGENT_CHARACTERS).collect())
}

impl LoginRequest {
    /// A login by `code` in the app that is named, or the only one; without an idempotency key.
    ///
    /// # Errors
    /// `bad_request` for a code that WeChat cannot have given, or an app that is none of this server's.
    pub fn new(
        app: &App,
        info: &RequestInfo,
        appid: Option<String>,
        code: Zeroizing<String>,
        profile: Pairs,
        headers: &HeaderMap,
    ) -> Result<Self, ApiError> {
        if code.is_empty() {
            return Err(Problem::Missing("code").into());
        }
        if code.len() > CODE_CHARACTERS {
            return Err(Problem::TooLong("code", CODE_CHARACTERS).into());
        }
        if !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::BadAlphabet("code").into());
        }
        let appid = app.appid(appid)?;
        let (client, rid) = (info.client, info.rid);
        Ok(Self { appid, code, profile, client, user_agent: user_agent(headers), idempotency_key: None, rid })
    }

    fn code_hash(&self) -> Hash {
        hash_of(&[&self.appid, &self.code])
    }

    /// What an idempotency key is bound to: everything that was asked for.
    fn fingerprint(&self) -> Hash {
        let pair = |pair: &Option<(String, String)>| match pair {
            Some((one, other)) => hash_of(&[one, other]),
            None => [0; 32],
        };
        let mut hash = Sha256::new();
        hash.update(self.code_hash());
        hash.update(pair(&self.profile.signed));
        hash.update(pair(&self.profile.sealed));
        hash.finalize().into()
    }
}

/// Turns a code into a session. Requests with the same code that arrive meanwhile get the same answer.
pub async fn login(app: &Arc<App>, request: LoginRequest) -> Result<LoginReply, ApiError> {
    if let Some(key) = request.idempotency_key {
        app.codes.claim(key, request.fingerprint(), app.clock.now())?;
    }
    let code = request.code_hash();
    let work = {
        let app = Arc::clone(app);
        Box::pin(async move { exchange(&app, request, code).await })
    };
    app.logins.join(code, work).await
}

/// The one exchange of a code. What became of it is remembered before anybody is answered.
async fn exchange(app: &Arc<App>, request: LoginRequest, code: Hash) -> Result<LoginReply, ApiError> {
    let now = app.clock.now();
    if let Some(known) = app.codes.known(&code, request.idempotency_key.as_ref(), now) {
        return known;
    }
    let asked = app.wechat.code2session(&request.appid, &request.code).await;
    // With the bytes sent and no answer read, WeChat may have counted the code as used: it is never sent again.
    let spent = match &asked {
        Ok(_) | Err(wx_client::Error::Unreachable { sent: true, .. } | wx_client::Error::Unreadable { .. }) => true,
        Err(error) => error.errcode() == Some(40163),
    };
    let wechat = app.health.note(asked, now);
    if spent {
        app.codes.used(code, now);
    } else if matches!(wechat, Err(ApiError::CodeInvalid { .. })) {
        app.codes.invalid(code, now);
    }
    let key = request.idempotency_key;
    let reply = record(app, request, wechat?).await?;
    if let Some(key) = key {
        app.codes.answered(code, key, reply.clone(), app.clock.now());
    }
    Ok(reply)
}

/// Writes the login: member, session_key, session and profile in one step.
async fn record(app: &Arc<App>, request: LoginRequest, wechat: Code2Session) -> Result<LoginReply, ApiError> {
    let owner = MemberKey { appid: request.appid, openid: wechat.openid };
    let key = SessionKey::parse(wechat.session_key.expose_secret()).map_err(ApiError::internal)?;
    let is_risky = app.is_risky(&owner, request.client).await?;
    let (outcome, profile) = proven_profile(app, request.rid, &owner, &key, request.profile).await?;
    let now = app.clock.now();
    let skey = app.skeys.mint(app.clock.now_ms());
    let ends_at = now + app.settings.session.absolute_seconds();
    let expires_at = app.idle_end(now, ends_at);
    let login = Login {
        new_member_id: MemberId(app.new_uuid()),
        unionid: wechat.unionid,
        sealed_key: app.vault.seal(Purpose::SessionKey, &owner.appid, &owner.openid, key.expose().as_bytes()),
        member: owner,
        profile,
        is_risky,
        session: NewSession {
            id: SessionId(skey.session_id()),
            skey_hash: skey.hash(),
            expires_at,
            ends_at,
            user_agent: request.user_agent,
        },
        max_sessions: app.settings.session.max_per_member,
        now,
    };
    let LoginOutcome::Session(logged_in) = app.store.record_login(login).await? else {
        return Err(ApiError::Blocked { errcode: None });
    };
    let member = &logged_in.member;
    tracing::info!(
        member.id = %member.id.0,
        app.id = member.key.appid,
        is_new = logged_in.is_new,
        is_risky,
        profile = ?outcome,
        sessions_ended = logged_in.ended.len(),
        "logged in"
    );
    app.results.logged_in(&member.key.appid, logged_in.is_new, now);
    let session = SessionId(skey.session_id());
    let (by_plugins, by_hook) = tokio::join!(app.added_attributes(member), app.login_attributes(&logged_in, session));
    let added = by_plugins.into_iter().chain(by_hook.unwrap_or_default()).collect();
    Ok(LoginReply {
        skey: skey.expose(),
        expires_in: expires_at.0 - now.0,
        expires_at: expires_at.0,
        is_new: logged_in.is_new,
        profile: outcome,
        member: app.member_view(member)?.with_attributes(added)?,
    })
}

/// What the login says of the profile, and what of it is kept. Only the store's own failures end the login. A payload
/// that is refused is held to the beat of all refusals, counted from here.
async fn proven_profile(
    app: &App,
    rid: RequestId,
    owner: &MemberKey,
    key: &SessionKey,
    pairs: Pairs,
) -> Result<(ProfileOutcome, Option<Profile>), ApiError> {
    let Ok(proof) = pairs.proof() else { return Ok((ProfileOutcome::Refused, None)) };
    let Some(proof) = proof else { return Ok((ProfileOutcome::Absent, None)) };
    let begun = Instant::now();
    let asking = Asking { appid: &owner.appid, member: None, rid };
    match uniform(begun, app.proven(&asking, owner, std::slice::from_ref(key), proof).await).await {
        Ok(given) => Ok(match given.kept(&app.settings.profile.avatar_hosts) {
            Some(profile) => (ProfileOutcome::Stored, Some(profile)),
            None => (ProfileOutcome::Absent, None),
        }),
        Err(ApiError::Unopenable | ApiError::TooManyRequests { .. }) => Ok((ProfileOutcome::Refused, None)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
impl LoginReply {
    pub(crate) fn for_tests() -> Self {
        Self {
            skey: Zeroizing::new("wxg_".to_owned()),
            expires_in: 1,
            expires_at: 1,
            is_new: true,
            profile: ProfileOutcome::Absent,
            member: MemberView::for_tests(),
        }
    }
}

#[cfg(test)]
#[path = "../../fuzz/login.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_is_visible_ascii() {
        let of = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", http::HeaderValue::from_bytes(value).unwrap());
            idempotency_key(&headers).map(|key| key.map(str::to_owned))
        };
        assert!(of(b"!~").unwrap().is_some() && of(&[b'k'; 128]).unwrap().is_some());
        for bad in [&b""[..], &[b'k'; 129], b"has space", b"tab\there", b"schl\xfcssel"] {
            assert!(of(bad).is_err());
        }
        assert!(idempotency_key(&HeaderMap::new()).unwrap().is_none());
    }
}
