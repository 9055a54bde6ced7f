//! Content security: msgSecCheck answers at once, mediaCheckAsync names a check whose result comes by message push.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Request, access};
use crate::MediaCheck;
use crate::state::State;

/// Words that are found in texts, with what is said of them: the suggestion and the label.
const WORDS: [(&str, &str, i64); 2] = [("SANDBOX-RISKY", "risky", 20006), ("SANDBOX-REVIEW", "review", 10001)];
const LONGEST_TEXT: usize = 2500;

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    content: String,
    #[serde(flatten)]
    case: Case,
}

#[derive(Deserialize)]
struct Media {
    #[serde(default, rename = "media_url")]
    url: String,
    #[serde(rename = "media_type")]
    kind: Option<i64>,
    #[serde(flatten)]
    case: Case,
}

#[derive(Deserialize)]
struct Case {
    version: Option<i64>,
    scene: Option<i64>,
    #[serde(default)]
    openid: String,
}

impl Case {
    fn check(&self, state: &State, appid: &str) -> Result<(), i64> {
        if self.version != Some(2) {
            return Err(40097);
        }
        if !matches!(self.scene, Some(1..=4)) {
            return Err(40129);
        }
        access::active_openid(state, appid, &self.openid, 40003)
    }
}

pub(super) fn text(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Text { content, case } = access::posted(request)?;
    case.check(state, &appid)?;
    match content.chars().count() {
        0 => return Err(40097),
        1..=LONGEST_TEXT => {}
        _ => return Err(45002),
    }
    let found = WORDS.into_iter().find(|(word, ..)| content.contains(word));
    let (keyword, suggest, label) = found.unwrap_or(("", "pass", 100));
    let mut detail =
        json!({ "strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90 });
    if !keyword.is_empty() {
        detail = json!({ "strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "level": 20, "keyword": keyword });
    }
    let trace_id = trace_id(state);
    let result = json!({ "suggest": suggest, "label": label });
    Ok(json!({ "errcode": 0, "errmsg": "ok", "result": result, "detail": [detail], "trace_id": trace_id }).to_string())
}

pub(super) fn media(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let Media { url, kind, case } = access::posted(request)?;
    case.check(state, &appid)?;
    if !matches!(kind, Some(1 | 2)) {
        return Err(40004);
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(40097);
    }
    let check = MediaCheck { trace_id: trace_id(state), appid, openid: case.openid, media_url: url };
    let answer = json!({ "errcode": 0, "errmsg": "ok", "trace_id": check.trace_id }).to_string();
    state.media_checks.insert(state.clock.now(), check.trace_id.clone(), check);
    Ok(answer)
}

/// Looks like a rid: the time, and two random groups.
fn trace_id(state: &mut State) -> String {
    format!("{:08x}-{}-{}", state.clock.now(), state.random.hex::<4>(), state.random.hex::<4>())
}
