//! What somebody does in the mini program besides logging in, for the calls that need it to have happened.

use serde::Deserialize;
use serde_json::json;

use super::Verb;
use super::verbs::{WHO, Who, post, take, value};

pub(super) const GESTURES: &[Verb] = &[
    post("plugin", WHO, "{code, errMsg} of wx.pluginLogin", |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(json!({ "code": sandbox.plugin_login(&appid, &user)?, "errMsg": "pluginLogin:ok" }))
    }),
    post("user-key", WHO, "{encryptKey, iv, version, expireTime} of getLatestUserKey", |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(value(sandbox.user_key(&appid, &user)?))
    }),
    post("pay", WHO, "{transaction_id, mch_id, out_trade_no}, known for 5 minutes", |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(value(sandbox.pay(&appid, &user)?))
    }),
    post("subscribe", "{appid?, user?, template_id}", "{}: one more message of it may be sent", |sandbox, body| {
        let Subscription { template_id, appid, user } = take(body)?;
        let (appid, user) = Who { appid, user }.meant(sandbox)?;
        sandbox.subscribe(&appid, &user, &template_id)?;
        Ok(json!({}))
    }),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscription {
    template_id: String,
    appid: Option<String>,
    user: Option<String>,
}
