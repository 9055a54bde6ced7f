//! What all handlers share.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Arc, OnceLock, RwLock};

use ipnet::IpNet;
use jiff::tz::TimeZone;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;
use wx_client::WeChat;
use wxgate_crypto::push::Channel;
use wxgate_crypto::{SkeyMint, Vault};
use wxgate_store::{Store, UnixSeconds};
use wxgate_webhooks::Client as Posts;

use crate::adjust::Adjustable;
use crate::avatars::Uploads;
use crate::clock::Clock;
use crate::content_check::NAMES_PER_MINUTE;
use crate::edge::{Limiter, RequestIds};
use crate::error::ApiError;
use crate::flights::Flights;
use crate::health::Health;
use crate::jwt_keys::JwtKeys;
use crate::phone_answer::{PendingPhones, PhoneReply};
use crate::plugin::Plugin;
use crate::probe::Probe;
use crate::problem::Problem;
use crate::remembered::{Hash, Remembered};
use crate::results::Results;
use crate::results::backups::Backups;
use crate::routes::failures::MOST_STREAMS;
use crate::routes::login::LoginReply;
use crate::routes::session_check::SessionChecks;
use crate::settings;
use crate::webhooks::LoginHooks;

/// Codes of the phone button that one member may send a minute: each costs a call to WeChat, and a tap gives one.
const PHONE_CODES_PER_MINUTE: u32 = 30;
/// Exports of their own data that one member may ask a minute: each reads all of it and leaves a line in the audit.
const EXPORTS_PER_MINUTE: u32 = 10;

/// The configuration of this crate.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mini programs this server serves; at least one.
    pub appids: Vec<String>,
    /// The message push of the mini programs that use it, by appid.
    pub push: BTreeMap<String, Channel>,
    /// What a risky login meets in the mini programs that ask for the risk, by appid.
    pub risk: BTreeMap<String, settings::Risk>,
    /// What WeChat judges of what members write and show, by appid.
    pub content_check: BTreeMap<String, settings::ContentCheck>,
    /// `[session]`
    pub session: settings::Session,
    /// `[phone]`
    pub phone: settings::Phone,
    /// `[limits]`
    pub limits: settings::Limits,
    /// `[profile]`
    pub profile: settings::Profile,
    /// Where phones reach the public listener: an https URL, or nothing when it is not known.
    pub public_url: String,
    /// `[calls]`
    pub calls: settings::Calls,
    /// `[jwt]`
    pub jwt: settings::Jwt,
    /// `[webhooks]`
    pub webhooks: settings::Webhooks,
    /// Who is asked at each login, by appid.
    pub login_hooks: BTreeMap<String, settings::LoginHook>,
    /// Where the team's days begin.
    pub timezone: TimeZone,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Settings {
    /// These mini programs with every section's defaults: no message push, no proxies, no public URL, days of UTC.
    pub fn for_apps(appids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            appids: appids.into_iter().map(Into::into).collect(),
            push: BTreeMap::new(),
            risk: BTreeMap::new(),
            content_check: BTreeMap::new(),
            session: settings::Session::default(),
            phone: settings::Phone::default(),
            limits: settings::Limits::default(),
            profile: settings::Profile::default(),
            public_url: String::new(),
            calls: settings::Calls::default(),
            jwt: settings::Jwt::default(),
            webhooks: settings::Webhooks::default(),
            login_hooks: BTreeMap::new(),
            timezone: TimeZone::UTC,
            trusted_proxies: Vec::new(),
        }
    }
}

/// The server without its sockets: handlers are functions of it.
pub struct App {
    /// Without what is in `adjusted`.
    pub(crate) settings: Settings,
    pub(crate) adjusted: RwLock<Adjustable>,
    pub(crate) wechat: Arc<dyn WeChat>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) skeys: SkeyMint,
    pub(crate) codes: Remembered,
    pub(crate) logins: Flights<Hash, LoginReply>,
    pub(crate) phones: Flights<Hash, PhoneReply>,
    pub(crate) renewals: Flights<i64, ()>,
    pub(crate) checks: SessionChecks,
    pub(crate) pending_phones: PendingPhones,
    pub(crate) uploads: Uploads,
    pub(crate) jwt_keys: JwtKeys,
    pub(crate) posts: Posts,
    pub(crate) login_hooks: LoginHooks,
    pub(crate) request_limit: Limiter,
    pub(crate) login_limit: Limiter,
    pub(crate) phone_code_limit: Limiter,
    pub(crate) name_limit: Limiter,
    pub(crate) export_limit: Limiter,
    pub(crate) request_ids: RequestIds,
    pub(crate) health: Health,
    pub(crate) plugins: OnceLock<Vec<Arc<dyn Plugin>>>,
    pub(crate) results: Arc<Results>,
    /// Places for answers that never end by themselves.
    pub(crate) streams: Arc<Semaphore>,
    /// Answers that never end by themselves are over.
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) probe: Probe,
}

impl App {
    /// Puts the parts together. Nothing is asked or read yet.
    pub fn new(
        mut settings: Settings,
        wechat: Arc<dyn WeChat>,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let adjusted = Adjustable {
            limits: settings.limits.clone(),
            calls: take(&mut settings.calls),
            trusted_proxies: take(&mut settings.trusted_proxies),
        };
        let results = Results::new(settings.timezone.clone(), &wechat, &store);
        Arc::new(Self {
            request_limit: Limiter::per_minute(settings.limits.requests_per_minute),
            login_limit: Limiter::per_minute(settings.limits.logins_per_minute),
            phone_code_limit: Limiter::per_minute(PHONE_CODES_PER_MINUTE),
            name_limit: Limiter::per_minute(NAMES_PER_MINUTE),
            export_limit: Limiter::per_minute(EXPORTS_PER_MINUTE),
            posts: Posts::new(),
            login_hooks: LoginHooks::new(&settings.login_hooks),
            settings,
            adjusted: RwLock::new(adjusted),
            wechat,
            store,
            vault,
            clock,
            skeys: SkeyMint::new(),
            codes: Remembered::new(),
            logins: Flights::new(),
            phones: Flights::new(),
            renewals: Flights::new(),
            checks: SessionChecks::new(),
            pending_phones: PendingPhones::new(),
            request_ids: RequestIds::new(),
            uploads: Uploads::new(),
            jwt_keys: JwtKeys::default(),
            health: Health::default(),
            plugins: OnceLock::new(),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            stopping: watch::Sender::new(false),
            results,
            probe: Probe::default(),
        })
    }

    /// Shows in `/metrics` how old the last backup is, made and verified. `look` is asked each time.
    pub fn watch_backups(&self, look: impl Fn() -> Backups + Send + Sync + 'static) {
        self.results.backups.set(look, Arc::clone(&self.clock));
    }

    /// The app a request is for: the one it names, or the only one.
    pub(crate) fn appid(&self, named: Option<String>) -> Result<String, ApiError> {
        match (named, self.settings.appids.as_slice()) {
            (Some(appid), known) if known.contains(&appid) => Ok(appid),
            (Some(_), _) => Err(Problem::UnknownApp.into()),
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(Problem::AppidNeeded.into()),
        }
    }

    /// The app that a path names.
    ///
    /// # Errors
    /// `not_found` when it is none of this server's.
    pub(crate) fn app_at<'a>(&self, appid: &'a str) -> Result<&'a str, ApiError> {
        let is_ours = self.settings.appids.iter().any(|known| known == appid);
        if is_ours { Ok(appid) } else { Err(ApiError::NotFound) }
    }

    /// A fresh UUIDv7 by this server's clock: for members, never a secret.
    pub(crate) fn new_uuid(&self) -> Uuid {
        let ms = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        let nanos = u32::try_from(ms % 1000).unwrap_or(0) * 1_000_000;
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, ms / 1000, nanos))
    }

    /// Forgets what is remembered in memory and past its time: skeys and numbers are not kept longer than they serve.
    pub(crate) fn forget_expired(&self) {
        let now = self.clock.now();
        self.codes.forget_expired(now);
        self.pending_phones.forget_expired(now);
        self.checks.forget_expired(now);
    }

    /// When a session used now ends for want of use, never after its absolute end.
    pub(crate) fn idle_end(&self, now: UnixSeconds, ends_at: UnixSeconds) -> UnixSeconds {
        (now + self.settings.session.idle_seconds()).min(ends_at)
    }
}
