//! The sections of the configuration that belong to this crate, as plain structs with their defaults.

use serde::Deserialize;
use wx_client::calls::RiskScene;
use wxgate_webhooks::{Secret, Target};

/// `[session]`: how long a login lasts and how many a member may have.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Days without use after which a session ends.
    pub idle_days: u32,
    /// Days after which a session ends in any case.
    pub absolute_days: u32,
    /// Sessions a member may have at once; the oldest yields.
    pub max_per_member: u32,
    /// Adds `openid` and `unionid` to `member` in answers.
    pub expose_openid: bool,
    /// Memory that sessions may take so that a check reads no disk; for the store.
    pub index_max_bytes: usize,
}

impl Default for Session {
    fn default() -> Self {
        Self { idle_days: 7, absolute_days: 30, max_per_member: 10, expose_openid: false, index_max_bytes: 1 << 30 }
    }
}

impl Session {
    pub(crate) fn idle_seconds(&self) -> i64 {
        i64::from(self.idle_days) * 86_400
    }

    pub(crate) fn absolute_seconds(&self) -> i64 {
        i64::from(self.absolute_days) * 86_400
    }
}

/// `[phone]`: what proof of a phone number is accepted and how much of it is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phone {
    /// What `encryptedData` is worth.
    pub encrypted_data: EncryptedData,
    /// How numbers are shown to the mini program.
    pub reply: PhoneReply,
}

/// What `encryptedData` of the phone button is worth; it carries no MAC, so decrypting it proves little.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncryptedData {
    /// Accepted only if WeChat's checkencryptedmsg confirms the ciphertext.
    #[default]
    Verify,
    /// Decryption alone is enough.
    Local,
    /// Not accepted: only `phoneCode` is.
    Off,
}

/// How a number appears in answers to the mini program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneReply {
    /// `138****0000`
    #[default]
    Masked,
    /// The whole number.
    Full,
}

/// `[limits]`: requests one client address may make, IPv6 by /64; 0 = no limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls of `POST /v1/login` a minute.
    pub logins_per_minute: u32,
    /// Calls of anything on the public listener a minute.
    pub requests_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { logins_per_minute: 600, requests_per_minute: 6000 }
    }
}

/// `[profile]`: what a member may set of their profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Hosts an `avatarUrl` may name; `*.` stands for any subdomain.
    pub avatar_hosts: Vec<String>,
}

impl Default for Profile {
    fn default() -> Self {
        Self { avatar_hosts: vec!["*.qlogo.cn".to_owned()] }
    }
}

/// `[calls]`: what the team's services may call of WeChat through this server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// Paths without the slash in front, each with all below it: `wxa/getwxacodeunlimit`, `cgi-bin/message`. None, no calls.
    pub allowed: Vec<String>,
}

/// `[app.content_check]`: what WeChat judges (内容安全) before or after it is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentCheck {
    /// The names that members type (msgSecCheck): one that is risky is refused.
    pub nicknames: bool,
    /// The pictures that they upload (mediaCheckAsync): one that is risky goes when the message push says so.
    pub avatars: bool,
}

/// `[jwt]`: signed statements of sessions, for services that verify offline.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    /// Whether there are any.
    pub enabled: bool,
    /// How long one holds, unless its session ends before: seconds, 30 to 3600.
    pub lifetime_seconds: u32,
    /// The services that statements may be for, as their `aud` names them; at least one when enabled.
    pub audiences: Vec<String>,
    /// `iss`; the server's `public_url` when empty.
    pub issuer: String,
}

impl Default for Jwt {
    fn default() -> Self {
        Self { enabled: false, lifetime_seconds: 300, audiences: Vec::new(), issuer: String::new() }
    }
}

/// `[webhooks]`: where events may be delivered.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Private and loopback addresses too, and plain http to them.
    pub allow_private: bool,
}

/// `[app.login_hook]`: who adds attributes to the answers of logins.
#[derive(Debug, Clone)]
pub struct LoginHook {
    /// Where it is.
    pub target: Target,
    /// What signs the questions.
    pub secret: Secret,
}

/// `[app.risk]`: what WeChat's opinion of a person (getUserRiskRank) does to their login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Risk {
    /// What WeChat is told that they do.
    pub scene: RiskScene,
    /// The rank from which on a login is risky: 1 to 4.
    pub threshold: u8,
    /// What becomes of a risky login.
    pub action: RiskAction,
}

/// What becomes of a risky login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskAction {
    /// It is `blocked`, and nothing is written.
    Refuse,
    /// It goes on as usual; audit and log say it.
    Mark,
}
