use std::collections::{BTreeMap, HashMap};

use crate::aging::Aging;
use crate::api_security::Secured;
use crate::calls::Calls;
use crate::clock::Clock;
use crate::codes::{self, Code};
use crate::fault::Faults;
use crate::open_data::PhoneHash;
use crate::quotas::{DAY, Quotas};
use crate::random::Random;
use crate::session::Session;
use crate::tokens::Tokens;
use crate::{App, AppSpec, Error, MediaCheck, Payment, Settings, User, UserKey, UserSpec};

/// All that the sandbox remembers, behind one lock: of two requests that race, one is wholly first.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) apps: BTreeMap<String, App>,
    /// By appid, of the apps that have switched API security on.
    pub(crate) secured: BTreeMap<String, Secured>,
    pub(crate) users: BTreeMap<String, User>,
    /// By openid, which is one for each user of each app.
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) codes: Aging<Code>,
    pub(crate) tokens: Tokens,
    /// By lowercase hex of the SHA-256.
    pub(crate) phone_hashes: Aging<PhoneHash>,
    /// By openid, the newest first.
    pub(crate) user_keys: HashMap<String, Vec<UserKey>>,
    /// By transaction_id.
    pub(crate) payments: Aging<Payment>,
    /// By trace_id.
    pub(crate) media_checks: Aging<MediaCheck>,
    /// How many more messages a user, by openid, allows of a template.
    pub(crate) subscriptions: HashMap<(String, String), u32>,
    /// How many codes to scan, of those that are counted for life, each app has made.
    pub(crate) codes_made: HashMap<String, u32>,
    pub(crate) quotas: Quotas,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
}

impl State {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            clock: Clock::new(settings.frozen_at),
            random: Random::new(settings.seed),
            apps: BTreeMap::new(),
            secured: BTreeMap::new(),
            users: BTreeMap::new(),
            sessions: HashMap::new(),
            codes: Aging::new(codes::REMEMBERED_SECONDS),
            tokens: Tokens::default(),
            phone_hashes: Aging::new(3 * DAY),
            user_keys: HashMap::new(),
            payments: Aging::new(DAY),
            media_checks: Aging::new(DAY),
            subscriptions: HashMap::new(),
            codes_made: HashMap::new(),
            quotas: Quotas::default(),
            faults: Faults::default(),
            calls: Calls::default(),
            settings,
        }
    }

    pub(crate) fn put_app(&mut self, spec: AppSpec) -> App {
        let appid = spec.appid.clone().unwrap_or_else(|| format!("wx{}", self.random.hex::<8>()));
        let random = &mut self.random;
        let app = self.apps.entry(appid.clone()).or_insert_with(|| App {
            appid,
            secret: random.hex::<16>(),
            open_platform: true,
            numeric_country_code: false,
        });
        spec.apply(app);
        app.clone()
    }

    pub(crate) fn put_user(&mut self, spec: UserSpec) -> User {
        let place = self.users.len();
        let id = spec.id.clone().unwrap_or_else(|| self.free_user_id());
        let user = self.users.entry(id.clone()).or_insert_with(|| User {
            nick_name: id.clone(),
            id,
            phone: (13_800_138_000 + place as u64).to_string(),
            country_code: "86".to_owned(),
            avatar_url: "https://thirdwx.qlogo.cn/mmopen/vi_32/sandbox/132".to_owned(),
            blocked: false,
            risk_rank: 0,
        });
        spec.apply(user);
        user.clone()
    }

    /// `user-1`, `user-2`, …: the first that is free.
    fn free_user_id(&self) -> String {
        let mut ids = (1..=self.users.len() + 1).map(|number| format!("user-{number}"));
        ids.find(|id| !self.users.contains_key(id)).expect("of n + 1 ids, n users leave one free")
    }

    pub(crate) fn app(&self, appid: &str) -> Result<&App, Error> {
        self.apps.get(appid).ok_or_else(|| Error::UnknownApp(appid.to_owned()))
    }

    pub(crate) fn user(&self, id: &str) -> Result<&User, Error> {
        self.users.get(id).ok_or_else(|| Error::UnknownUser(id.to_owned()))
    }

    /// The app that is meant: the one named, or the only one.
    pub(crate) fn meant_app(&self, named: Option<String>) -> Result<String, Error> {
        if let Some(appid) = named {
            return Ok(appid);
        }
        let mut appids = self.apps.keys();
        match (appids.next(), appids.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Err(Error::Senseless("there is no app yet: POST /_sandbox/apps makes one".to_owned())),
            _ => Err(Error::Senseless("there are several apps: name one with \"appid\"".to_owned())),
        }
    }

    /// The user that is meant: the one named, the only one, or one made now when there is none.
    pub(crate) fn meant_user(&mut self, named: Option<String>) -> Result<String, Error> {
        if let Some(id) = named {
            return Ok(id);
        }
        let mut ids = self.users.keys();
        match (ids.next(), ids.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Ok(self.put_user(UserSpec::default()).id),
            _ => Err(Error::Senseless("there are several users: name one with \"user\"".to_owned())),
        }
    }
}
