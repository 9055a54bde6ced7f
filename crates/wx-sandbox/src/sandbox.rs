use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wxgate_crypto::SessionKey;

use crate::state::State;
use crate::{
    ApiSecuritySpec, App, AppSpec, Call, Endpoint, Error, Fault, MediaCheck, OpenData, Payment, PhoneTap, Profile,
    ProfileAsk, Rotation, Scenario, Scene, Settings, User, UserKey, UserSpec, identity,
};

/// A WeChat of one's own: apps, people, their phones in hand, and the server API on loopback.
///
/// A clone is the same sandbox. Methods that name an app or a user fail only if there is none of that name.
#[derive(Clone)]
pub struct Sandbox(Arc<Mutex<State>>);

impl Sandbox {
    /// A sandbox without apps and users.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Mutex::new(State::new(settings))))
    }

    /// Whole even if a thread died while it held the lock: no step leaves the state half done.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an app with an appid and a secret of its own.
    pub fn add_app(&self) -> App {
        self.put_app(AppSpec::default())
    }

    /// Makes an app with this appid and secret, or gives the one of this appid a new secret.
    pub fn add_app_named(&self, appid: &str, secret: &str) -> App {
        let (appid, secret) = (Some(appid.to_owned()), Some(secret.to_owned()));
        self.put_app(AppSpec { appid, secret, ..AppSpec::default() })
    }

    /// Makes an app, or changes the one of this appid.
    pub fn put_app(&self, spec: AppSpec) -> App {
        self.state().put_app(spec)
    }

    /// Switches API security (服务端 API 签名加密) of an app on, or changes its keys.
    ///
    /// # Errors
    /// Also for keys that are none.
    pub fn secure(&self, appid: &str, spec: ApiSecuritySpec) -> Result<(), Error> {
        let mut state = self.state();
        state.app(appid)?;
        state.secured.insert(appid.to_owned(), spec.try_into()?);
        Ok(())
    }

    /// Makes a user, or changes the one of this id.
    pub fn add_user(&self, spec: UserSpec) -> User {
        self.state().put_user(spec)
    }

    /// Lets WeChat refuse (40226) or accept a user's logins.
    pub fn block(&self, user: &str, blocked: bool) -> Result<(), Error> {
        let mut state = self.state();
        state.user(user)?;
        state.put_user(UserSpec { blocked: Some(blocked), ..UserSpec::named(user) });
        Ok(())
    }

    /// The openid that the app knows the user by. It is the same in every run.
    pub fn openid(&self, appid: &str, user: &str) -> String {
        identity::openid(user, appid)
    }

    /// The unionid of the user, as apps bound to the Open Platform account see it. It is the same in every run.
    pub fn unionid(&self, user: &str) -> String {
        identity::unionid(user)
    }

    /// `wx.login`: a code for code2Session. May replace the session_key, see [`Rotation`].
    pub fn login(&self, appid: &str, user: &str) -> Result<String, Error> {
        self.state().login(appid, user)
    }

    /// A tap on the phone number button.
    pub fn phone(&self, appid: &str, user: &str) -> Result<PhoneTap, Error> {
        self.state().phone(appid, user)
    }

    /// `wx.getUserInfo` or `wx.getUserProfile`.
    pub fn profile(&self, appid: &str, user: &str, ask: ProfileAsk) -> Result<Profile, Error> {
        self.state().profile(appid, user, ask)
    }

    /// `wx.getWeRunData`: the steps of 31 days.
    pub fn werun(&self, appid: &str, user: &str) -> Result<OpenData, Error> {
        self.state().werun(appid, user)
    }

    /// `wx.getShareInfo`: a group as `openGId`.
    pub fn share(&self, appid: &str, user: &str) -> Result<OpenData, Error> {
        self.state().share(appid, user)
    }

    /// `wx.getGroupEnterInfo`: a group as `opengid`.
    pub fn group(&self, appid: &str, user: &str) -> Result<OpenData, Error> {
        self.state().group(appid, user)
    }

    /// `wx.pluginLogin`: a code for getpluginopenpid.
    pub fn plugin_login(&self, appid: &str, user: &str) -> Result<String, Error> {
        self.state().plugin_login(appid, user)
    }

    /// `getUserCryptoManager().getLatestUserKey`: the newest key of the user, made if there is none that lives.
    pub fn user_key(&self, appid: &str, user: &str) -> Result<UserKey, Error> {
        self.state().latest_user_key(appid, user)
    }

    /// A payment in the mini program, which getpaidunionid knows for five minutes.
    pub fn pay(&self, appid: &str, user: &str) -> Result<Payment, Error> {
        self.state().pay(appid, user)
    }

    /// `wx.requestSubscribeMessage`: the user allows one more message of this template.
    pub fn subscribe(&self, appid: &str, user: &str, template_id: &str) -> Result<(), Error> {
        let mut state = self.state();
        state.session_key(appid, user, Rotation::Never)?;
        let whose = (identity::openid(user, appid), template_id.to_owned());
        *state.subscriptions.entry(whose).or_default() += 1;
        Ok(())
    }

    /// What a [`Scene`] needs.
    pub fn scenario(&self, scene: Scene, appid: &str, user: &str) -> Result<Scenario, Error> {
        self.state().scenario(scene, appid, user)
    }

    /// The living session_key, made if there is none.
    pub fn session_key(&self, appid: &str, user: &str) -> Result<SessionKey, Error> {
        self.state().session_key(appid, user, Rotation::Never)
    }

    /// Replaces the session_key, as a `wx.login` on another phone does.
    pub fn rotate_key(&self, appid: &str, user: &str) -> Result<SessionKey, Error> {
        self.state().session_key(appid, user, Rotation::Always)
    }

    /// Ends the session_key's life: checksession says 87007, and the next login makes a new one.
    pub fn expire_key(&self, appid: &str, user: &str) -> Result<(), Error> {
        self.state().expire_session_key(appid, user)
    }

    /// Ends the life of all codes that the user holds in the app: 40029.
    pub fn expire_codes(&self, appid: &str, user: &str) -> Result<(), Error> {
        self.state().expire_codes(appid, user)
    }

    /// Ends the life of all access_tokens of the app: 42001.
    pub fn expire_token(&self, appid: &str) -> Result<(), Error> {
        let state = &mut *self.state();
        state.app(appid)?;
        state.tokens.expire(appid, state.clock.now());
        Ok(())
    }

    /// Makes all access_tokens of the app ones that another server of the same owner replaced: 40001.
    pub fn rotate_token(&self, appid: &str) -> Result<(), Error> {
        let state = &mut *self.state();
        state.app(appid)?;
        state.tokens.displace(appid, state.clock.now());
        Ok(())
    }

    /// Unix seconds of the sandbox's clock.
    pub fn now(&self) -> i64 {
        self.state().clock.now()
    }

    /// Moves the sandbox's clock, back if negative.
    pub fn advance(&self, seconds: i64) {
        self.state().clock.advance(seconds);
    }

    /// Lets something go wrong at an endpoint, after the faults given before.
    /// One that lasts for ever gives way to the new one.
    ///
    /// # Errors
    /// If HTTP cannot say it: a status outside 200 to 599, a redirect to no address, zero times.
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) -> Result<(), Error> {
        self.state().faults.add(endpoint, fault)
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.state().faults.heal();
    }

    /// The checks of the last day that mediaCheckAsync began, those of earlier seconds first.
    pub fn media_checks(&self) -> Vec<MediaCheck> {
        let mut checks: Vec<_> = self.state().media_checks.values().cloned().collect();
        checks.sort_by(|one, other| one.trace_id.cmp(&other.trace_id));
        checks
    }

    /// The last 10,000 calls that WeChat's interfaces received, oldest first, without their secrets.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.list()
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}
