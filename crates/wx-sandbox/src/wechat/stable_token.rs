//! getStableAccessToken: `POST /cgi-bin/stable_token` with `{grant_type, appid, secret, force_refresh?}`.

use serde::Deserialize;

use super::access::{Credentials, posted};
use super::{Answer, Request, token};
use crate::quotas::{DAY, MINUTE};
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(flatten)]
    credentials: Credentials,
    #[serde(default)]
    force_refresh: bool,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let Body { credentials, force_refresh } = posted(request)?;
    credentials.check_app(state)?;
    credentials.check_grant("client_credential")?;
    let (appid, now, limits) = (&credentials.appid, state.clock.now(), state.settings.limits);
    if !state.quotas.allow("stable_token", appid, MINUTE, limits.stable_token_per_minute, now) {
        return Err(45011);
    }
    if !state.quotas.allow("stable_token, daily", appid, DAY, limits.stable_token_per_day, now) {
        return Err(45009);
    }
    // Too soon after the last one, a forced refresh refreshes nothing, and does not count as one either.
    if !force_refresh || !state.tokens.may_force(appid, now) {
        return Ok(token::success(state.tokens.stable(appid, now, &mut state.random)));
    }
    if !state.quotas.allow("force_refresh", appid, DAY, limits.forced_refresh_per_day, now) {
        return Err(45009);
    }
    Ok(token::success(state.tokens.force(appid, now, &mut state.random)))
}
