//! getAccessToken: `GET /cgi-bin/token?grant_type=client_credential&appid&secret`.

use serde::Serialize;

use super::access::Credentials;
use super::{Answer, Request};
use crate::open_data::json;
use crate::quotas::DAY;
use crate::state::State;
use crate::tokens::Issued;

#[derive(Serialize)]
struct Success {
    access_token: String,
    expires_in: i64,
}

pub(super) fn success(issued: Issued) -> String {
    json(&Success { access_token: issued.token, expires_in: issued.remaining })
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let credentials = Credentials::in_query(request);
    credentials.check_app(state)?;
    credentials.check_grant("client_credential")?;
    let (appid, now) = (&credentials.appid, state.clock.now());
    if !state.quotas.allow("token", appid, DAY, state.settings.limits.token_per_day, now) {
        return Err(45009);
    }
    Ok(success(state.tokens.plain(appid, now, &mut state.random)))
}
