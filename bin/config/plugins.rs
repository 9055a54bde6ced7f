//! `[plugins.NAME]`: which plugins are switched on, and what their sections say. The keys are the plugin's own: each is
//! tried on its struct, so that a fault has its line.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use toml_edit::{Item, TableLike};

use super::file::{Lines, entries, unknown};
use super::flaw::{Flaw, Place};
use super::layer::Reading;
use crate::lang::{Words, words};
use crate::plugins::{ALL, Known};

/// What one source says of one plugin: that it is on, or a setting.
pub(super) struct Said {
    plugin: String,
    place: Place,
    setting: Option<(String, Given)>,
}

/// A setting as it stands there.
#[derive(Clone)]
enum Given {
    /// In the file, with a type.
    Typed(Value),
    /// In a variable or a flag: a text, a flag, a number, or texts with commas between, as the plugin takes it.
    Text(String),
}

impl Given {
    /// What it may mean, the likeliest first.
    fn readings(&self) -> Vec<Value> {
        match self {
            Self::Typed(value) => vec![value.clone()],
            Self::Text(text) => {
                let scalar =
                    serde_json::from_str::<Value>(text).ok().filter(|value| value.is_boolean() || value.is_number());
                let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
                [Some(json!(text)), scalar, Some(json!(parts))].into_iter().flatten().collect()
            }
        }
    }
}

/// Reads `[plugins]` of a file.
pub(super) fn of_file(lines: &Lines<'_>, place: &Place, item: &Item, reading: &mut Reading) {
    let Some(table) = item.as_table_like() else {
        let words = words("是一节，应写成 [plugins.名称]", "a section, written [plugins.NAME]");
        return reading.flaws.push(Flaw::at(place, "plugins", words));
    };
    for (name, key, item) in entries(table) {
        let place = lines.place_of(key, item);
        if let Some(section) = item.as_table_like() {
            of_section(lines, name, place, section, reading);
            continue;
        }
        let words = words(format!("是一节，应写成 [plugins.{name}]"), format!("a section, written [plugins.{name}]"));
        reading.flaws.push(Flaw::at(&place, format!("plugins.{name}"), words));
    }
}

fn of_section(lines: &Lines<'_>, name: &str, place: Place, section: &dyn TableLike, reading: &mut Reading) {
    reading.plugins.push(Said { plugin: name.to_owned(), place, setting: None });
    for (leaf, key, item) in entries(section) {
        let place = lines.place_of(key, item);
        match json_of(item) {
            Some(value) => {
                let setting = Some((leaf.to_owned(), Given::Typed(value)));
                reading.plugins.push(Said { plugin: name.to_owned(), place, setting });
            }
            None => reading.flaws.push(Flaw::at(&place, format!("plugins.{name}.{leaf}"), unusable())),
        }
    }
}

/// What a variable `WXGATE_PLUGINS__NAME__KEY` says; `None` if it is another one.
pub(super) fn of_variable(name: &str, text: &str) -> Option<Said> {
    let (plugin, key) = name.strip_prefix("WXGATE_PLUGINS__")?.split_once("__")?;
    let setting = Some((key.to_ascii_lowercase(), Given::Text(text.to_owned())));
    Some(Said { plugin: plugin.to_ascii_lowercase(), place: Place::Variable(name.to_owned()), setting })
}

/// What `--set plugins.NAME.KEY=…` says; `None` if it is about something else.
pub(super) fn of_flag(path: &str, text: &str) -> Option<Result<Said, Flaw>> {
    let (plugin, key) = path.strip_prefix("plugins.")?.split_once('.')?;
    if is_secret(key) {
        let words = words(
            "不能写在命令行：本机所有人都能看到",
            "not on a command line, which everybody on the machine can read",
        );
        return Some(Err(Flaw::at(&Place::Flag, path, words)));
    }
    let setting = Some((key.to_owned(), Given::Text(text.to_owned())));
    Some(Ok(Said { plugin: plugin.to_owned(), place: Place::Flag, setting }))
}

/// A key that is named as secrets are is never shown.
fn is_secret(key: &str) -> bool {
    let last = key.rsplit('_').next().unwrap_or(key);
    ["secret", "token", "key", "password"].contains(&last)
}

/// TOML as JSON; `None` for what JSON has no word for.
fn json_of(item: &Item) -> Option<Value> {
    if let Some(table) = item.as_table_like() {
        let pairs = table.iter().map(|(key, item)| Some((key.to_owned(), json_of(item)?)));
        return pairs.collect::<Option<Map<_, _>>>().map(Value::Object);
    }
    if let Some(array) = item.as_array() {
        return array.iter().map(|value| json_of(&Item::Value(value.clone()))).collect();
    }
    let number = item.as_integer().map(Value::from).or_else(|| item.as_float().map(Value::from));
    let plain = item.as_str().map(Value::from).or_else(|| item.as_bool().map(Value::from)).or(number);
    plain.filter(|value| !value.is_null())
}

fn unusable() -> Words {
    words("这样的值无法使用", "cannot be used")
}

/// The section of one plugin, all sources together; of each key the last word.
pub(crate) struct Section {
    plugin: String,
    place: Place,
    settings: BTreeMap<String, (Place, Given)>,
    /// The settings as the plugin took them, once it has.
    taken: OnceCell<Map<String, Value>>,
}

/// One line of `config show`.
pub(super) struct Shown {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) place: Place,
}

/// Gathers what all sources say, the weakest first.
pub(super) fn sections(said: Vec<Said>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for Said { plugin, place, setting } in said {
        let at = sections.iter().position(|section| section.plugin == plugin).unwrap_or_else(|| {
            sections.push(Section { plugin, place: place.clone(), settings: BTreeMap::new(), taken: OnceCell::new() });
            sections.len() - 1
        });
        if let Some((key, given)) = setting {
            sections[at].settings.insert(key, (place, given));
        }
    }
    sections
}

impl Section {
    /// The plugin that it switches on.
    ///
    /// # Errors
    /// When there is none of its name, or this program was built without it.
    pub(super) fn known(&self) -> Result<&'static Known, Flaw> {
        let name = format!("[plugins.{}]", self.plugin);
        let Some(known) = ALL.iter().find(|known| known.name == self.plugin) else {
            let alike = |known: &&Known| strsim::normalized_damerau_levenshtein(known.name, &self.plugin) >= 0.65;
            let nearest = ALL.iter().find(alike).map(|known| format!("[plugins.{}]", known.name));
            return Err(Flaw::at(&self.place, name, unknown("没有这个插件", "no such plugin", nearest)));
        };
        if known.make.is_none() {
            let feature = known.feature;
            let words = words(
                format!("本程序编译时没有包含它：请用 cargo build --features {feature} 重新编译"),
                format!("this program was built without it: build it with cargo build --features {feature}"),
            );
            return Err(Flaw::at(&self.place, name, words));
        }
        Ok(known)
    }

    /// The settings as the plugin's struct.
    ///
    /// # Errors
    /// Each key that the struct does not take.
    pub(crate) fn read<S: DeserializeOwned>(&self) -> Result<S, Vec<Flaw>> {
        let (mut all, mut flaws) = (Map::new(), Vec::new());
        for (key, (place, given)) in &self.settings {
            match fitting::<S>(key, given) {
                Ok(value) => drop(all.insert(key.clone(), value)),
                Err(words) => flaws.push(Flaw::at(place, self.path(key), words)),
            }
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let all = self.taken.get_or_init(|| all).clone();
        // What is wrong with all of it and with none of its keys: one that is needed is not there.
        S::deserialize(Value::Object(all)).map_err(|error| {
            let missing = error.to_string().split('`').nth(1).map(|key| self.path(key));
            let words = words("缺少此项", "missing");
            vec![Flaw::at(&self.place, missing.unwrap_or_else(|| self.path("")), words)]
        })
    }

    /// What is wrong with one key, or where it is not there with the section.
    pub(crate) fn flaw(&self, key: &str, words: Words) -> Flaw {
        let place = self.settings.get(key).map_or(&self.place, |(place, _)| place);
        Flaw::at(place, self.path(key), words)
    }

    /// What `config show` prints of it: secrets masked.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let mut lines = Vec::new();
        for (key, (place, _)) in &self.settings {
            let value = self.taken.get().and_then(|taken| taken.get(key)).cloned().unwrap_or_default();
            flatten(self.path(key), if is_secret(key) { json!("***") } else { value }, place, &mut lines);
        }
        if lines.is_empty() {
            lines.push(Shown { key: format!("plugins.{}", self.plugin), value: json!({}), place: self.place.clone() });
        }
        lines
    }

    fn path(&self, key: &str) -> String {
        format!("plugins.{}.{key}", self.plugin)
    }
}

fn flatten(key: String, value: Value, place: &Place, lines: &mut Vec<Shown>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (leaf, value) in inner {
                let value = if is_secret(&leaf) { json!("***") } else { value };
                flatten(format!("{key}.{leaf}"), value, place, lines);
            }
        }
        value => lines.push(Shown { key, value, place: place.clone() }),
    }
}

/// The reading of a setting that the struct takes, tried on it alone.
fn fitting<S: DeserializeOwned>(key: &str, given: &Given) -> Result<Value, Words> {
    let mut refusal = None;
    for value in given.readings() {
        let alone = Map::from_iter([(key.to_owned(), value.clone())]);
        match S::deserialize(Value::Object(alone)) {
            Err(error) if !error.to_string().starts_with("missing field") => drop(refusal.get_or_insert(error)),
            _ => return Ok(value),
        }
    }
    Err(refusal.map_or_else(unusable, |error| refused(key, &error.to_string())))
}

/// What serde says of a key, without the value that is in its sentence: the end of it, which says what was expected.
fn refused(key: &str, sentence: &str) -> Words {
    if sentence.starts_with("unknown field") {
        let keys = sentence.split('`').skip(3).step_by(2);
        let alike = |known: &&str| strsim::normalized_damerau_levenshtein(known, key) >= 0.65;
        return unknown("没有这个键", "unknown key", keys.into_iter().find(alike).map(str::to_owned));
    }
    match sentence.rsplit_once(", expected ") {
        Some((_, expected)) => words(format!("应为 {expected}"), format!("expected {expected}")),
        None => unusable(),
    }
}
