//! What a configuration says, to tell it from another one.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// A key whose value is another one now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) key: String,
    /// The app that it is of.
    pub(crate) appid: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.appid {
            Some(appid) => write!(f, "{} of {appid}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

/// The value of each key, wherever it was said.
pub(crate) struct Known(BTreeMap<Change, Said>);

pub(super) enum Said {
    Plain(Value),
    Secret(SecretString),
}

impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(other)) => one == other,
            (Self::Secret(one), Self::Secret(other)) => one.expose_secret() == other.expose_secret(),
            _ => false,
        }
    }
}

impl Known {
    pub(super) fn new(values: impl Iterator<Item = (Change, Said)>) -> Self {
        Self(values.collect())
    }

    /// Where `new` says otherwise. Of an app that came or went, its appid alone.
    pub(crate) fn changes(&self, new: &Self) -> Vec<Change> {
        let differs = |key: &&Change| self.0.get(key) != new.0.get(key);
        let lasts = |appid: &String| {
            let key = Change { key: "app.appid".to_owned(), appid: Some(appid.clone()) };
            self.0.contains_key(&key) && new.0.contains_key(&key)
        };
        let is_of_interest = |key: &&Change| key.key == "app.appid" || key.appid.as_ref().is_none_or(lasts);
        let mut changes: Vec<_> = self.0.keys().chain(new.0.keys()).filter(differs).filter(is_of_interest).collect();
        changes.sort_unstable();
        changes.dedup();
        changes.into_iter().cloned().collect()
    }

    /// Takes over what `new` says of these.
    pub(crate) fn take(&mut self, mut new: Self, changes: &[Change]) {
        for change in changes {
            if let Some(said) = new.0.remove(change) {
                self.0.insert(change.clone(), said);
            }
        }
    }
}
