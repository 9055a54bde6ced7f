//! getRidInfo: `POST /cgi-bin/openapi/rid/get?access_token` with `{rid}`. What may be secret in the request it tells of
//! is `***`.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Request, access};
use crate::open_data;
use crate::quotas::DAY;
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    rid: String,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Body { rid } = access::posted(request)?;
    if !is_rid(&rid) {
        return Err(76002);
    }
    let call = state.calls.refused_with(&rid).filter(|call| !call.path.starts_with("/sns/")).ok_or(76001)?;
    if call.appid.as_ref() != Some(&appid) {
        return Err(76003);
    }
    if state.clock.now() - call.at > 7 * DAY {
        return Err(76004);
    }
    let query: Vec<String> = call.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let response = json!({ "errcode": call.errcode, "errmsg": call.errmsg });
    let request = json!({
        "invoke_time": call.at,
        "cost_in_ms": 30,
        "request_url": format!("{}?{}", call.path.trim_start_matches('/'), query.join("&")),
        "request_body": open_data::json(&call.body),
        "response_body": response.to_string(),
        "client_ip": "127.0.0.1",
    });
    Ok(json!({ "errcode": 0, "errmsg": "ok", "request": request }).to_string())
}

fn is_rid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_group =
        |group: &&str| group.len() == 8 && group.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    groups.len() == 3 && groups.iter().all(is_group)
}
