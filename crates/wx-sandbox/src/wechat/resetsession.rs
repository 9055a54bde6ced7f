//! auth.resetUserSessionKey: `GET /wxa/resetusersessionkey?access_token&openid&signature&sig_method=hmac_sha256`.

use serde::Serialize;

use super::checksession::signed_openid;
use super::{Answer, Request};
use crate::open_data::json;
use crate::quotas::MINUTE;
use crate::state::State;

#[derive(Serialize)]
struct Success<'a> {
    errcode: i64,
    errmsg: &'static str,
    openid: &'a str,
    session_key: &'a str,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let (appid, openid) = signed_openid(state, request)?;
    let (limit, now) = (state.settings.limits.reset_per_minute, state.clock.now());
    if !state.quotas.allow("resetusersessionkey", &appid, MINUTE, limit, now) {
        return Err(45011);
    }
    let key = state.reset_session_key(openid).ok_or(87007)?;
    Ok(json(&Success { errcode: 0, errmsg: "ok", openid, session_key: key.expose() }))
}
