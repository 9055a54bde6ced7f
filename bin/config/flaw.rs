//! What is wrong with a configuration, and where it says so.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::lang::{Lang, Words, words};
use crate::out::{Exit, Failure};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `config/default.toml`, or made by the program itself.
    Default,
    /// A line of the file, counted from 1.
    File { path: Arc<Path>, line: usize },
    /// An environment variable, by its name.
    Variable(String),
    /// `--set`.
    Flag,
    /// A file in systemd's credentials directory.
    Credential(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("--set"),
            Self::Credential(path) => write!(f, "{}", path.display()),
        }
    }
}

/// One thing that is wrong, or in a warning: worth knowing. Holds names and places, never a value.
#[derive(Clone, Debug)]
pub(crate) struct Flaw {
    pub(super) place: Option<Place>,
    pub(super) key: Option<String>,
    pub(super) words: Words,
    /// Nothing is wrong but that a secret stands nowhere, or where this user may not read it.
    pub(super) is_missing_secret: bool,
}

impl Flaw {
    /// Something at `place` about `key`.
    pub(super) fn at(place: &Place, key: impl Into<String>, words: Words) -> Self {
        Self { place: Some(place.clone()), key: Some(key.into()), words, is_missing_secret: false }
    }

    /// Something that no line or variable says.
    pub(super) fn nowhere(words: Words) -> Self {
        Self { place: None, key: None, words, is_missing_secret: false }
    }

    /// Something at `place` about no key.
    pub(super) fn of(place: Place, words: Words) -> Self {
        Self { place: Some(place), ..Self::nowhere(words) }
    }

    /// `wxgate.toml:12: session.idle_days: expected …`
    pub(crate) fn line(&self, lang: Lang) -> String {
        let place = self.place.as_ref().map(ToString::to_string);
        let parts = [place.as_deref(), self.key.as_deref(), Some(self.words.say(lang))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    }

    pub(super) fn json(&self, lang: Lang) -> Value {
        json!({ "place": self.place.as_ref().map(ToString::to_string), "key": self.key, "message": self.words.say(lang) })
    }
}

/// Everything that is wrong with a configuration, at least one thing.
#[derive(Debug)]
pub(crate) struct Refusal(pub(super) Vec<Flaw>);

impl Refusal {
    /// The flaws in the order in which the file has them, then the rest.
    pub(super) fn new(mut flaws: Vec<Flaw>) -> Self {
        flaws.sort_by_key(|flaw| match flaw.place {
            Some(Place::File { line, .. }) => line,
            _ => usize::MAX,
        });
        Self(flaws)
    }

    fn text(&self, lang: Lang) -> String {
        let count = self.0.len();
        let head = lang.pick(
            format!("配置有 {count} 处问题，拒绝启动："),
            match count {
                1 => "configuration refused:".to_owned(),
                _ => format!("configuration refused, {count} problems:"),
            },
        );
        self.0.iter().fold(head, |text, flaw| text + "\n  " + &flaw.line(lang))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { exit: Exit::Refused, words: words(refusal.text(Lang::Zh), refusal.text(Lang::En)) }
    }
}
