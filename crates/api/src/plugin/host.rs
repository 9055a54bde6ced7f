//! What a plugin gets to work with: the core's use cases, with all their defences.

use std::sync::Arc;

use wxgate_store::{Member, Session, SessionId, UnixSeconds};
use zeroize::Zeroizing;

use super::{PhoneProof, ProvenPhone, Request, ShownMember, Storage};
use crate::app::App;
use crate::error::ApiError;
use crate::routes::login::{LoginRequest, ProfileOutcome, attempt};
use crate::routes::me_profile::Pairs;
use crate::routes::phone::{Proof, prove};

/// The server, as one plugin sees it.
#[derive(Clone)]
pub struct Host {
    pub(super) app: Arc<App>,
    pub(super) plugin: &'static str,
}

/// A login to be made. No `Debug`: the code is a credential.
pub struct Login {
    /// The mini program; `None` where the server has only one.
    pub appid: Option<String>,
    /// What `wx.login` gave.
    pub code: Zeroizing<String>,
    /// `rawData` and `signature`, if both were sent. They fill the profile and never decide the login.
    pub signed: Option<(String, String)>,
    /// `encryptedData` and `iv`, likewise; not looked at where the others are.
    pub sealed: Option<(String, String)>,
}

/// A login that was made. No `Debug`: it holds the skey.
pub struct LoggedIn {
    /// The new session's secret.
    pub skey: Zeroizing<String>,
    /// Seconds until the session ends for want of use.
    pub expires_in: i64,
    /// Whether the member is new.
    pub is_new: bool,
    /// What became of the profile that was sent.
    pub profile: ProfileOutcome,
    /// Who logged in.
    pub caller: Caller,
}

/// Somebody with a live session, who is not blocked. No `Debug`: what is known of them is personal.
#[derive(Clone)]
pub struct Caller(Session);

impl Caller {
    /// Their session. The id is no secret and does not show who asks.
    pub fn session(&self) -> SessionId {
        self.0.id
    }

    /// The member. For what a client may see of them, ask [`Host::shown`].
    pub fn member(&self) -> &Member {
        &self.0.member
    }

    /// When the session ends if it is not used.
    pub fn expires_at(&self) -> UnixSeconds {
        self.0.expires_at
    }
}

impl Host {
    pub(crate) fn of(app: &Arc<App>, plugin: &'static str) -> Self {
        Self { app: Arc::clone(app), plugin }
    }

    /// The server's clock.
    pub fn now(&self) -> UnixSeconds {
        self.app.clock.now()
    }

    /// The mini programs of this server, at least one.
    pub fn appids(&self) -> &[String] {
        &self.app.settings.appids
    }

    /// What the plugin keeps.
    pub fn storage(&self) -> Storage<'_> {
        Storage::of(self)
    }

    /// Logs in as `POST /v1/login` does: the same limits, one exchange of the code at WeChat for all who send it at once,
    /// the same answer for these.
    ///
    /// # Errors
    /// Those of `POST /v1/login`.
    pub async fn login(&self, request: &Request, made: Login) -> Result<LoggedIn, ApiError> {
        let pairs = Pairs { signed: made.signed, sealed: made.sealed };
        let info = &request.info;
        let asked = || LoginRequest::new(&self.app, info, made.appid, made.code, pairs, request.headers());
        let reply = attempt(&self.app, info, asked).await?;
        let caller = self.authenticate(Some(&reply.skey)).await?;
        let (is_new, expires_in, profile) = (reply.is_new, reply.expires_in, reply.profile);
        Ok(LoggedIn { skey: reply.skey, expires_in, is_new, profile, caller })
    }

    /// Whose skey it is; its session's idle time is renewed.
    ///
    /// # Errors
    /// `unauthorized` when it is none, unknown, expired or revoked; `blocked`.
    pub async fn authenticate(&self, skey: Option<&str>) -> Result<Caller, ApiError> {
        self.app.authenticate_skey(skey).await.map(Caller)
    }

    /// Whose session it is: for a plugin that keeps a proof of its own of who asks, and is sure of it. The session's idle
    /// time is renewed.
    ///
    /// # Errors
    /// `unauthorized` when it is over; `blocked`.
    pub async fn resume(&self, session: SessionId) -> Result<Caller, ApiError> {
        self.app.resume(session).await.map(Caller)
    }

    /// Binds a phone number as `POST /v1/phone` does: one answer and one time for all failures, the failure budget, WeChat's
    /// word on the ciphertext, each proof once. `request` is the one that brought the proof: the time counts from it.
    ///
    /// # Errors
    /// Those of `POST /v1/phone`. The plugin must not tell two causes of `unopenable` apart; it is not told them.
    pub async fn bind_phone(
        &self,
        request: &Request,
        caller: Caller,
        shown: PhoneProof,
    ) -> Result<ProvenPhone, ApiError> {
        let encrypted_data = self.app.settings.phone.encrypted_data;
        let proof = match shown {
            PhoneProof::Code(code) => Proof::code(code)?,
            PhoneProof::Encrypted { encrypted_data: data, iv } => Proof::sealed(&data, &iv, encrypted_data)?,
        };
        let reply = prove(&self.app, &request.info, caller.0, proof).await?;
        Ok(ProvenPhone { number: reply.phone_info, trust: reply.trust })
    }

    /// What the mini program may see of a member.
    pub fn shown(&self, member: &Member) -> ShownMember {
        self.app.shown_member(member)
    }
}
