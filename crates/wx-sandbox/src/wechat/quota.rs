//! getApiQuota: `POST /cgi-bin/openapi/quota/get?access_token` with `{cgi_path}`.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Request, access, limits};
use crate::Endpoint;
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    cgi_path: String,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Body { cgi_path } = access::posted(request)?;
    if cgi_path.starts_with("/sns/") {
        return Err(76022);
    }
    let endpoint = Endpoint::at(&cgi_path).ok_or(76021)?;
    let (limit, used) = (limits::daily(endpoint).calls, limits::used(state, endpoint, &appid));
    let quota = json!({ "daily_limit": limit, "used": used, "remain": limit.saturating_sub(used) });
    let mut answer = json!({ "errcode": 0, "errmsg": "ok", "quota": quota });
    if let Some((calls, seconds)) = limits::rate(endpoint) {
        answer["rate_limit"] = json!({ "call_count": calls, "refresh_second": seconds });
    }
    Ok(answer.to_string())
}
