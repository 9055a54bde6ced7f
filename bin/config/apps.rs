//! The apps: what the sources say of each, and where its secrets come from. Their values never meet figment.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use figment::value::Value;
use secrecy::{ExposeSecret, SecretString};

use super::checks;
use super::flaw::{Flaw, Place};
use super::keys::{self, Key};
use super::secret_file::{self, Guard};
use crate::lang::{Words, words};

/// One mini program.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) appid: String,
    pub(crate) secret: SecretString,
    /// What message push needs, if it is used.
    pub(crate) push: Option<Push>,
    pub(super) appid_place: Place,
    pub(super) secret_place: Place,
}

/// `[app.push]`
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) token: SecretString,
    pub(crate) encoding_aes_key: SecretString,
    pub(super) token_place: Place,
    pub(super) key_place: Place,
}

/// What one source says of one app, before it is complete.
pub(super) struct Draft {
    /// Where the app begins.
    place: Place,
    /// All that was given for each key. A second one is a second place, `None` one with a flaw already told.
    given: BTreeMap<&'static str, Vec<(Place, Option<SecretString>)>>,
    pub(super) has_push: bool,
}

impl Draft {
    pub(super) fn new(place: Place) -> Self {
        Self { place, given: BTreeMap::new(), has_push: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    pub(super) fn set(&mut self, key: &'static Key, place: Place, value: Result<Value, Words>, flaws: &mut Vec<Flaw>) {
        self.has_push |= key.path.starts_with("app.push.");
        let value = value.map_or_else(
            |words| {
                flaws.push(Flaw::at(&place, key.path, words));
                None
            },
            |value| value.into_string().map(SecretString::from),
        );
        self.given.entry(key.path).or_default().push((place, value));
    }

    /// Adds what the variables say. The appid is theirs; a secret that is here already has two places now.
    fn join(&mut self, variables: Self) {
        self.has_push |= variables.has_push;
        for (path, mut values) in variables.given {
            let mine = self.given.entry(path).or_default();
            if path == "app.appid" {
                mine.clear();
            }
            mine.append(&mut values);
        }
    }

    fn take(&mut self, path: &str) -> Vec<(Place, Option<SecretString>)> {
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
    let shared = credentials.map(|dir| dir.join("app_secret")).filter(|path| path.exists());
    if let (Some(path), true) = (&shared, drafts.len() > 1) {
        let words = words(
            "有多个 [[app]]，请命名为 app_secret_<appid>",
            "there are several [[app]]: name it app_secret_<appid>",
        );
        notes.flaws.push(Flaw::at(&Place::Credential(path.clone()), "app.secret", words));
    }
    let shared = shared.filter(|_| drafts.len() == 1);
    let apps: Vec<App> =
        drafts.into_iter().filter_map(|draft| complete(draft, credentials, shared.as_deref(), notes)).collect();
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
                         或设置 WXGATE_APP__APPID 和 WXGATE_APP__SECRET；`wxgate config template` 给出范例";
const NO_APP_EN: &str = "no app is configured: write [[app]] with appid and secret_file into wxgate.toml, \
                         or set WXGATE_APP__APPID and WXGATE_APP__SECRET; `wxgate config template` prints an example";

/// What is wrong, and what is only worth knowing.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) flaws: Vec<Flaw>,
    pub(super) warnings: Vec<Flaw>,
}

fn complete(mut draft: Draft, credentials: Option<&Path>, shared: Option<&Path>, notes: &mut Notes) -> Option<App> {
    let appid = draft.take("app.appid").pop();
    if appid.is_none() {
        notes.flaws.push(Flaw::at(&draft.place, "app.appid", words("缺少 appid", "missing: say which app this is")));
    }
    let (appid_place, appid) = appid.unzip();
    let appid = appid.flatten();
    let own =
        credentials.zip(appid.as_ref()).map(|(dir, appid)| dir.join(format!("app_secret_{}", appid.expose_secret())));
    let own = own.filter(|path| path.exists());
    let credentials = [own.as_deref(), shared].into_iter().flatten();
    let secret = Secret { text: "app.secret", file: "app.secret_file" }.read(&mut draft, credentials, notes);
    let push = if draft.has_push { push(&mut draft, notes) } else { None };
    let (secret_place, secret) = secret?;
    if !checks::usual_secret(secret.expose_secret()) {
        let words = words(
            "不像 AppSecret（通常为 32 位小写十六进制）",
            "unlike an AppSecret, which has 32 lowercase hexadecimal digits",
        );
        notes.warnings.push(Flaw::at(&secret_place, "app.secret", words));
    }
    Some(App { appid: appid?.expose_secret().to_owned(), secret, push, appid_place: appid_place?, secret_place })
}

fn push(draft: &mut Draft, notes: &mut Notes) -> Option<Push> {
    let token = draft.take("app.push.token");
    let token = match token.as_slice() {
        [(place, value)] => value.clone().map(|value| (place.clone(), value)),
        [(first, _), (second, _), ..] => {
            notes.flaws.push(twice("app.push.token", &first.to_string(), second));
            None
        }
        [] => {
            notes.flaws.push(Flaw::at(&draft.place, "app.push.token", words("缺少 token", "missing")));
            None
        }
    };
    let key = Secret { text: "app.push.encoding_aes_key", file: "app.push.encoding_aes_key_file" };
    let (key_place, encoding_aes_key) = key.read(draft, std::iter::empty(), notes)?;
    let (token_place, token) = token?;
    Some(Push { token, encoding_aes_key, token_place, key_place })
}

/// A secret that stands as text under one key, in a file named by another, or in a credential: in one place only.
struct Secret {
    text: &'static str,
    file: &'static str,
}

enum Source {
    Text(SecretString),
    File(PathBuf, Guard),
}

impl Secret {
    fn read<'a>(
        &self,
        draft: &mut Draft,
        credentials: impl Iterator<Item = &'a Path>,
        notes: &mut Notes,
    ) -> Option<(Place, SecretString)> {
        let texts = draft.take(self.text).into_iter().map(|(place, value)| (self.text, place, value.map(Source::Text)));
        let files = draft.take(self.file).into_iter().map(|(place, value)| {
            (self.file, place, value.map(|path| Source::File(path.expose_secret().into(), Guard::Mode)))
        });
        let credentials = credentials.map(|path| {
            (self.text, Place::Credential(path.to_owned()), Some(Source::File(path.to_owned(), Guard::Systemd)))
        });
        let mut sources: Vec<_> = texts.chain(files).chain(credentials).collect();
        let Some((path, place, source)) = sources.pop() else {
            let words = words(
                format!("缺少：请写 {} 或 {}", self.text, self.file),
                format!("missing: write {} or {}", self.text, self.file),
            );
            notes.flaws.push(Flaw::at(&draft.place, self.text, words));
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
            Source::File(file, guard) => match self.of_file(&file, guard) {
                Ok(secret) => secret,
                Err(words) => {
                    notes.flaws.push(Flaw::at(&place, path, words));
                    return None;
                }
            },
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
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        let chmod = format!("chmod 600 {}", secret_file::quoted(path));
        let words = words(format!("其他用户能读到；请执行 {chmod}"), format!("others can read it; run {chmod}"));
        notes.warnings.push(Flaw::at(place, key, words));
    }
}
