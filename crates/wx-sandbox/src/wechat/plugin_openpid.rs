//! getPluginOpenPId: `POST /wxa/getpluginopenpid?access_token` with `{code}` of wx.pluginLogin.

use serde::{Deserialize, Serialize};

use super::{Answer, Request, access};
use crate::codes::Kind;
use crate::identity;
use crate::open_data::json;
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    code: String,
}

#[derive(Serialize)]
struct Success {
    errcode: i64,
    errmsg: &'static str,
    openpid: String,
}

/// Whatever is wrong with a code is 1007, no data: that is what a code of wx.login gets.
pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Body { code } = access::posted(request).map_err(|errcode| if errcode == 47001 { 1022 } else { errcode })?;
    if code.is_empty() {
        return Err(1001);
    }
    let now = state.clock.now();
    let code =
        state.codes.get_mut(&code).filter(|code| code.kind == Kind::Plugin && code.appid == appid).ok_or(1007)?;
    if code.used || code.is_expired(now) {
        return Err(1007);
    }
    code.used = true;
    Ok(json(&Success { errcode: 0, errmsg: "ok", openpid: identity::openpid(&code.user, &appid) }))
}
