//! auth.code2Session: `GET /sns/jscode2session?appid&secret&js_code&grant_type`.

use serde::Serialize;

use super::access::Credentials;
use super::{Answer, Request};
use crate::codes::Kind;
use crate::identity;
use crate::open_data::json;
use crate::quotas::MINUTE;
use crate::state::State;

/// In the order seen on the wire, where neither errcode nor errmsg stands.
#[derive(Serialize)]
struct Success<'a> {
    session_key: &'a str,
    openid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let credentials = Credentials::in_query(request);
    credentials.check_app(state)?;
    let js_code = request.query("js_code").ok_or(41008)?;
    credentials.check_grant("authorization_code")?;
    exchange(state, &credentials.appid, js_code)
}

/// Uses the code up if, and only if, the answer is a success.
fn exchange(state: &mut State, appid: &str, js_code: &str) -> Answer {
    let now = state.clock.now();
    let code =
        state.codes.get_mut(js_code).filter(|code| code.kind == Kind::Login && code.appid == appid).ok_or(40029)?;
    let openid = identity::openid(&code.user, appid);
    let limit = state.settings.limits.code2session_per_minute;
    if !state.quotas.allow("jscode2session", &openid, MINUTE, limit, now) {
        return Err(45011);
    }
    if code.used {
        return Err(40163);
    }
    if code.is_expired(now) {
        return Err(state.settings.expired_code);
    }
    if code.blocked || state.users.get(&code.user).is_some_and(|user| user.blocked) {
        return Err(40226);
    }
    code.used = true;
    let bound = state.apps.get(appid).is_some_and(|app| app.open_platform);
    let unionid = bound.then(|| identity::unionid(&code.user));
    Ok(json(&Success { session_key: code.session_key.expose(), openid, unionid }))
}
