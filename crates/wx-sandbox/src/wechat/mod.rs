//! WeChat's side: what each interface answers. Everything here is a plain function of the state and a request.

mod access;
mod api_security;
mod check_encrypted;
mod checksession;
mod code2session;
mod content;
mod delivery;
mod encrypt_key;
mod limits;
mod link;
mod paid_unionid;
mod phone_number;
mod plugin_openpid;
mod qr_code;
mod quota;
mod refusal;
mod request;
mod resetsession;
mod rid;
mod risk_rank;
mod stable_token;
mod subscribe;
mod token;

pub(crate) use delivery::{Delivery, Reply, deliver};
pub(crate) use request::{Request, pairs};

use bytes::Bytes;

use crate::Endpoint;
use crate::state::State;

/// An interface's answer: the JSON of success, or the errcode of failure.
type Answer = Result<String, i64>;

/// What a success looks like on the wire.
enum Success {
    Json(String),
    Image(Image),
}

struct Image {
    content_type: &'static str,
    /// How many of an app's codes for life are made, where they are counted (the header `Num-Used`).
    num_used: Option<u32>,
    bytes: Bytes,
}

fn answer(state: &mut State, endpoint: Endpoint, request: &Request) -> Result<Success, i64> {
    if endpoint.takes_token() {
        let appid = access::appid(state, request)?;
        limits::count(state, endpoint, &appid)?;
    }
    let json = match endpoint {
        Endpoint::Code2Session => code2session::answer(state, request),
        Endpoint::Token => token::answer(state, request),
        Endpoint::StableToken => stable_token::answer(state, request),
        Endpoint::CheckSession => checksession::answer(state, request),
        Endpoint::ResetSessionKey => resetsession::answer(state, request),
        Endpoint::PhoneNumber => phone_number::answer(state, request),
        Endpoint::CheckEncrypted => check_encrypted::answer(state, request),
        Endpoint::EncryptKey => encrypt_key::answer(state, request),
        Endpoint::PaidUnionid => paid_unionid::answer(state, request),
        Endpoint::PluginOpenpid => plugin_openpid::answer(state, request),
        Endpoint::RiskRank => risk_rank::answer(state, request),
        Endpoint::SubscribeSend => subscribe::answer(state, request),
        Endpoint::Code => return qr_code::limited(state, request, 1024).map(Success::Image),
        Endpoint::UnlimitedCode => return qr_code::unlimited(state, request).map(Success::Image),
        Endpoint::SquareCode => return qr_code::limited(state, request, 128).map(Success::Image),
        Endpoint::UrlLink => link::url_link(state, request),
        Endpoint::UrlScheme => link::url_scheme(state, request),
        Endpoint::ShortLink => link::short_link(state, request),
        Endpoint::MsgSecCheck => content::text(state, request),
        Endpoint::MediaCheck => content::media(state, request),
        Endpoint::ApiQuota => quota::answer(state, request),
        Endpoint::RidInfo => rid::answer(state, request),
    };
    json.map(Success::Json)
}
