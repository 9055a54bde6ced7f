//! What comes before an interface's own business: credentials, method and body, in WeChat's order of checks.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Request;
use crate::session::Session;
use crate::state::State;
use crate::{User, identity};

/// How long somebody who used the mini program counts as active.
const ACTIVE_SECONDS: i64 = 2 * 3600;

/// The app that an `access_token` in the query speaks for. One in the body counts as missing.
pub(super) fn appid(state: &State, request: &Request) -> Result<String, i64> {
    let token = request.query("access_token").ok_or(41001)?;
    state.tokens.appid(token, state.clock.now()).map(str::to_owned)
}

/// The JSON body of an interface that takes nothing but POST.
pub(super) fn posted<T: DeserializeOwned>(request: &Request) -> Result<T, i64> {
    if !request.is_post() {
        return Err(43002);
    }
    if request.body.is_empty() {
        return Err(44002);
    }
    serde_json::from_slice(&request.body).map_err(|_| 47001)
}

/// Somebody who has used the app; anybody else is refused with `errcode`.
pub(super) fn known_openid<'a>(state: &'a State, appid: &str, openid: &str, errcode: i64) -> Result<&'a Session, i64> {
    state.sessions.get(openid).filter(|session| session.appid == appid).ok_or(errcode)
}

/// Somebody who used the app in the last two hours.
pub(super) fn active_openid(state: &State, appid: &str, openid: &str, errcode: i64) -> Result<(), i64> {
    let session = known_openid(state, appid, openid, errcode)?;
    if state.clock.now() - session.used_at <= ACTIVE_SECONDS { Ok(()) } else { Err(61010) }
}

pub(super) fn user_of<'a>(state: &'a State, appid: &str, openid: &str) -> Option<&'a User> {
    state.users.values().find(|user| identity::openid(&user.id, appid) == openid)
}

/// What proves that an app asks, in the query or in the body.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Credentials {
    pub(super) appid: String,
    pub(super) secret: String,
    pub(super) grant_type: String,
}

impl Credentials {
    pub(super) fn in_query(request: &Request) -> Self {
        let value = |name| request.query(name).unwrap_or_default().to_owned();
        Self { appid: value("appid"), secret: value("secret"), grant_type: value("grant_type") }
    }

    /// The appid comes before everything else (seen on cgi-bin/token).
    pub(super) fn check_app(&self, state: &State) -> Result<(), i64> {
        if self.appid.is_empty() {
            return Err(41002);
        }
        let app = state.app(&self.appid).map_err(|_| 40013)?;
        if self.secret.is_empty() {
            return Err(41004);
        }
        if self.secret != app.secret {
            return Err(40125);
        }
        Ok(())
    }

    pub(super) fn check_grant(&self, grant_type: &str) -> Result<(), i64> {
        if self.grant_type == grant_type { Ok(()) } else { Err(40002) }
    }
}
