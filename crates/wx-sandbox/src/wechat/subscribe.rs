//! subscribeMessage.send: `POST /cgi-bin/message/subscribe/send?access_token`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Answer, Request, access};
use crate::open_data::json;
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    touser: String,
    #[serde(default)]
    template_id: String,
    #[serde(default)]
    data: Map<String, Value>,
}

#[derive(Serialize)]
struct Success {
    errcode: i64,
    errmsg: &'static str,
    msgid: u64,
}

/// Uses up one of the times that the user allowed this template.
pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Body { touser, template_id, data } = access::posted(request)?;
    access::known_openid(state, &appid, &touser, 40003)?;
    if template_id.is_empty() {
        return Err(40037);
    }
    if data.is_empty() || !data.iter().all(|(name, value)| fits(name, value)) {
        return Err(47003);
    }
    let allowed = state.subscriptions.get_mut(&(touser, template_id)).filter(|left| **left > 0).ok_or(43101)?;
    *allowed -= 1;
    let msgid = u64::from(u32::from_le_bytes(state.random.bytes())) << 21;
    Ok(json(&Success { errcode: 0, errmsg: "ok", msgid }))
}

/// Whether a keyword's value is one, and as short as the keyword's kind allows: characters, `thing1` being a `thing`.
fn fits(name: &str, keyword: &Value) -> bool {
    let Some(value) = keyword["value"].as_str().filter(|value| !value.is_empty()) else { return false };
    let most = match name.trim_end_matches(|char: char| char.is_ascii_digit()) {
        "thing" | "name" => 20,
        "number" | "letter" | "character_string" => 32,
        "symbol" | "phrase" => 5,
        "phone_number" => 17,
        "car_number" => 8,
        _ => usize::MAX,
    };
    value.chars().count() <= most
}
