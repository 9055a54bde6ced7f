//! `[app.login_hook]`: who adds attributes to the answers of an app's logins.

use secrecy::{ExposeSecret, SecretString};
use wxgate_api::settings;
use wxgate_webhooks::{Refused, Secret as Key, Target};

use super::apps::{App, Draft, Notes};
use super::flaw::{Flaw, Place};
use super::secret::{Credentials, Secret};
use crate::lang::{Words, words};

pub(super) const URL: &str = "app.login_hook.url";
pub(super) const SECRET: Secret = Secret {
    text: "app.login_hook.secret",
    file: "app.login_hook.secret_file",
    credential: "login_hook_secret",
    required: true,
};

/// The hook of one app, and where each value of it stands.
#[derive(Debug)]
pub(crate) struct LoginHook {
    pub(super) url: (Place, String),
    pub(super) secret: (Place, SecretString),
}

impl LoginHook {
    /// What the server needs of it.
    pub(crate) fn settings(&self, allow_private: bool) -> Option<settings::LoginHook> {
        let target = Target::parse(&self.url.1, allow_private).ok()?;
        Some(settings::LoginHook { target, secret: Key::parse(self.secret.1.expose_secret())? })
    }
}

/// Reads the section if the app has it; a credential alone is no hook, since it has no URL.
pub(super) fn read(
    draft: &mut Draft,
    appid: Option<&SecretString>,
    credentials: &Credentials<'_>,
    notes: &mut Notes,
) -> Option<LoginHook> {
    if !draft.says("login_hook") {
        return None;
    }
    let url = draft.take(URL).pop();
    if url.is_none() {
        let words = words("缺少：[app.login_hook] 要写 url", "missing: [app.login_hook] needs a url");
        notes.flaws.push(Flaw::at(draft.place(), URL, words));
    }
    let secret = SECRET.read(draft, appid, credentials, notes);
    let (place, url) = url?;
    Some(LoginHook { url: (place, url?.expose_secret().to_owned()), secret: secret? })
}

/// What the URLs of the hooks come to, now that it is known where may be posted to.
pub(super) fn judge(apps: &[App], allow_private: bool, notes: &mut Notes) {
    for (place, url) in apps.iter().filter_map(|app| app.login_hook.as_ref()).map(|hook| &hook.url) {
        if let Err(refused) = Target::parse(url, allow_private) {
            notes.flaws.push(Flaw::at(place, URL, refusal(refused)));
        }
    }
}

fn refusal(refused: Refused) -> Words {
    match refused {
        Refused::Scheme => words(
            "须为 https；内网地址可用 http，但要先设 webhooks.allow_private = true",
            "expected https; a private address may be http once webhooks.allow_private is true",
        ),
        Refused::Address => words(
            "指向内网、本机或特殊地址；内网地址要先设 webhooks.allow_private = true",
            "leads to a private, loopback or special address; private ones need webhooks.allow_private = true",
        ),
        _ => words("应为网址，不含用户名和 #", "expected a URL without user name and #fragment"),
    }
}
