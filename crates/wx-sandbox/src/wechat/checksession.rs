//! auth.checkSessionKey: `GET /wxa/checksession?access_token&openid&signature&sig_method=hmac_sha256`.

use wxgate_crypto::signature::login_state;

use super::{Answer, Request, access};
use crate::state::State;

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    signed_openid(state, request)?;
    Ok(r#"{"errcode":0,"errmsg":"ok"}"#.to_owned())
}

/// The openid whose living session_key made the signature.
pub(super) fn signed_openid<'a>(state: &State, request: &'a Request) -> Result<(String, &'a str), i64> {
    let appid = access::appid(state, request)?;
    if request.query("sig_method") != Some("hmac_sha256") {
        return Err(87008);
    }
    let openid = request.query("openid").ok_or(40003)?;
    let session = state.sessions.get(openid).filter(|session| session.appid == appid).ok_or(40003)?;
    if session.expires_at <= state.clock.now() {
        return Err(87007);
    }
    let signature = request.query("signature").ok_or(87009)?;
    if signature != login_state(&session.key, b"") {
        return Err(87009);
    }
    Ok((appid, openid))
}
