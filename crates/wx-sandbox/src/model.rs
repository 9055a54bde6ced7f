use std::fmt;

use serde::{Deserialize, Serialize};

/// A mini program that the sandbox knows.
#[derive(Clone, Serialize)]
pub struct App {
    /// `wx` and 16 hex digits, unless it was named otherwise.
    pub appid: String,
    /// The AppSecret: 32 hex digits, unless it was named otherwise.
    pub secret: String,
    /// Whether the app is bound to an Open Platform account, so that answers carry a unionid.
    pub open_platform: bool,
    /// Whether `countryCode` is a JSON number in answers of getuserphonenumber, as in older documents of WeChat.
    pub numeric_country_code: bool,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("appid", &self.appid).finish_non_exhaustive()
    }
}

/// What an app is to be like. What is `None` stays as it is, or is made up for a new app.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSpec {
    /// Names the app; an app of this appid is changed, else one is made.
    pub appid: Option<String>,
    /// The AppSecret.
    pub secret: Option<String>,
    /// See [`App::open_platform`]; a new app is bound.
    pub open_platform: Option<bool>,
    /// See [`App::numeric_country_code`]; a new app has strings.
    pub numeric_country_code: Option<bool>,
}

impl fmt::Debug for AppSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSpec").field("appid", &self.appid).finish_non_exhaustive()
    }
}

impl AppSpec {
    pub(crate) fn apply(self, app: &mut App) {
        set(&mut app.secret, self.secret);
        set(&mut app.open_platform, self.open_platform);
        set(&mut app.numeric_country_code, self.numeric_country_code);
    }
}

/// Somebody who uses WeChat.
#[derive(Clone, Serialize)]
pub struct User {
    /// The sandbox's own name for them, from which openid and unionid follow. Never seen by a server.
    pub id: String,
    /// `purePhoneNumber`: the number without its country code.
    pub phone: String,
    /// `countryCode`, such as `86`.
    pub country_code: String,
    /// The name that a legacy profile shows.
    pub nick_name: String,
    /// The picture that a legacy profile shows.
    pub avatar_url: String,
    /// Whether WeChat refuses their logins (40226).
    pub blocked: bool,
    /// What getuserriskrank says of them, 0 to 4.
    pub risk_rank: u8,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("blocked", &self.blocked).finish_non_exhaustive()
    }
}

impl User {
    /// `phoneNumber`: with the country code in front when the number is foreign.
    pub(crate) fn full_number(&self) -> String {
        match self.country_code.as_str() {
            "86" => self.phone.clone(),
            foreign => format!("+{foreign}{}", self.phone),
        }
    }
}

/// What a user is to be like. What is `None` stays as it is, or is made up for a new user.
///
/// The phone number is not checked: what WeChat would never send can be sent here, to test how strict a server is.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserSpec {
    /// Names the user; a user of this id is changed, else one is made.
    pub id: Option<String>,
    /// See [`User::phone`]; new users get 13800138000, 13800138001, …
    pub phone: Option<String>,
    /// See [`User::country_code`]; `86` for a new user.
    pub country_code: Option<String>,
    /// See [`User::nick_name`].
    pub nick_name: Option<String>,
    /// See [`User::avatar_url`].
    pub avatar_url: Option<String>,
    /// See [`User::blocked`].
    pub blocked: Option<bool>,
    /// See [`User::risk_rank`]; 0 for a new user.
    pub risk_rank: Option<u8>,
}

impl fmt::Debug for UserSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

impl UserSpec {
    /// A spec that only names a user.
    pub fn named(id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..Self::default() }
    }

    pub(crate) fn apply(self, user: &mut User) {
        set(&mut user.phone, self.phone);
        set(&mut user.country_code, self.country_code);
        set(&mut user.nick_name, self.nick_name);
        set(&mut user.avatar_url, self.avatar_url);
        set(&mut user.blocked, self.blocked);
        set(&mut user.risk_rank, self.risk_rank);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A check of a picture or a sound that mediaCheckAsync began. Its end is a push `wxa_media_check` of the `trace_id`, which
/// comes when it is sent ([`Sandbox::push`](crate::Sandbox::push)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MediaCheck {
    /// By which the push names it.
    pub trace_id: String,
    /// The app that asked.
    pub appid: String,
    /// Who shows it.
    pub openid: String,
    /// Where it is to be fetched.
    pub media_url: String,
}
