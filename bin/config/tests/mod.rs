//! The configuration as a whole: real files, made-up environments.

mod broken;
#[cfg(all(feature = "plugin-classic", feature = "plugin-wafer"))]
mod plugins;
mod secrets;
mod sources;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Config, Sources, load};
use crate::lang::Lang;

const APPID: &str = "wx0123456789abcdef";
/// An AppSecret, and what no message may ever contain.
const CANARY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";
const APP: &str = "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"c0ffee00c0ffee00c0ffee00c0ffee00\"\n";

/// A directory with files in it, and the sources that name them.
struct Bench {
    dir: TempDir,
    sources: Sources,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), sources: Sources::default() }
    }

    fn file(mut self, text: &str) -> Self {
        self.sources.file = Some(self.write("wxgate.toml", text, 0o600));
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.variables.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, flag: &str) -> Self {
        self.sources.flags.push(flag.to_owned());
        self
    }

    fn credential(mut self, name: &str, text: &str) -> Self {
        self.write(name, text, 0o440);
        self.sources.credentials = Some(self.dir.path().to_owned());
        self
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn load(&self) -> Config {
        load(&self.sources)
            .unwrap_or_else(|refusal| panic!("{}", crate::out::Failure::from(refusal).words.say(Lang::En)))
    }

    /// What is wrong, one line each, in English with the directory left out. No line holds the canary, in either language.
    fn flaws(&self) -> Vec<String> {
        let refusal = load(&self.sources).err().expect("a refusal");
        let dir = format!("{}/", self.dir.path().display());
        for lang in [Lang::Zh, Lang::En] {
            for text in refusal.0.iter().map(|flaw| flaw.line(lang)).chain([format!("{refusal:?}")]) {
                assert!(!text.contains("c0ffee"), "{text}");
            }
        }
        refusal.0.iter().map(|flaw| flaw.line(Lang::En).replace(&dir, "")).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let dir = format!("{}/", self.dir.path().display());
        self.load().warnings.iter().map(|flaw| flaw.line(Lang::En).replace(&dir, "")).collect()
    }
}
