//! `[app.push]`: what message push needs, in the file or in credentials.

use secrecy::{ExposeSecret, SecretString};
use wxgate_crypto::push::{Channel, EncodingAesKey, PushToken};

use super::apps::{Draft, Notes};
use super::flaw::Place;
use super::secret::{Credentials, Secret};

pub(super) const TOKEN: Secret =
    Secret { text: "app.push.token", file: "app.push.token_file", credential: "push_token", required: true };
pub(super) const KEY: Secret = Secret {
    text: "app.push.encoding_aes_key",
    file: "app.push.encoding_aes_key_file",
    credential: "encoding_aes_key",
    required: true,
};
/// The one before a change in the console, for as long as WeChat may still use it.
pub(super) const PREVIOUS: Secret = Secret {
    text: "app.push.previous_encoding_aes_key",
    file: "app.push.previous_encoding_aes_key_file",
    credential: "previous_encoding_aes_key",
    required: false,
};

/// The message push of one app: its three secrets and where each stands.
#[derive(Debug)]
pub(crate) struct Push {
    pub(super) token: (Place, SecretString),
    pub(super) key: (Place, SecretString),
    pub(super) previous: Option<(Place, SecretString)>,
}

impl Push {
    /// The receiving end for `appid`.
    pub(crate) fn channel(&self, appid: &str) -> Result<Channel, wxgate_crypto::Error> {
        let key = |(_, key): &(Place, SecretString)| EncodingAesKey::parse(key.expose_secret());
        let channel = Channel::new(appid, PushToken::parse(self.token.1.expose_secret())?, key(&self.key)?);
        Ok(match &self.previous {
            Some(previous) => channel.with_previous(key(previous)?),
            None => channel,
        })
    }

    /// The keys under which its secrets are shown.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&'static str, &(Place, SecretString))> {
        let previous = self.previous.as_ref().map(|secret| (PREVIOUS.text, secret));
        [(TOKEN.text, &self.token), (KEY.text, &self.key)].into_iter().chain(previous)
    }
}

/// Reads the secrets if the app says anything of push.
pub(super) fn read(
    draft: &mut Draft,
    appid: Option<&SecretString>,
    credentials: &Credentials<'_>,
    notes: &mut Notes,
) -> Option<Push> {
    let has_credential = [&TOKEN, &KEY, &PREVIOUS].iter().any(|secret| secret.is_credential(credentials, appid));
    if !draft.says("push") && !has_credential {
        return None;
    }
    let token = TOKEN.read(draft, appid, credentials, notes);
    let key = KEY.read(draft, appid, credentials, notes);
    let previous = PREVIOUS.read(draft, appid, credentials, notes);
    Some(Push { token: token?, key: key?, previous })
}
