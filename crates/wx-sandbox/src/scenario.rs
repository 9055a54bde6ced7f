use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codes::Kind;
use crate::state::State;
use crate::{Error, PhoneTap, Rotation};

/// Classic troubles, ready to be played against a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// `wx.login` is called inside the phone button's callback.
    FirstTapFails,
    /// A code that was exchanged before.
    UsedCode,
    /// A code that is older than five minutes.
    ExpiredCode,
    /// A code of another mini program.
    OtherApp,
    /// A form was decoded once too often.
    PlusBecameSpace,
    /// A person whose logins WeChat refuses.
    BlockedUser,
}

/// What a test needs to play a [`Scene`].
#[derive(Clone, Serialize)]
pub struct Scenario {
    /// Which one it is.
    pub scenario: Scene,
    /// The app to play it in.
    pub appid: String,
    /// Whose codes and data these are.
    pub user: String,
    /// In which order to send what, and what a good server does.
    pub how: &'static str,
    /// The code to log in with first.
    pub code: String,
    /// The code to log in with after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_code: Option<String>,
    /// The phone button's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneTap>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("scenario", &self.scenario).finish_non_exhaustive()
    }
}

impl Scene {
    fn how(self) -> &'static str {
        match self {
            Self::FirstTapFails => {
                "Log in with `code`; the phone data was sealed with the key that this gives. Then log in with `second_code`, which \
                 gives a new key, and only then send `phone` in that session: a server that forgot the first key cannot open it."
            }
            Self::UsedCode => "Log in with `code`: WeChat answers 40163, and a new wx.login is needed.",
            Self::ExpiredCode => "Log in with `code`: it is 301 seconds old and WeChat answers 40029.",
            Self::OtherApp => "Log in to this app with `code`: another mini program made it and WeChat answers 40029.",
            Self::PlusBecameSpace => {
                "Log in with `code`, then send `phone`: each plus of its base64 has become a space. A server that puts them back opens it."
            }
            Self::BlockedUser => {
                "Log in with `code`: WeChat answers 40226, and no other code of this person will do better."
            }
        }
    }
}

impl State {
    pub(crate) fn scenario(&mut self, scene: Scene, appid: &str, user: &str) -> Result<Scenario, Error> {
        let code = self.login(appid, user)?;
        let (mut second_code, mut phone) = (None, None);
        match scene {
            Scene::FirstTapFails => {
                phone = Some(self.phone(appid, user)?);
                let new_key = self.session_key(appid, user, Rotation::Always)?;
                second_code = Some(self.mint_code(Kind::Login, appid, user, new_key));
            }
            Scene::PlusBecameSpace => phone = Some(self.phone_with_a_plus(appid, user)?),
            Scene::UsedCode | Scene::ExpiredCode | Scene::OtherApp | Scene::BlockedUser => self.spoil(scene, &code),
        }
        let (appid, user) = (appid.to_owned(), user.to_owned());
        Ok(Scenario { scenario: scene, appid, user, how: scene.how(), code, second_code, phone })
    }

    fn spoil(&mut self, scene: Scene, code: &str) {
        let elsewhere = format!("wx{}", self.random.hex::<8>());
        let Some(code) = self.codes.get_mut(code) else { return };
        match scene {
            Scene::UsedCode => code.used = true,
            Scene::ExpiredCode => code.issued_at -= 301,
            Scene::OtherApp => code.appid = elsewhere,
            Scene::BlockedUser => code.blocked = true,
            Scene::FirstTapFails | Scene::PlusBecameSpace => {}
        }
    }

    /// Nearly every payload has a plus; the rest are tapped again.
    fn phone_with_a_plus(&mut self, appid: &str, user: &str) -> Result<PhoneTap, Error> {
        loop {
            let mut tap = self.phone(appid, user)?;
            if tap.data.encrypted_data.contains('+') {
                tap.data.encrypted_data = tap.data.encrypted_data.replace('+', " ");
                tap.data.iv = tap.data.iv.replace('+', " ");
                return Ok(tap);
            }
        }
    }
}
