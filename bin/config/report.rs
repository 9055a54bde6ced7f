//! What a configuration says and where each value comes from, for `config check` and `config show`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::Figment;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::apps::App;
use super::flaw::{Flaw, Place};
use super::keys::KEYS;
use super::known::{Change, Known, Said};
use super::login_hook;
use super::plugins::Section;
use crate::lang::Lang;

/// What stands for a secret. Takes it, so that no caller shows the secret instead.
fn masked(_secret: &SecretString) -> &'static str {
    "***"
}

/// One key with its value, secrets masked.
struct Entry {
    key: Cow<'static, str>,
    value: Value,
    /// The secret that `value` stands for.
    secret: Option<SecretString>,
    place: Place,
}

impl Entry {
    fn said(&self) -> Said {
        self.secret.as_ref().map_or_else(|| Said::Plain(self.value.clone()), |secret| Said::Secret(secret.clone()))
    }
}

/// The effective configuration, without a secret in it.
pub(super) struct Report {
    file: Option<PathBuf>,
    entries: Vec<Entry>,
    apps: Vec<Vec<Entry>>,
}

impl Report {
    pub(super) fn new(
        file: Option<&Path>,
        merged: &Figment,
        places: &BTreeMap<&'static str, Place>,
        apps: &[App],
        plugins: &[Section],
    ) -> Self {
        let entries = KEYS.iter().filter(|key| !key.is_of_app()).filter_map(|key| {
            let value = serde_json::to_value(merged.find_value(key.path).ok()?).ok()?;
            Some(Entry { key: key.path.into(), value, secret: None, place: places.get(key.path)?.clone() })
        });
        let shown = plugins.iter().flat_map(Section::shown);
        let shown =
            shown.map(|line| Entry { key: line.key.into(), value: line.value, secret: None, place: line.place });
        let entries = entries.chain(shown);
        Self { file: file.map(Path::to_owned), entries: entries.collect(), apps: apps.iter().map(app).collect() }
    }

    pub(super) fn known(&self) -> Known {
        let of = |appid: Option<&str>, entry: &Entry| {
            (Change { key: entry.key.to_string(), appid: appid.map(str::to_owned) }, entry.said())
        };
        let apps = self.apps.iter().flat_map(|entries| {
            // The first of an app's entries is its appid.
            let appid = entries.first().and_then(|entry| entry.value.as_str());
            entries.iter().map(move |entry| of(appid, entry))
        });
        Known::new(self.entries.iter().map(|entry| of(None, entry)).chain(apps))
    }

    /// "ok" and where each value comes from.
    pub(super) fn origins(&self, warnings: &[Flaw], lang: Lang) -> String {
        let file = self.file.as_ref().map(|path| path.display().to_string());
        let mut lines =
            vec![format!("ok: {}", file.as_deref().unwrap_or(lang.pick("没有配置文件", "no configuration file")))];
        let entries = self.entries.iter().chain(self.apps.iter().flatten());
        lines.extend(entries.map(|entry| format!("  {:<32} {}", entry.key, entry.place)));
        let warning = lang.pick("注意", "warning");
        lines.extend(warnings.iter().map(|flaw| format!("{warning}: {}", flaw.line(lang))));
        lines.join("\n")
    }

    pub(super) fn origins_json(&self, warnings: &[Flaw], lang: Lang) -> Value {
        let places = |entries: &[Entry]| -> Map<_, _> {
            entries.iter().map(|entry| (entry.key.to_string(), json!(entry.place.to_string()))).collect()
        };
        json!({
            "ok": true,
            "file": self.file,
            "origins": places(&self.entries),
            "apps": self.apps.iter().map(|app| places(app)).collect::<Vec<_>>(),
            "warnings": warnings.iter().map(|flaw| flaw.json(lang)).collect::<Vec<_>>(),
        })
    }

    /// The effective configuration as TOML, which JSON's values happen to be.
    pub(super) fn values(&self) -> String {
        let line = |key: &str, entry: &Entry| format!("{key} = {}  # {}", entry.value, entry.place);
        let mut lines: Vec<String> = self.entries.iter().map(|entry| line(&entry.key, entry)).collect();
        for app in &self.apps {
            lines.push("\n[[app]]".to_owned());
            lines.extend(app.iter().map(|entry| line(entry.key.trim_start_matches("app."), entry)));
        }
        lines.join("\n")
    }

    pub(super) fn values_json(&self) -> Value {
        let mut tree = nested(&self.entries, "");
        let apps = self.apps.iter().map(|app| Value::Object(nested(app, "app."))).collect();
        tree.insert("app".to_owned(), Value::Array(apps));
        Value::Object(tree)
    }
}

fn app(app: &App) -> Vec<Entry> {
    let entry = |key: &'static str, value: &str, place: &Place| Entry {
        key: key.into(),
        value: value.into(),
        secret: None,
        place: place.clone(),
    };
    let hidden = |key: &'static str, secret: &SecretString, place: &Place| Entry {
        secret: Some(secret.clone()),
        ..entry(key, masked(secret), place)
    };
    let mut entries =
        vec![entry("app.appid", &app.appid, &app.appid_place), hidden("app.secret", &app.secret, &app.secret_place)];
    if let Some(push) = &app.push {
        entries.extend(push.secrets().map(|(key, (place, secret))| hidden(key, secret, place)));
    }
    if let Some(hook) = &app.login_hook {
        entries.push(entry(login_hook::URL, &hook.url.1, &hook.url.0));
        entries.push(hidden(login_hook::SECRET.text, &hook.secret.1, &hook.secret.0));
    }
    if let Some(risk) = &app.risk {
        let shown = risk.shown.iter().cloned();
        entries.extend(shown.map(|(key, value, place)| Entry { key: key.into(), value, secret: None, place }));
    }
    if let Some(check) = &app.content_check {
        let shown = check.shown.iter().cloned();
        entries.extend(shown.map(|(key, value, place)| Entry { key: key.into(), value, secret: None, place }));
    }
    if let Some(security) = &app.api_security {
        entries.extend(security.shown.iter().map(|(key, value, place)| entry(key, value, place)));
        entries.extend(security.secrets.iter().map(|(key, secret, place)| hidden(key, secret, place)));
    }
    entries
}

/// `a.b = c` as `{"a": {"b": c}}`.
fn nested(entries: &[Entry], prefix: &str) -> Map<String, Value> {
    let mut tree = Map::new();
    for entry in entries {
        let mut path: Vec<&str> = entry.key.trim_start_matches(prefix).split('.').collect();
        let leaf = path.pop().unwrap_or_default();
        let inner = path
            .iter()
            .try_fold(&mut tree, |tree, name| tree.entry(*name).or_insert_with(|| json!({})).as_object_mut());
        if let Some(inner) = inner {
            inner.insert(leaf.to_owned(), entry.value.clone());
        }
    }
    tree
}
