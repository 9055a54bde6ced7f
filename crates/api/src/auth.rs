//! Who is this request from?

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use memchr::memchr2;
use tokio::time::timeout;
use tracing::Span;
use tracing::field::display;
use wxgate_crypto::Skey;
use wxgate_store::{Identified, Identity, Session, SessionId, Status, UnixSeconds};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::soon::Soon;

/// Seconds between two writes that renew a session's idle time.
const RENEW_SECONDS: i64 = 600;
/// How long a check waits for such a write.
const RENEW_PATIENCE: Duration = Duration::from_millis(50);
/// Seconds for which a login is fresh enough for what cannot be undone.
const FRESH_SECONDS: i64 = 300;
/// Compared with when there is no session, so that such a refusal hashes and compares as that of a wrong secret does.
const NO_HASH: [u8; 32] = [0; 32];

/// The request's `Authorization`, if there is exactly one. No `Debug`: it is a secret.
#[derive(Clone)]
pub struct Authorization(Option<HeaderValue>);

impl Authorization {
    pub fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        match (lines.next(), lines.next()) {
            (Some(line), None) => Self(Some(line.clone())),
            _ => Self(None),
        }
    }

    /// The token after `Bearer`, which may have any case; exactly one.
    pub fn bearer(&self) -> Option<&str> {
        let line = self.0.as_ref()?.to_str().ok()?.trim_ascii();
        // A header value has no other white space.
        let (scheme, rest) = line.split_at(memchr2(b' ', b'\t', line.as_bytes())?);
        let token = rest.trim_ascii_start();
        let is_one = memchr2(b' ', b'\t', token.as_bytes()).is_none();
        (is_one && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
    }
}

impl App {
    /// The live session of the request's skey, its idle time renewed.
    ///
    /// # Errors
    /// `unauthorized` when there is no skey, or it is unknown, expired or revoked: one answer for all of these.
    /// `blocked` when the member is.
    pub async fn authenticate(&self, info: &RequestInfo) -> Result<Session, ApiError> {
        self.authenticate_skey(info.authorization.bearer()).await
    }

    /// The live session of an skey, its idle time renewed. Errors as of [`authenticate`](Self::authenticate).
    pub async fn authenticate_skey(&self, skey: Option<&str>) -> Result<Session, ApiError> {
        let skey = skey.and_then(Skey::parse).ok_or(ApiError::Unauthorized)?;
        let session = self.stored_session_of(&skey).await?.ok_or(ApiError::Unauthorized)?;
        self.used(session).await
    }

    /// The live session with this id, its idle time renewed: for who has shown in another way than by the skey that it is
    /// theirs. Errors as of [`authenticate`](Self::authenticate).
    pub async fn resume(&self, id: SessionId) -> Result<Session, ApiError> {
        let (found, now) = (self.store.session(id).await?, self.clock.now());
        let live = found.filter(|session| now < session.expires_at && now < session.ends_at);
        self.used(live.ok_or(ApiError::Unauthorized)?).await
    }

    async fn used(&self, mut session: Session) -> Result<Session, ApiError> {
        if session.member.status == Status::Blocked {
            return Err(ApiError::Blocked { errcode: None });
        }
        Span::current().record("member.id", display(session.member.id));
        if let Some((seen_at, expires_at)) = self.renew(session.id, session.last_seen_at, session.ends_at).await {
            (session.last_seen_at, session.expires_at) = (seen_at, expires_at);
        }
        Ok(session)
    }

    /// Who the request is from, as far as a check needs it; the session's idle time is renewed. Errors as of
    /// [`authenticate`](Self::authenticate).
    pub fn identify(self: &Arc<Self>, info: &RequestInfo) -> Soon<Result<Identity, ApiError>> {
        match self.identity_at(info.authorization.bearer(), info.now) {
            Soon::Now(found) => match found.into_inner().and_then(admitted) {
                Ok(identity) if is_due(identity.last_seen_at, info.now) => {
                    let app = Arc::clone(self);
                    Soon::later(async move { Ok(app.renewed(identity).await) })
                }
                decided => Soon::now(decided),
            },
            Soon::Later(found) => {
                let app = Arc::clone(self);
                Soon::later(async move { Ok(app.renewed(admitted(found.await?)?).await) })
            }
        }
    }

    /// Who the live session is of that `token` names, whatever the member's status; nothing is renewed.
    pub fn identity_of(self: &Arc<Self>, token: Option<&str>) -> Soon<Result<Option<Identity>, ApiError>> {
        self.identity_at(token, self.clock.now())
    }

    fn identity_at(
        self: &Arc<Self>,
        token: Option<&str>,
        now: UnixSeconds,
    ) -> Soon<Result<Option<Identity>, ApiError>> {
        let Some(skey) = token.and_then(Skey::parse) else { return Soon::now(Ok(None)) };
        let found = self.store.identify(SessionId(skey.session_id()), &skey.hash(), now);
        #[cfg(feature = "undefended")]
        let found = crate::undefended::never_at_hand(found);
        match found {
            Identified::Known(identity) => Soon::now(Ok(Some(identity))),
            Identified::Absent => Soon::now(Ok(None)),
            Identified::Ask => {
                let app = Arc::clone(self);
                Soon::later(async move { Ok(app.stored_session_of(&skey).await?.map(Identity::from)) })
            }
        }
    }

    /// The same with its idle time renewed, if that is due.
    async fn renewed(&self, mut identity: Identity) -> Identity {
        if let Some((seen_at, expires_at)) = self.renew(identity.session, identity.last_seen_at, identity.ends_at).await
        {
            (identity.last_seen_at, identity.expires_at) = (seen_at, expires_at);
        }
        identity
    }

    /// The live session of an skey as it is stored, whatever the member's status; nothing is renewed.
    async fn stored_session_of(&self, skey: &Skey) -> Result<Option<Session>, ApiError> {
        let found = self.store.session(SessionId(skey.session_id())).await?;
        let matches = skey.matches(found.as_ref().map_or(&NO_HASH, |session| &session.skey_hash));
        let now = self.clock.now();
        Ok(found.filter(|session| matches && now < session.expires_at && now < session.ends_at))
    }

    /// Renews the idle time, at most once in ten minutes and with one write for all who ask at once: when the session was
    /// seen then, and when it expires. A check never waits long for a store that cannot write: the write goes on without
    /// it, and what is said of the end is the old one.
    async fn renew(
        &self,
        id: SessionId,
        last_seen_at: UnixSeconds,
        ends_at: UnixSeconds,
    ) -> Option<(UnixSeconds, UnixSeconds)> {
        let now = self.clock.now();
        if !is_due(last_seen_at, now) {
            return None;
        }
        let expires_at = self.idle_end(now, ends_at);
        let store = Arc::clone(&self.store);
        let work = Box::pin(async move { Ok(store.touch_session(id, now, expires_at).await?) });
        match timeout(RENEW_PATIENCE, self.renewals.join(id.0, work)).await {
            Ok(Ok(())) => return Some((now, expires_at)),
            Ok(Err(error)) => tracing::warn!(%error, "a session's idle time could not be renewed"),
            Err(_) => tracing::warn!("a session's idle time is being renewed slowly"),
        }
        None
    }

    /// Whether the session began in the last five minutes.
    pub fn is_fresh(&self, session: &Session) -> bool {
        self.clock.now() <= session.created_at + FRESH_SECONDS
    }

    /// # Errors
    /// `login_too_old` unless the session began in the last five minutes.
    pub fn require_fresh(&self, session: &Session) -> Result<(), ApiError> {
        if self.is_fresh(session) { Ok(()) } else { Err(ApiError::LoginTooOld) }
    }
}

/// Whether the use of a session that was last seen then is to be written down.
fn is_due(last_seen_at: UnixSeconds, now: UnixSeconds) -> bool {
    now >= last_seen_at + RENEW_SECONDS
}

/// Who was found, if they may come in.
fn admitted(found: Option<Identity>) -> Result<Identity, ApiError> {
    let identity = found.ok_or(ApiError::Unauthorized)?;
    if identity.status == Status::Blocked { Err(ApiError::Blocked { errcode: None }) } else { Ok(identity) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        Authorization::of(&headers).bearer().map(str::to_owned)
    }

    #[test]
    fn one_bearer_token_counts_whatever_the_case_of_its_scheme() {
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["\tBEARER \t abc "]).as_deref(), Some("abc"));
        for other in ["Basic abc", "abc", "Bearer", "Bearer  ", "Bearer abc abc", "Bearer abc\tabc", "Bearerabc"] {
            assert_eq!(token(&[other]), None, "{other}");
        }
        assert_eq!(token(&["Bearer abc", "Bearer abd"]), None);
        assert_eq!(token(&[]), None);
    }
}
