//! An app's secrets: where each may stand, and that it stands there once.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use secrecy::{ExposeSecret, SecretString};

use super::apps::{Draft, Notes};
use super::flaw::{Flaw, Place};
use super::keys;
use super::secret_file::{self, Guard};
use crate::lang::{Words, words};

/// A secret that stands as text under one key, in a file named by another, or in a credential: in one place only.
pub(super) struct Secret {
    pub(super) text: &'static str,
    pub(super) file: &'static str,
    /// The name of its credential, which `_<appid>` may follow.
    pub(super) credential: &'static str,
    pub(super) required: bool,
}

enum Source {
    Text(SecretString),
    File(PathBuf, Guard),
}

/// systemd's credentials, as far as they are an app's.
pub(super) struct Credentials<'a> {
    pub(super) dir: Option<&'a Path>,
    /// Whether there is one app alone, whose credentials need not name it.
    pub(super) only_app: bool,
}

impl Credentials<'_> {
    /// The files that hold `name` for an app.
    fn of(&self, name: &str, appid: Option<&SecretString>) -> Vec<PathBuf> {
        let own = appid.map(|appid| format!("{name}_{}", appid.expose_secret()));
        let shared = self.only_app.then(|| name.to_owned());
        let paths = own.into_iter().chain(shared).filter_map(|file| Some(self.dir?.join(file)));
        paths.filter(|path| path.exists()).collect()
    }
}

impl Secret {
    /// Whether a credential holds it.
    pub(super) fn is_credential(&self, credentials: &Credentials<'_>, appid: Option<&SecretString>) -> bool {
        !credentials.of(self.credential, appid).is_empty()
    }

    /// A credential without an appid says nothing where there are several apps.
    pub(super) fn refuse_unclear(&self, credentials: &Credentials<'_>, notes: &mut Notes) {
        let shared = credentials.dir.map(|dir| dir.join(self.credential)).filter(|path| path.exists());
        if let (Some(path), false) = (shared, credentials.only_app) {
            let name = format!("{}_<appid>", self.credential);
            let words =
                words(format!("有多个 [[app]]，请命名为 {name}"), format!("there are several [[app]]: name it {name}"));
            notes.flaws.push(Flaw::at(&Place::Credential(path), self.text, words));
        }
    }

    pub(super) fn read(
        &self,
        draft: &mut Draft,
        appid: Option<&SecretString>,
        credentials: &Credentials<'_>,
        notes: &mut Notes,
    ) -> Option<(Place, SecretString)> {
        let texts = draft.take(self.text).into_iter().map(|(place, value)| (self.text, place, value.map(Source::Text)));
        let files = draft.take(self.file).into_iter().map(|(place, value)| {
            (self.file, place, value.map(|path| Source::File(path.expose_secret().into(), Guard::Mode)))
        });
        let credentials = credentials
            .of(self.credential, appid)
            .into_iter()
            .map(|path| (self.text, Place::Credential(path.clone()), Some(Source::File(path, Guard::Systemd))));
        let mut sources: Vec<_> = texts.chain(files).chain(credentials).collect();
        if let [(.., Some(Source::File(file, Guard::Mode))), (.., Some(Source::File(credential, Guard::Systemd)))] =
            sources.as_slice()
            && is_copy(credential, file)
        {
            sources.remove(0);
        }
        let Some((path, place, source)) = sources.pop() else {
            if !self.required {
                return None;
            }
            let words = words(
                format!("缺少：请写 {} 或 {}", self.text, self.file),
                format!("missing: write {} or {}", self.text, self.file),
            );
            let missing = Flaw { is_missing_secret: true, ..Flaw::at(draft.place(), self.text, words) };
            notes.flaws.push(missing);
            return None;
        };
        if let Some((other, elsewhere, _)) = sources.first() {
            notes.flaws.push(twice(path, &format!("{other} ({elsewhere})"), &place));
            return None;
        }
        let secret = match source? {
            Source::Text(text) => {
                warn_of_readers(&place, path, notes);
                text
            }
            Source::File(file, guard) => {
                let (read, denied) = (self.of_file(&file, guard), is_denied(&file));
                if guard == Guard::Mode {
                    notes.secret_files.push(file);
                }
                match read {
                    Ok(secret) => secret,
                    Err(words) => {
                        notes.flaws.push(Flaw { is_missing_secret: denied, ..Flaw::at(&place, path, words) });
                        return None;
                    }
                }
            }
        };
        Some((place, secret))
    }

    fn of_file(&self, file: &Path, guard: Guard) -> Result<SecretString, Words> {
        let text = secret_file::read(file, guard)?;
        if let Some(key) = keys::find(self.text) {
            key.kind.of_text(&text)?;
        }
        Ok(SecretString::from(text.as_str()))
    }
}

/// Whether a credential is what systemd made of the file that a key names: one place, not two. The service itself may then
/// not be able to read that file, which is what credentials are for.
fn is_copy(credential: &Path, file: &Path) -> bool {
    let read = |path, guard| secret_file::read(path, guard);
    is_denied(file)
        || matches!((read(file, Guard::Mode), read(credential, Guard::Systemd)), (Ok(one), Ok(other)) if one == other)
}

/// Whether the file is there for others, as the server's secrets are for its user, or root.
fn is_denied(file: &Path) -> bool {
    // Not blocking, as a pipe would be.
    let opened = rustix::fs::open(file, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    opened.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn twice(path: &str, other: &str, place: &Place) -> Flaw {
    Flaw::at(
        place,
        path,
        words(format!("已在 {other} 给出；只能保留一处"), format!("given already by {other}; keep one of them")),
    )
}

/// A secret inside the configuration file makes the whole file one.
fn warn_of_readers(place: &Place, key: &str, notes: &mut Notes) {
    let Place::File { path, .. } = place else { return };
    notes.secret_files.push(path.to_path_buf());
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        let chmod = format!("chmod 600 {}", secret_file::quoted(path));
        let words = words(format!("其他用户能读到；请执行 {chmod}"), format!("others can read it; run {chmod}"));
        notes.warnings.push(Flaw::at(place, key, words));
    }
}
