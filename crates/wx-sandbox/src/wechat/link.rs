//! Ways into the mini program from outside: URL link, URL scheme, short link.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Request, access};
use crate::quotas::DAY;
use crate::state::State;

/// No link lives longer, in days.
const LONGEST_DAYS: i64 = 30;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    path: String,
    query: String,
    env_version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expiry {
    #[serde(rename = "expire_type")]
    kind: i64,
    #[serde(rename = "expire_time")]
    at: i64,
    #[serde(rename = "expire_interval")]
    days: i64,
}

#[derive(Deserialize)]
struct UrlLink {
    #[serde(flatten)]
    target: Target,
    #[serde(flatten)]
    expiry: Expiry,
}

#[derive(Deserialize)]
struct UrlScheme {
    #[serde(default)]
    jump_wxa: Target,
    #[serde(flatten)]
    expiry: Expiry,
}

#[derive(Deserialize)]
struct ShortLink {
    #[serde(default)]
    page_url: String,
    #[serde(default)]
    page_title: String,
}

pub(super) fn url_link(state: &mut State, request: &Request) -> Answer {
    access::appid(state, request)?;
    let UrlLink { target, expiry } = access::posted(request)?;
    check(&target, &expiry, state.clock.now())?;
    let link = format!("https://wxaurl.cn/{}", state.random.hex::<6>());
    Ok(json!({ "errcode": 0, "errmsg": "ok", "url_link": link }).to_string())
}

pub(super) fn url_scheme(state: &mut State, request: &Request) -> Answer {
    access::appid(state, request)?;
    let UrlScheme { jump_wxa, expiry } = access::posted(request)?;
    check(&jump_wxa, &expiry, state.clock.now())?;
    let link = format!("weixin://dl/business/?t={}", state.random.hex::<6>());
    Ok(json!({ "errcode": 0, "errmsg": "ok", "openlink": link }).to_string())
}

pub(super) fn short_link(state: &mut State, request: &Request) -> Answer {
    access::appid(state, request)?;
    let ShortLink { page_url, page_title } = access::posted(request)?;
    if page_url.is_empty() || page_url.starts_with('/') {
        return Err(40066);
    }
    let title = if page_title.is_empty() { "小程序" } else { &page_title };
    let link = format!("#小程序://{title}/{}", state.random.hex::<6>());
    Ok(json!({ "errcode": 0, "errmsg": "ok", "link": link }).to_string())
}

fn check(target: &Target, expiry: &Expiry, now: i64) -> Result<(), i64> {
    if target.path.contains('?') || target.path.len() > 1024 {
        return Err(40165);
    }
    if target.query.len() > 1024 {
        return Err(40212);
    }
    if !matches!(target.env_version.as_deref(), None | Some("release" | "trial" | "develop")) {
        return Err(85402);
    }
    let lives = match expiry.kind {
        // Left out, a link lives as long as it can.
        0 => expiry.at == 0 || (now + 1..=now + LONGEST_DAYS * DAY).contains(&expiry.at),
        1 => (1..=LONGEST_DAYS).contains(&expiry.days),
        _ => false,
    };
    if lives { Ok(()) } else { Err(85401) }
}
