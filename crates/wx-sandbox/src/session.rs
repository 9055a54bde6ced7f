use std::collections::hash_map::Entry;

use wxgate_crypto::SessionKey;

use crate::state::State;
use crate::{Error, Rotation, identity};

/// The login state of one user in one app: a single session_key is valid at any moment (WeChat: auth.checkSessionKey).
pub(crate) struct Session {
    pub(crate) appid: String,
    pub(crate) key: SessionKey,
    pub(crate) expires_at: i64,
    /// When the user last did something in the app.
    pub(crate) used_at: i64,
    rotated_at: i64,
}

impl Session {
    fn is_due(&self, rotation: Rotation, now: i64) -> bool {
        let by_policy = match rotation {
            Rotation::Always => true,
            Rotation::MinInterval(seconds) => now - self.rotated_at >= seconds,
            Rotation::Never => false,
        };
        by_policy || self.expires_at <= now
    }
}

impl State {
    /// The living session_key, replaced first if `rotation` says so or if there is none. Every use prolongs its life.
    pub(crate) fn session_key(&mut self, appid: &str, user: &str, rotation: Rotation) -> Result<SessionKey, Error> {
        self.app(appid)?;
        self.user(user)?;
        let now = self.clock.now();
        let session = match self.sessions.entry(identity::openid(user, appid)) {
            Entry::Occupied(entry) if !entry.get().is_due(rotation, now) => entry.into_mut(),
            entry => entry
                .insert_entry(Session {
                    appid: appid.to_owned(),
                    key: self.random.session_key(),
                    expires_at: now,
                    used_at: now,
                    rotated_at: now,
                })
                .into_mut(),
        };
        session.used_at = now;
        session.expires_at = now.saturating_add(self.settings.session_key_seconds);
        Ok(session.key.clone())
    }

    /// A new key in the place of the old one, with what is left of the old one's life.
    pub(crate) fn reset_session_key(&mut self, openid: &str) -> Option<SessionKey> {
        let session = self.sessions.get_mut(openid)?;
        session.key = self.random.session_key();
        session.rotated_at = self.clock.now();
        Some(session.key.clone())
    }

    /// Ends the life of the key, as weeks without a visit do. A new one comes with the next `wx.login`.
    pub(crate) fn expire_session_key(&mut self, appid: &str, user: &str) -> Result<(), Error> {
        self.session_key(appid, user, Rotation::Never)?;
        if let Some(session) = self.sessions.get_mut(&identity::openid(user, appid)) {
            session.expires_at = self.clock.now();
        }
        Ok(())
    }
}
