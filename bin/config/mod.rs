//! The configuration: defaults, then the file, then the environment, then flags, and all that is wrong with it at once.
//!
//! figment merges the sources. It would stop at the first error, print values and guess types, so it is given only
//! what the table of keys ([`keys`]) has found right; secrets stay outside of it ([`apps`]).

mod address;
mod api_security;
mod apps;
mod checks;
mod command;
mod content_check;
mod environment;
mod file;
mod flaw;
#[cfg(test)]
#[path = "../fuzz/config.rs"]
mod fuzz;
mod keys;
mod kind;
mod known;
mod layer;
mod login_hook;
mod plugins;
mod push;
mod report;
mod risk;
mod secret;
mod secret_file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use figment::Figment;
use ipnet::IpNet;
use serde::Deserialize;
use wxgate_api::plugin::Plugin;
use wxgate_api::settings;

use crate::lang::{Words, words};
pub(crate) use address::Address;
pub(crate) use apps::App;
pub(crate) use checks::host_name as is_host_name;
pub(crate) use command::{Command, run};
pub(crate) use flaw::{Flaw, Refusal};
pub(crate) use known::{Change, Known};
pub(crate) use plugins::Section;
pub(crate) use secret_file::{Guard, quoted, read as read_secret};

use apps::Notes;
use flaw::Place;
use layer::Reading;
use report::Report;

const DEFAULTS: &str = include_str!("../../config/default.toml");

/// A configuration that may be used.
pub(crate) struct Config {
    pub(crate) settings: Settings,
    /// At least one, each with another appid.
    pub(crate) apps: Vec<App>,
    /// Those that are switched on.
    pub(crate) plugins: Vec<Arc<dyn Plugin>>,
    /// What is worth telling the operator before the start.
    pub(crate) warnings: Vec<Flaw>,
    /// The files that hold secrets, read or not; the configuration's own if it holds one.
    pub(crate) secret_files: Vec<PathBuf>,
    report: Report,
}

impl Config {
    /// The effective configuration, secrets masked.
    pub(crate) fn masked(&self) -> serde_json::Value {
        self.report.values_json()
    }

    /// What it says, to be compared with what another one says.
    pub(crate) fn known(&self) -> Known {
        self.report.known()
    }
}

/// All sections but the apps, each as the struct of the crate that uses it.
#[derive(Deserialize)]
pub(crate) struct Settings {
    pub(crate) data_dir: PathBuf,
    pub(crate) public_url: String,
    pub(crate) timezone: String,
    pub(crate) listen: Listen,
    pub(crate) wechat: wx_client::Settings,
    pub(crate) session: settings::Session,
    pub(crate) limits: settings::Limits,
    pub(crate) phone: settings::Phone,
    pub(crate) profile: settings::Profile,
    pub(crate) calls: settings::Calls,
    pub(crate) jwt: settings::Jwt,
    pub(crate) webhooks: settings::Webhooks,
    pub(crate) store: wxgate_store::Settings,
    pub(crate) backup: wxgate_backup::Settings,
    pub(crate) log: Log,
}

/// `[listen]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) public: Address,
    pub(crate) internal: Address,
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// `[log]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: Format,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Text on a terminal, else JSON.
    Auto,
    Text,
    Json,
}

/// Everything a configuration is read from, so that a test can be a process of its own.
#[derive(Default)]
pub(crate) struct Sources {
    /// The file that must be there.
    pub(crate) file: Option<PathBuf>,
    /// Without one: the first of these that is there.
    pub(crate) usual_files: Vec<PathBuf>,
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// systemd's `$CREDENTIALS_DIRECTORY`.
    pub(crate) credentials: Option<PathBuf>,
    /// `key=value`, strongest of all.
    pub(crate) flags: Vec<String>,
}

impl Sources {
    /// The sources of this process.
    pub(crate) fn of_process(file: Option<PathBuf>, flags: &[String]) -> Self {
        Self {
            file,
            usual_files: vec!["wxgate.toml".into(), "/etc/wxgate/wxgate.toml".into()],
            variables: std::env::vars_os().collect(),
            credentials: credentials_directory(),
            flags: flags.to_vec(),
        }
    }

    fn file(&self) -> Option<&Path> {
        self.file.as_deref().or_else(|| self.usual_files.iter().map(PathBuf::as_path).find(|path| path.exists()))
    }
}

/// Where systemd puts this service's credentials.
pub(crate) fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Whether `text` may be the value of `key`; else what was expected.
pub(crate) fn fits(key: &str, text: &str) -> Result<(), Words> {
    let key = keys::find(key).expect("callers name keys of the table");
    key.kind.of_text(text).map(drop)
}

/// Reads all sources, or says all that is wrong with them.
pub(crate) fn load(sources: &Sources) -> Result<Config, Refusal> {
    let (config, flaws) = examine(sources)?;
    if flaws.is_empty() { Ok(config) } else { Err(Refusal::new(flaws)) }
}

/// What these sources configure beside the apps. A secret may be missing here: systemd gives it to the server alone, and
/// a command that asks the server, or copies its database, needs none.
pub(crate) fn settings(sources: &Sources) -> Result<Settings, Refusal> {
    let (config, mut flaws) = examine(sources)?;
    flaws.retain(|flaw| !flaw.is_missing_secret);
    if flaws.is_empty() { Ok(config.settings) } else { Err(Refusal::new(flaws)) }
}

/// What can be read of the sources, and all that is wrong with them.
pub(crate) fn examine(sources: &Sources) -> Result<(Config, Vec<Flaw>), Refusal> {
    let mut notes = Notes::default();
    let path = sources.file();
    let defaults = file::read(DEFAULTS, None).map_err(|flaw| Refusal::new(vec![flaw]))?;
    let file = match path.map(|path| file::text(path).and_then(|text| file::read(&text, Some(path)))) {
        None => Some(Reading::new("no file")),
        Some(Ok(reading)) => Some(reading),
        Some(Err(flaw)) => {
            notes.flaws.push(flaw);
            None
        }
    };
    let (mut variables, strangers) = environment::variables(&sources.variables);
    notes.warnings.extend(strangers);
    let flags = environment::flags(&sources.flags);

    let mut figment = Figment::new();
    let mut places = BTreeMap::new();
    let mut drafts = Vec::new();
    let mut said = Vec::new();
    let variables_draft = variables.apps.pop();
    let is_read = file.is_some();
    for reading in [Some(defaults), file, Some(variables), Some(flags)].into_iter().flatten() {
        notes.flaws.extend(reading.flaws);
        places.extend(reading.layer.places());
        drafts.extend(reading.apps);
        said.extend(reading.plugins);
        figment = figment.merge(reading.layer);
    }
    let mut apps = Vec::new();
    // A file that cannot be read may name any app: nothing can be called missing then.
    if is_read {
        apps = apps::settle(drafts, variables_draft, sources.credentials.as_deref(), &mut notes);
    }
    let settings = figment.extract::<Settings>().map_err(|error| {
        // The table and the structs agree, as a test sees to. Of the error only the path: its text holds the value.
        let flaw = Flaw::nowhere(words(
            format!("{} 无法使用", error.path.join(".")),
            format!("{} cannot be used", error.path.join(".")),
        ));
        Refusal::new(vec![flaw])
    })?;
    judge(&settings, &apps, &places, &mut notes);
    let sections = plugins::sections(said);
    let plugins = made(&sections, &apps, &mut notes);
    login_hook::judge(&apps, settings.webhooks.allow_private, &mut notes);
    let report = Report::new(path, &figment, &places, &apps, &sections);
    let Notes { flaws, warnings, secret_files } = notes;
    Ok((Config { settings, apps, plugins, warnings, secret_files, report }, flaws))
}

/// Makes the plugins of their sections. While anything is wrong with the rest, only the sections are read: what a plugin
/// says of its settings may follow from that.
fn made(sections: &[Section], apps: &[App], notes: &mut Notes) -> Vec<Arc<dyn Plugin>> {
    let appids: Vec<String> = apps.iter().map(|app| app.appid.clone()).collect();
    let appids = notes.flaws.is_empty().then_some(appids.as_slice());
    let mut plugins = Vec::new();
    for section in sections {
        let made = section.known().map_err(|flaw| vec![flaw]).and_then(|known| match known.make {
            Some(make) => make(section, appids),
            None => Ok(None),
        });
        match made {
            Ok(plugin) => plugins.extend(plugin),
            Err(flaws) => notes.flaws.extend(flaws),
        }
    }
    plugins
}

/// What no key can know alone.
fn judge(settings: &Settings, apps: &[App], places: &BTreeMap<&'static str, Place>, notes: &mut Notes) {
    let place = |key: &str| places.get(key).unwrap_or(&Place::Default);
    // Of two keys that do not fit, the one that somebody wrote is to blame.
    let blame = |one: &'static str, other: &'static str, words| {
        let key = if *place(one) == Place::Default { other } else { one };
        Flaw::at(place(key), key, words)
    };
    // Where one of two keys is wrong by itself, its default stands here: nothing follows from that.
    let wrong: Vec<&str> = notes.flaws.iter().filter_map(|flaw| flaw.key.as_deref()).collect();
    let fit = |keys: [&str; 2]| !keys.iter().any(|key| wrong.contains(key));
    let mut flaws = Vec::new();
    let session = &settings.session;
    if session.idle_days > session.absolute_days && fit(["session.idle_days", "session.absolute_days"]) {
        let text =
            format!("session.idle_days ({}) > session.absolute_days ({})", session.idle_days, session.absolute_days);
        let words = words(format!("闲置不能长于最长：{text}"), format!("idle longer than at all: {text}"));
        flaws.push(blame("session.idle_days", "session.absolute_days", words));
    }
    let Listen { public, internal, trusted_proxies } = &settings.listen;
    let same = public == internal && !matches!(public, Address::Tcp { port: 0, .. });
    if same && fit(["listen.public", "listen.internal"]) {
        let words = words("两个监听地址相同", "listen.public and listen.internal are the same; expected two addresses");
        flaws.push(blame("listen.internal", "listen.public", words));
    }
    if settings.public_url.is_empty() && !wrong.contains(&"public_url") {
        let judging = apps.iter().filter_map(|app| app.content_check.as_ref()?.avatars_at());
        let words = words(
            "微信要从 public_url 下载头像：请配置 public_url",
            "WeChat fetches the pictures from public_url: configure it as well",
        );
        flaws.extend(judging.map(|place| Flaw::at(place, content_check::AVATARS, words.clone())));
    }
    let jwt = &settings.jwt;
    if jwt.enabled && jwt.audiences.is_empty() && fit(["jwt.enabled", "jwt.audiences"]) {
        let words = words(
            "启用 jwt 时至少写一个受众（验证它的服务）",
            "missing: name at least one service that statements are for, or anybody's would be everybody's",
        );
        flaws.push(blame("jwt.audiences", "jwt.enabled", words));
    }
    if jwt.enabled && jwt.issuer.is_empty() && settings.public_url.is_empty() && fit(["jwt.issuer", "public_url"]) {
        let words = words(
            "启用 jwt 时须设置 public_url 或 jwt.issuer",
            "statements name who made them: set public_url or jwt.issuer",
        );
        flaws.push(blame("jwt.issuer", "jwt.enabled", words));
    }
    notes.flaws.extend(flaws);
    let warn = |key: &'static str, words| Flaw::at(place(key), key, words);
    if internal.is_reachable_from_outside() {
        let words = words("其他机器可以访问内部接口", "other machines can reach the internal listener");
        notes.warnings.push(warn("listen.internal", words));
    }
    if trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        let words =
            words("信任所有地址：任何人都能伪造客户端地址", "trusts every address: anybody can claim to be any client");
        notes.warnings.push(warn("listen.trusted_proxies", words));
    }
}
