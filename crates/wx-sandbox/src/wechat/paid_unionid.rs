//! getPaidUnionid: `GET /wxa/getpaidunionid?access_token&openid` with `transaction_id`, or `mch_id` and `out_trade_no`.

use serde::Serialize;

use super::{Answer, Request, access};
use crate::Payment;
use crate::open_data::json;
use crate::state::State;

/// In the order of the documentation.
#[derive(Serialize)]
struct Success<'a> {
    unionid: &'a str,
    errcode: i64,
    errmsg: &'static str,
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let appid = access::appid(state, request)?;
    let openid = request.query("openid").ok_or(40003)?;
    access::known_openid(state, &appid, openid, 40003)?;
    if !state.apps.get(&appid).is_some_and(|app| app.open_platform) {
        return Err(89002);
    }
    let now = state.clock.now();
    let is_meant = |payment: &Payment| match request.query("transaction_id") {
        Some(id) => payment.transaction_id == id,
        None => {
            request.query("mch_id") == Some(&payment.mch_id)
                && request.query("out_trade_no") == Some(&payment.out_trade_no)
        }
    };
    let payment = state
        .payments
        .values()
        .find(|payment| payment.openid == openid && payment.is_known(now) && is_meant(payment))
        .ok_or(89300)?;
    Ok(json(&Success { unionid: &payment.unionid, errcode: 0, errmsg: "ok" }))
}
