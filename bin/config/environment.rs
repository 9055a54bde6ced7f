//! Reads the `WXGATE_…` variables and the `--set` flags: texts whose type the key decides.

use std::ffi::OsString;

use figment::value::Value;

use super::apps::Draft;
use super::file::{unknown, unknown_key};
use super::flaw::{Flaw, Place};
use super::keys::{self, KEYS, Key};
use super::layer::Reading;
use super::plugins;
use crate::lang::{Words, words};

const PREFIX: &str = "WXGATE_";

/// Reads the variables. The draft in `apps`, if any, holds what they say of the single app.
/// The second value are variables that look like nothing of ours, worth a warning.
pub(super) fn variables(all: &[(OsString, OsString)]) -> (Reading, Vec<Flaw>) {
    let mut reading = Reading::new("environment");
    let mut warnings = Vec::new();
    let mut draft = Draft::new(Place::Variable("WXGATE_APP__…".to_owned()));
    let mut ours: Vec<_> = all.iter().filter_map(|(name, value)| Some((name.to_str()?, value))).collect();
    ours.retain(|(name, _)| name.starts_with(PREFIX));
    ours.sort_unstable();
    for (name, value) in ours {
        let place = Place::Variable(name.to_owned());
        if let Some(said) = value.to_str().and_then(|text| plugins::of_variable(name, text)) {
            reading.plugins.push(said);
            continue;
        }
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            stranger(name, &place, &mut reading.flaws, &mut warnings);
            continue;
        };
        let value = match value.to_str() {
            Some(text) => key.kind.of_text(text),
            None => Err(words("不是 UTF-8", "not UTF-8")),
        };
        if key.is_of_app() {
            draft.set(key, place, value, &mut reading.flaws);
        } else {
            set(key, place, value, &mut reading);
        }
    }
    if !draft.is_empty() {
        reading.apps.push(draft);
    }
    (reading, warnings)
}

/// A variable that is no key: wrong if it has the form of one or resembles one, else another program's affair.
fn stranger(name: &str, place: &Place, flaws: &mut Vec<Flaw>, warnings: &mut Vec<Flaw>) {
    let path = name.trim_start_matches(PREFIX).to_ascii_lowercase().replace("__", ".");
    let nearest = keys::nearest(&path)
        .map(Key::variable)
        .filter(|near| name.contains("__") || strsim::normalized_damerau_levenshtein(name, near) > 0.85);
    if name.contains("__") || nearest.is_some() {
        flaws.push(Flaw::at(place, path, unknown("没有这个键", "unknown key", nearest)));
    } else {
        warnings.push(Flaw::of(place.clone(), words("不是配置项，已忽略", "not a key, ignored")));
    }
}

/// Reads `--set section.key=value`. Apps are not set here: a command line can be read by everybody on the machine.
pub(super) fn flags(all: &[String]) -> Reading {
    let mut reading = Reading::new("flags");
    for flag in all {
        let Some((path, text)) = flag.split_once('=') else {
            let words = words("应写成 KEY=VALUE", "expected KEY=VALUE");
            reading.flaws.push(Flaw::of(Place::Flag, words));
            continue;
        };
        match plugins::of_flag(path, text) {
            Some(Ok(said)) => {
                reading.plugins.push(said);
                continue;
            }
            Some(Err(flaw)) => {
                reading.flaws.push(flaw);
                continue;
            }
            None => {}
        }
        match keys::find(path) {
            None => reading.flaws.push(Flaw::at(&Place::Flag, path, unknown_key(path))),
            Some(key) if key.is_of_app() => {
                let words = words(
                    "不能写在命令行：本机所有人都能看到",
                    "not on a command line, which everybody on the machine can read",
                );
                reading.flaws.push(Flaw::at(&Place::Flag, path, words));
            }
            Some(key) => set(key, Place::Flag, key.kind.of_text(text), &mut reading),
        }
    }
    reading
}

fn set(key: &'static Key, place: Place, value: Result<Value, Words>, reading: &mut Reading) {
    match value {
        Ok(value) => reading.layer.set(key, place, value),
        Err(words) => reading.flaws.push(Flaw::at(&place, key.path, words)),
    }
}
