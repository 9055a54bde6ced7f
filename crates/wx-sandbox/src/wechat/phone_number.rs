//! phonenumber.getPhoneNumber: `POST /wxa/business/getuserphonenumber?access_token` with `{code, openid?}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Request, access};
use crate::codes::Kind;
use crate::identity;
use crate::open_data::{Watermark, json};
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    code: String,
    openid: Option<String>,
}

#[derive(Serialize)]
struct Success<'a> {
    errcode: i64,
    errmsg: &'static str,
    phone_info: PhoneInfo<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhoneInfo<'a> {
    phone_number: String,
    pure_phone_number: &'a str,
    country_code: Value,
    watermark: Watermark<'a>,
}

/// Uses the code up if, and only if, the answer is a success.
pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Body { code, openid } = access::posted(request)?;
    if code.is_empty() {
        return Err(41008);
    }
    let now = state.clock.now();
    let code = state.codes.get_mut(&code).filter(|code| code.kind == Kind::Phone).ok_or(40029)?;
    // WeChat has no errcode of its own for a used phone code, nor for one of another person.
    let others = openid.is_some_and(|openid| openid != identity::openid(&code.user, &appid));
    if code.appid != appid {
        return Err(40013);
    }
    if code.used || code.is_expired(now) || others {
        return Err(40029);
    }
    let user = state.users.get(&code.user).ok_or(40029)?;
    let numeric = state.apps.get(&appid).is_some_and(|app| app.numeric_country_code);
    let number = user.country_code.parse::<u32>().ok().filter(|_| numeric);
    code.used = true;
    let phone_info = PhoneInfo {
        phone_number: user.full_number(),
        pure_phone_number: &user.phone,
        country_code: number.map_or_else(|| user.country_code.clone().into(), Value::from),
        // The moment of the tap, not of this call.
        watermark: Watermark { timestamp: code.issued_at, appid: &appid },
    };
    Ok(json(&Success { errcode: 0, errmsg: "ok", phone_info }))
}
