//! `[app.api_security]`: the keys with which an app's calls to WeChat are encrypted and signed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use wxgate_crypto::api_security::{Party, SigningKey, SymmetricKey, VerifyingKey};

use super::apps::{Draft, Notes};
use super::flaw::{Flaw, Place};
use super::secret::{Credentials, Secret};
use super::secret_file::{self, Guard};
use crate::lang::words;

pub(super) const SYMMETRIC_KEY: Secret = Secret {
    text: "app.api_security.symmetric_key",
    file: "app.api_security.symmetric_key_file",
    credential: "api_symmetric_key",
    required: true,
};
pub(super) const PRIVATE_KEY: Secret = Secret {
    text: "app.api_security.private_key",
    file: "app.api_security.private_key_file",
    credential: "api_private_key",
    required: true,
};
const SYMMETRIC_SERIAL: &str = "app.api_security.symmetric_serial";
const OWN_SERIAL: &str = "app.api_security.own_serial";
const WECHAT: [&str; 2] = ["app.api_security.wechat_serial", "app.api_security.wechat_certificate_file"];
/// The one before a change, for as long as WeChat may still sign with it alone.
const PREVIOUS: [&str; 2] =
    ["app.api_security.previous_wechat_serial", "app.api_security.previous_wechat_certificate_file"];

/// The keys of one app, and where each value stands.
pub(crate) struct ApiSecurity {
    pub(crate) party: Party,
    /// What is no secret.
    pub(super) shown: Vec<(&'static str, String, Place)>,
    /// Where the secrets stand.
    pub(super) secrets: [(&'static str, SecretString, Place); 2],
}

impl fmt::Debug for ApiSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiSecurity").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// Reads the section if the app has it; then all of it is needed, but the certificate before.
pub(super) fn read(
    draft: &mut Draft,
    appid: Option<&SecretString>,
    credentials: &Credentials<'_>,
    notes: &mut Notes,
) -> Option<ApiSecurity> {
    if !draft.says("api_security") {
        return None;
    }
    let mut shown = Vec::new();
    let symmetric_serial = required(draft, SYMMETRIC_SERIAL, notes, &mut shown);
    let symmetric = SYMMETRIC_KEY.read(draft, appid, credentials, notes);
    let own_serial = required(draft, OWN_SERIAL, notes, &mut shown);
    let own = PRIVATE_KEY.read(draft, appid, credentials, notes);
    let wechat = certificate(draft, WECHAT, notes, &mut shown);
    let has_previous = PREVIOUS.iter().any(|key| draft.has(key));
    let previous = if has_previous { Some(certificate(draft, PREVIOUS, notes, &mut shown)?) } else { None };
    let ((symmetric_place, symmetric), (own_place, own)) = (symmetric?, own?);
    let party = Party {
        symmetric: SymmetricKey::parse(&symmetric_serial?, symmetric.expose_secret()).ok()?,
        own: SigningKey::parse(&own_serial?, own.expose_secret()).ok()?,
        others: [wechat?].into_iter().chain(previous).collect(),
    };
    let secrets = [(SYMMETRIC_KEY.text, symmetric, symmetric_place), (PRIVATE_KEY.text, own, own_place)];
    Some(ApiSecurity { party, shown, secrets })
}

/// The last value given for `key`, which the table of keys has checked.
fn required(
    draft: &mut Draft,
    key: &'static str,
    notes: &mut Notes,
    shown: &mut Vec<(&'static str, String, Place)>,
) -> Option<String> {
    let Some((place, value)) = draft.take(key).pop() else {
        let words = words("缺少：[app.api_security] 须填写此项", "missing: [app.api_security] needs it");
        notes.flaws.push(Flaw::at(draft.place(), key, words));
        return None;
    };
    let value = value?.expose_secret().to_owned();
    shown.push((key, value.clone(), place));
    Some(value)
}

/// A key of WeChat's. It is public: anybody may read its file.
fn certificate(
    draft: &mut Draft,
    [serial, file]: [&'static str; 2],
    notes: &mut Notes,
    shown: &mut Vec<(&'static str, String, Place)>,
) -> Option<VerifyingKey> {
    let serial = required(draft, serial, notes, shown);
    let path = required(draft, file, notes, shown)?;
    let place = shown.last().map(|(.., place)| place.clone())?;
    let text = match secret_file::read(path.as_ref(), Guard::Systemd) {
        Ok(text) => text,
        Err(words) => {
            notes.flaws.push(Flaw::at(&place, file, words));
            return None;
        }
    };
    let key = VerifyingKey::parse(&serial?, &text);
    if key.is_err() {
        let words = words(
            format!("{path}：应为 PEM 格式的微信平台证书或公钥（RSA，2048 位以上）"),
            format!("{path}: expected WeChat's certificate or public key in PEM, RSA of 2048 bits or more"),
        );
        notes.flaws.push(Flaw::at(&place, file, words));
    }
    key.ok()
}
