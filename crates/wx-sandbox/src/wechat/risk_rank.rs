//! getUserRiskRank: `POST /wxa/getuserriskrank?access_token`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Answer, Request, access};
use crate::open_data::json;
use crate::state::State;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    appid: String,
    #[serde(default)]
    openid: String,
    scene: Option<i64>,
    #[serde(default)]
    client_ip: String,
}

/// `unoin_id` is WeChat's spelling, and this `errmsg` is not "ok".
#[derive(Serialize)]
struct Success {
    errcode: i64,
    errmsg: &'static str,
    risk_rank: u8,
    unoin_id: u32,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let body: Body = access::posted(request)?;
    if body.appid != appid {
        return Err(40013);
    }
    if !matches!(body.scene, Some(0..=2)) {
        return Err(40129);
    }
    if body.client_ip.parse::<IpAddr>().is_err() {
        return Err(40097);
    }
    access::active_openid(state, &appid, &body.openid, 43104)?;
    let risk_rank = access::user_of(state, &appid, &body.openid).map_or(0, |user| user.risk_rank);
    let unoin_id = u32::from_le_bytes(state.random.bytes());
    Ok(json(&Success { errcode: 0, errmsg: "getuserriskrank succ", risk_rank, unoin_id }))
}
