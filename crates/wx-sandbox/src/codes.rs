use wxgate_crypto::SessionKey;

use crate::state::State;
use crate::{Error, Rotation};

/// How long a code can be exchanged (WeChat: wx.login, phonenumber.getPhoneNumber).
const LIFE_SECONDS: i64 = 300;
/// How long a code is known at all. After that it is a stranger, 40029, even if it was used.
pub(crate) const REMEMBERED_SECONDS: i64 = 600;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Login,
    Phone,
    /// Of wx.pluginLogin.
    Plugin,
}

/// What a mini program holds for a moment to prove something to its server, once.
pub(crate) struct Code {
    pub(crate) kind: Kind,
    pub(crate) appid: String,
    pub(crate) user: String,
    /// The key that lived when the code was minted: the one an exchange gives, dead by then or not.
    pub(crate) session_key: SessionKey,
    pub(crate) issued_at: i64,
    pub(crate) used: bool,
    /// WeChat refuses this code for the person's sake (40226).
    pub(crate) blocked: bool,
}

impl Code {
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        now - self.issued_at > LIFE_SECONDS
    }
}

impl State {
    /// `wx.login`: may replace the session_key, and mints a code that carries the living one.
    pub(crate) fn login(&mut self, appid: &str, user: &str) -> Result<String, Error> {
        let session_key = self.session_key(appid, user, self.settings.rotation)?;
        Ok(self.mint_code(Kind::Login, appid, user, session_key))
    }

    /// `wx.pluginLogin`, in the one plugin there is.
    pub(crate) fn plugin_login(&mut self, appid: &str, user: &str) -> Result<String, Error> {
        let session_key = self.session_key(appid, user, Rotation::Never)?;
        Ok(self.mint_code(Kind::Plugin, appid, user, session_key))
    }

    pub(crate) fn mint_code(&mut self, kind: Kind, appid: &str, user: &str, session_key: SessionKey) -> String {
        let text = match kind {
            Kind::Login => self.random.login_code(),
            Kind::Phone | Kind::Plugin => self.random.hex::<32>(),
        };
        let issued_at = self.clock.now();
        let (appid, user) = (appid.to_owned(), user.to_owned());
        let code = Code { kind, appid, user, session_key, issued_at, used: false, blocked: false };
        self.codes.insert(issued_at, text.clone(), code);
        text
    }

    /// Lets every code that the user holds in this app grow too old.
    pub(crate) fn expire_codes(&mut self, appid: &str, user: &str) -> Result<(), Error> {
        self.app(appid)?;
        self.user(user)?;
        let expired = self.clock.now() - LIFE_SECONDS - 1;
        for code in self.codes.values_mut().filter(|code| code.appid == appid && code.user == user) {
            code.issued_at = code.issued_at.min(expired);
        }
        Ok(())
    }
}
