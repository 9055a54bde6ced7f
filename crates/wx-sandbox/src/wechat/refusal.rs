use serde::Serialize;

use crate::Endpoint;
use crate::open_data::json;
use crate::random::Random;

#[derive(Serialize)]
struct Refusal {
    errcode: i64,
    errmsg: String,
}

/// The body of a refusal. Each subsystem writes its `errmsg` its own way; the first group of a rid is the time.
pub(super) fn body(endpoint: Endpoint, errcode: i64, now: i64, random: &mut Random) -> String {
    let text = text(errcode);
    let rid = format!("rid: {now:08x}-{}-{}", random.hex::<4>(), random.hex::<4>());
    let errmsg = match endpoint {
        Endpoint::Code2Session => format!("{text}, {rid}"),
        Endpoint::PhoneNumber | Endpoint::CheckEncrypted => format!("{text} hint: [{}] {rid}", random.url_safe::<12>()),
        Endpoint::Token | Endpoint::StableToken | Endpoint::CheckSession | Endpoint::ResetSessionKey => {
            format!("{text} {rid}")
        }
    };
    json(&Refusal { errcode, errmsg })
}

/// WeChat's words, its spelling included.
fn text(errcode: i64) -> &'static str {
    match errcode {
        -1 => "system error",
        1 => "data not exit",
        40001 => {
            "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
        }
        40002 => "invalid grant_type",
        40003 => "invalid openid",
        40013 => "invalid appid",
        40014 => "invalid access_token",
        40029 => "invalid code",
        40097 => "invalid args",
        40125 => "invalid appsecret",
        40163 => "code been used",
        40164 => "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
        40226 => "code blocked",
        41001 => "access_token missing",
        41002 => "appid missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        42001 => "access_token expired",
        43002 => "require POST method",
        44002 => "empty post data",
        45009 => "reach max api daily quota limit",
        45011 => "api minute-quota reach limit  mustslower  retry next minute",
        47001 => "data format error",
        48001 => "api unauthorized",
        87007 => "session_key is not existd or expired",
        87008 => "invalid sig_method",
        87009 => "invalid signature",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errmsg(endpoint: Endpoint) -> String {
        let body = body(endpoint, 40029, 0x623e_a70a, &mut Random::new(Some(1)));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["errmsg"].as_str().unwrap().to_owned()
    }

    #[test]
    fn each_subsystem_writes_its_errmsg_its_own_way() {
        assert!(errmsg(Endpoint::Code2Session).starts_with("invalid code, rid: 623ea70a-"));
        assert!(errmsg(Endpoint::Token).starts_with("invalid code rid: 623ea70a-"));
        let business = errmsg(Endpoint::PhoneNumber);
        let (hint, rid) = business.strip_prefix("invalid code hint: [").unwrap().split_once("] rid: ").unwrap();
        assert_eq!((hint.len(), rid.len()), (16, 26));
        assert_eq!(rid.split('-').map(str::len).collect::<Vec<_>>(), [8, 8, 8]);
    }
}
