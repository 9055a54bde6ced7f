use serde::Serialize;

use crate::Endpoint;
use crate::open_data::json;
use crate::random::Random;

#[derive(Serialize)]
struct Refusal<'a> {
    errcode: i64,
    errmsg: &'a str,
}

/// The body of a refusal.
pub(super) fn body(errcode: i64, errmsg: &str) -> String {
    json(&Refusal { errcode, errmsg })
}

/// Each subsystem writes its `errmsg` its own way; the first group of a rid is the time.
pub(super) fn errmsg(endpoint: Endpoint, errcode: i64, now: i64, random: &mut Random) -> String {
    let text = text(errcode);
    let rid = format!("rid: {now:08x}-{}-{}", random.hex::<4>(), random.hex::<4>());
    match endpoint {
        Endpoint::Code2Session => format!("{text}, {rid}"),
        Endpoint::PhoneNumber | Endpoint::CheckEncrypted | Endpoint::EncryptKey => {
            format!("{text} hint: [{}] {rid}", random.url_safe::<12>())
        }
        // Seen without any text.
        Endpoint::PluginOpenpid => format!(" {rid}"),
        _ => format!("{text} {rid}"),
    }
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
        40037 => "invalid template_id",
        40066 => "invalid url",
        40129 => "invalid scene",
        40159 => "invalid length for path, or the data is not json string",
        40163 => "code been used",
        40164 => "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
        40165 => "invalid weapp pagepath",
        40169 => "invalid length for scene, or the data is not json string",
        40212 => "invalid query",
        40226 => "code blocked",
        40231 => "missing Wechatmp-TimeStamp",
        40232 => "missing Wechatmp-Signature",
        40233 => "missing Wechatmp-Appid",
        40235 => "invalid encrypted data",
        40236 => "invalid Wechatmp-Appid",
        40237 => "Wechatmp-Appid and access_token differ",
        40239 => "no public key is set",
        40240 => "Wechatmp-TimeStamp is too old",
        41001 => "access_token missing",
        41002 => "appid missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        41030 => "invalid page",
        42001 => "access_token expired",
        43002 => "require POST method",
        43101 => "user refuse to accept the msg",
        43104 => "this appid does not have permission",
        44002 => "empty post data",
        45009 => "reach max api daily quota limit",
        44990 => "reach max api second frequence limit",
        44991 => "reach max api minute quota limit",
        44993 => "reach max api day frequence limit",
        45002 => "content size out of limit",
        45029 => "qrcode count out of limit",
        45011 => "api minute-quota reach limit  mustslower  retry next minute",
        47001 => "data format error",
        47003 => "argument invalid!",
        61010 => "code is expired",
        76001 => "rid not found",
        76002 => "rid is error",
        76003 => "could not query this rid with this appid",
        76004 => "rid is expired",
        76021 => "cgi_path not found, please check",
        76022 => "could not use this cgi_path, no permission",
        85401 => "time limit between 1min and 1year",
        85402 => "invalid env_version",
        89002 => "open not exists",
        89300 => "invalid trade",
        48001 => "api unauthorized",
        87007 => "session_key is not existd or expired",
        87008 => "invalid sig_method",
        40234 | 87009 => "invalid signature",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errmsg(endpoint: Endpoint) -> String {
        super::errmsg(endpoint, 40029, 0x623e_a70a, &mut Random::new(Some(1)))
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
