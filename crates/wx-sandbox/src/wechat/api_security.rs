//! Requests that are encrypted and signed, and their answers (服务端 API 签名加密). Where an app has switched it on, what could
//! be signed must be: whether WeChat still takes it otherwise is not known, and a client that forgot would not be noticed.

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use wxgate_crypto::Error;
use wxgate_crypto::api_security::About;

use super::delivery::Reply;
use super::{Request, access};
use crate::api_security::Secured;
use crate::state::State;
use crate::{Endpoint, FaultKind};

const AN_HOUR: i64 = 3600;

/// The interfaces that take such requests and answer with JSON.
fn takes_signed(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::PhoneNumber
            | Endpoint::CheckEncrypted
            | Endpoint::EncryptKey
            | Endpoint::PluginOpenpid
            | Endpoint::RiskRank
            | Endpoint::MsgSecCheck
            | Endpoint::MediaCheck
            | Endpoint::ApiQuota
            | Endpoint::RidInfo
    )
}

/// The request that a sealed one holds; `None` where nothing is signed.
pub(super) fn opened(state: &State, endpoint: Endpoint, request: &Request) -> Result<Option<Request>, i64> {
    if !takes_signed(endpoint) {
        return Ok(None);
    }
    let by_token = access::appid(state, request);
    let named = request.header("wechatmp-appid");
    let Some(Secured { party, .. }) = by_token.as_ref().ok().and_then(|appid| state.secured.get(appid)) else {
        return if named.is_some() && by_token.is_ok() { Err(40239) } else { Ok(None) };
    };
    let appid = named.ok_or(40233)?;
    state.app(appid).map_err(|_| 40236)?;
    if by_token? != appid {
        return Err(40237);
    }
    let timestamp = request.header("wechatmp-timestamp").and_then(|text| text.parse().ok()).ok_or(40231)?;
    let signature = (request.header("wechatmp-serial"), request.header("wechatmp-signature").ok_or(40232)?);
    let urls = urls(request);
    let open = |url: &String| {
        party
            .open(&About { url, appid, timestamp }, &[signature], &request.body, state.clock.now())
            .map_err(|error| errcode(&error))
    };
    let fields = open(&urls[0]).or_else(|errcode| if errcode == 40234 { open(&urls[1]) } else { Err(errcode) })?;
    Ok(Some(plain(request, &fields)))
}

/// Which of them is signed where another host is asked is not known: both are taken, the canonical one first.
fn urls(request: &Request) -> [String; 2] {
    let host = request.header("host").unwrap_or_default();
    [format!("https://api.weixin.qq.com{}", request.path), format!("http://{host}{}", request.path)]
}

fn errcode(error: &Error) -> i64 {
    match error {
        Error::ApiSignature => 40234,
        Error::ApiAge => 40240,
        _ => 40235,
    }
}

/// The same fields as an ordinary request has them: all in the body, those of text in the query too.
fn plain(request: &Request, fields: &Map<String, Value>) -> Request {
    let token = request.query.iter().filter(|(name, _)| name == "access_token").cloned();
    let texts = fields.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Request {
        method: request.method.clone(),
        path: request.path.clone(),
        query: token.chain(texts).collect(),
        headers: request.headers.clone(),
        has_length: request.has_length,
        body: serde_json::to_vec(fields).unwrap_or_default().into(),
    }
}

/// An answer as WeChat signs it, or as the fault says.
pub(super) fn sealed(state: &State, request: &Request, reply: Reply, fault: Option<&FaultKind>) -> Reply {
    let fields = serde_json::from_slice(&reply.body).ok();
    let secured = access::appid(state, request).ok().and_then(|appid| Some((state.secured.get(&appid)?, appid)));
    let (Some(fields), Some((secured, appid))) = (fields, secured) else { return reply };
    if fault == Some(&FaultKind::Unsigned) {
        return reply;
    }
    let late = if fault == Some(&FaultKind::OldTimestamp) { AN_HOUR } else { 0 };
    let [url, _] = urls(request);
    let about = About { url: &url, appid: &appid, timestamp: state.clock.now() - late };
    let sealed = secured.party.seal(&about, fields);
    let signature = match fault {
        Some(FaultKind::BadSignature) => secured.party.sign(&about, "something else"),
        _ => sealed.signature,
    };
    let serial = if fault == Some(&FaultKind::UnknownSerial) { "unknown" } else { secured.party.serial() };
    let mut headers = vec![
        ("wechatmp-appid", appid.clone()),
        ("wechatmp-timestamp", about.timestamp.to_string()),
        ("wechatmp-serial", serial.to_owned()),
        ("wechatmp-signature", signature),
    ];
    if let Some(deprecated) = &secured.deprecated {
        headers.push(("wechatmp-serial-deprecated", deprecated.serial().to_owned()));
        headers.push(("wechatmp-signature-deprecated", deprecated.sign(&about, &sealed.body)));
    }
    let header = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
    };
    Reply { headers: headers.into_iter().filter_map(header).collect(), body: sealed.body.into(), ..reply }
}
