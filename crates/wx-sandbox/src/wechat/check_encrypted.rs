//! checkEncryptedData: `POST /wxa/business/checkencryptedmsg?access_token` with `{encrypted_msg_hash}`.

use serde::{Deserialize, Serialize};

use super::{Answer, Request, access};
use crate::open_data::json;
use crate::quotas::DAY;
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    encrypted_msg_hash: String,
}

/// `vaild` is WeChat's spelling.
#[derive(Serialize)]
struct Success {
    errcode: i64,
    errmsg: &'static str,
    vaild: bool,
    create_time: i64,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Body { encrypted_msg_hash: hash } = access::posted(request)?;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(40097);
    }
    let now = state.clock.now();
    let known = state.phone_hashes.get(&hash.to_ascii_lowercase());
    let known = known.filter(|known| known.appid == appid && now - known.created_at <= 3 * DAY).ok_or(1)?;
    Ok(json(&Success { errcode: 0, errmsg: "ok", vaild: true, create_time: known.created_at }))
}
