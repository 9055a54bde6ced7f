//! The apps: what the sources say of each, and where its secrets come from. Their values never meet figment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use figment::value::Value;
use secrecy::{ExposeSecret, SecretString};

use super::api_security::{self, ApiSecurity};
use super::checks;
use super::content_check::{self, ContentCheck};
use super::flaw::{Flaw, Place};
use super::keys::Key;
use super::login_hook::{self, LoginHook};
use super::push::{self, Push};
use super::risk::{self, Risk};
use super::secret::{Credentials, Secret};
use crate::lang::{Words, words};

/// One mini program.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) appid: String,
    pub(crate) secret: SecretString,
    /// What message push needs, if it is used.
    pub(crate) push: Option<Push>,
    /// What a risky login meets, if WeChat is asked for the risk.
    pub(crate) risk: Option<Risk>,
    /// What WeChat judges of what members write and show, if anything.
    pub(crate) content_check: Option<ContentCheck>,
    /// Who is asked at each login, if anybody is.
    pub(crate) login_hook: Option<LoginHook>,
    /// The keys its calls are signed with, if they are.
    pub(crate) api_security: Option<ApiSecurity>,
    pub(super) appid_place: Place,
    pub(super) secret_place: Place,
}

/// What one source says of one app, before it is complete.
pub(super) struct Draft {
    /// Where the app begins.
    place: Place,
    /// All that was given for each key. A second one is a second place, `None` one with a flaw already told.
    given: BTreeMap<&'static str, Vec<(Place, Option<SecretString>)>>,
    /// The sections that were written or have a key: `push`, `risk`.
    sections: BTreeSet<String>,
}

impl Draft {
    pub(super) fn new(place: Place) -> Self {
        Self { place, given: BTreeMap::new(), sections: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    pub(super) fn set(&mut self, key: &'static Key, place: Place, value: Result<Value, Words>, flaws: &mut Vec<Flaw>) {
        self.has_section(key.path);
        let value = value.map_or_else(
            |words| {
                flaws.push(Flaw::at(&place, key.path, words));
                None
            },
            |value| match (value.to_i128(), value.to_bool()) {
                (Some(number), _) => Some(number.to_string().into()),
                (None, Some(flag)) => Some(flag.to_string().into()),
                (None, None) => value.into_string().map(SecretString::from),
            },
        );
        self.given.entry(key.path).or_default().push((place, value));
    }

    /// Notes that `path`, a section or a key in one, was written.
    pub(super) fn has_section(&mut self, path: &str) {
        self.sections.extend(path.split('.').nth(1).map(str::to_owned));
    }

    /// Whether anything was said of a section.
    pub(super) fn says(&self, section: &str) -> bool {
        self.sections.contains(section)
    }

    /// Adds what the variables say. The appid is theirs; a secret that is here already has two places now.
    fn join(&mut self, variables: Self) {
        self.sections.extend(variables.sections);
        for (path, mut values) in variables.given {
            let mine = self.given.entry(path).or_default();
            if path == "app.appid" {
                mine.clear();
            }
            mine.append(&mut values);
        }
    }

    /// Where the app begins.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether anything was given for the key.
    pub(super) fn has(&self, path: &str) -> bool {
        self.given.contains_key(path)
    }

    pub(super) fn take(&mut self, path: &str) -> Vec<(Place, Option<SecretString>)> {
        self.given.remove(path).unwrap_or_default()
    }
}

/// Makes apps of the drafts: those of the file, joined by what the variables say if it is one app at most.
/// `credentials` is systemd's directory.
pub(super) fn settle(
    mut drafts: Vec<Draft>,
    variables: Option<Draft>,
    credentials: Option<&Path>,
    notes: &mut Notes,
) -> Vec<App> {
    match (drafts.as_mut_slice(), variables) {
        (_, None) => {}
        ([], Some(variables)) => drafts.push(variables),
        ([only], Some(variables)) => only.join(variables),
        (several, Some(variables)) => {
            let count = several.len();
            let words = words(
                format!("文件中有 {count} 个 [[app]]，环境变量无法说明指哪一个"),
                format!("the file has {count} [[app]], and a variable cannot say which one it means"),
            );
            let given =
                variables.given.iter().flat_map(|(path, values)| values.iter().map(move |(place, _)| (path, place)));
            notes.flaws.extend(given.map(|(path, place)| Flaw::at(place, *path, words.clone())));
        }
    }
    let is_misspelt = notes.flaws.iter().any(|flaw| flaw.key.as_deref() == Some("app"));
    if drafts.is_empty() && !is_misspelt {
        notes.flaws.push(Flaw::nowhere(words(NO_APP_ZH, NO_APP_EN)));
    }
    let credentials = Credentials { dir: credentials, only_app: drafts.len() == 1 };
    if drafts.len() > 1 {
        for secret in [
            &SECRET,
            &push::TOKEN,
            &push::KEY,
            &push::PREVIOUS,
            &login_hook::SECRET,
            &api_security::SYMMETRIC_KEY,
            &api_security::PRIVATE_KEY,
        ] {
            secret.refuse_unclear(&credentials, notes);
        }
    }
    let apps: Vec<App> = drafts.into_iter().filter_map(|draft| complete(draft, &credentials, notes)).collect();
    for (index, app) in apps.iter().enumerate() {
        if let Some(first) = apps.iter().take(index).find(|first| first.appid == app.appid) {
            let words =
                words(format!("与 {} 重复", first.appid_place), format!("the same as at {}", first.appid_place));
            notes.flaws.push(Flaw::at(&app.appid_place, "app.appid", words));
        }
    }
    apps
}

const NO_APP_ZH: &str = "没有配置小程序：请在 wxgate.toml 中写 [[app]]，含 appid 和 secret_file，\
                         或设置 WXGATE_APP__APPID 和 WXGATE_APP__SECRET；`wxgate init` 问几个问题即可写好";
const NO_APP_EN: &str = "no app is configured: write [[app]] with appid and secret_file into wxgate.toml, \
                         or set WXGATE_APP__APPID and WXGATE_APP__SECRET; `wxgate init` asks for what it needs and writes it";

const SECRET: Secret = Secret { text: "app.secret", file: "app.secret_file", credential: "app_secret", required: true };

/// What is wrong, and what is only worth knowing.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) flaws: Vec<Flaw>,
    pub(super) warnings: Vec<Flaw>,
    pub(super) secret_files: Vec<PathBuf>,
}

fn complete(mut draft: Draft, credentials: &Credentials<'_>, notes: &mut Notes) -> Option<App> {
    let appid = draft.take("app.appid").pop();
    if appid.is_none() {
        notes.flaws.push(Flaw::at(&draft.place, "app.appid", words("缺少 appid", "missing: say which app this is")));
    }
    let (appid_place, appid) = appid.unzip();
    let appid = appid.flatten();
    let secret = SECRET.read(&mut draft, appid.as_ref(), credentials, notes);
    let push = push::read(&mut draft, appid.as_ref(), credentials, notes);
    let risk = risk::read(&mut draft, notes);
    if push.is_some() {
        draft.has_section("app.push");
    }
    let content_check = content_check::read(&mut draft, notes);
    let login_hook = login_hook::read(&mut draft, appid.as_ref(), credentials, notes);
    let api_security = api_security::read(&mut draft, appid.as_ref(), credentials, notes);
    let (secret_place, secret) = secret?;
    if !checks::usual_secret(secret.expose_secret()) {
        let words = words(
            "不像 AppSecret（通常为 32 位小写十六进制）",
            "unlike an AppSecret, which has 32 lowercase hexadecimal digits",
        );
        notes.warnings.push(Flaw::at(&secret_place, "app.secret", words));
    }
    Some(App {
        appid: appid?.expose_secret().to_owned(),
        secret,
        push,
        risk,
        content_check,
        login_hook,
        api_security,
        appid_place: appid_place?,
        secret_place,
    })
}
