//! getUserEncryptKey: `GET|POST /wxa/business/getuserencryptkey?access_token&openid&signature&sig_method=hmac_sha256`.

use serde::Serialize;

use super::checksession::signed_openid;
use super::{Answer, Request};
use crate::UserKey;
use crate::open_data::json;
use crate::state::State;

#[derive(Serialize)]
struct Success {
    errcode: i64,
    errmsg: &'static str,
    key_info_list: Vec<KeyInfo>,
}

#[derive(Serialize)]
struct KeyInfo {
    encrypt_key: String,
    version: u32,
    expire_in: i64,
    iv: String,
    create_time: i64,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let (_, openid) = signed_openid(state, request)?;
    let now = state.clock.now();
    let info = |key: &UserKey| KeyInfo {
        encrypt_key: key.encrypt_key.clone(),
        version: key.version,
        expire_in: (key.expires_at - now).max(0),
        iv: key.iv.clone(),
        create_time: key.expires_at - UserKey::LIFE_SECONDS,
    };
    let key_info_list = state.user_keys(openid).iter().map(info).collect();
    Ok(json(&Success { errcode: 0, errmsg: "ok", key_info_list }))
}
