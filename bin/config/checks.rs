//! What a text must look like to be the value of its key.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Url;
use wxgate_crypto::age::Recipient;
use wxgate_crypto::api_security::{SigningKey, SymmetricKey};
use wxgate_crypto::push::{EncodingAesKey, PushToken};
use wxgate_webhooks::{Refused, Secret, Target};

use super::Address;

pub(super) fn path(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

pub(super) fn path_or_nothing(text: &str) -> bool {
    text.is_empty() || path(text)
}

pub(super) fn age_recipient(text: &str) -> bool {
    Recipient::parse(text).is_ok()
}

pub(super) fn address(text: &str) -> bool {
    Address::parse(text).is_some()
}

pub(super) fn network(text: &str) -> bool {
    text.parse::<IpNet>().is_ok()
}

/// The IANA name of a zone that is known, here or in the program itself.
pub(super) fn timezone(text: &str) -> bool {
    wxgate_api::TimeZone::get(text).is_ok_and(|zone| zone.iana_name().is_some())
}

/// Where requests with the AppSecret go: https, or http to this machine; nothing that hides another target or a secret.
pub(super) fn base_url(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|url| is_plain(&url) && (url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)))
}

pub(super) fn public_url(text: &str) -> bool {
    text.is_empty() || base_url(text)
}

fn is_plain(url: &Url) -> bool {
    url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) fn store_url(text: &str) -> bool {
    text == "sqlite:"
}

/// `avatar.example.com` or `*.example.com`.
pub(super) fn host_pattern(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    host.parse::<IpAddr>().is_err() && host_name(host)
}

pub(crate) fn host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A path that `RawCall` could have, or what such paths begin with; never all of them.
pub(super) fn wechat_path(text: &str) -> bool {
    wx_client::RawCall::new(text, "").is_some()
}

/// `aud`: visible, and no comma, which separates several in a variable.
pub(super) fn jwt_name(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

pub(super) fn jwt_issuer(text: &str) -> bool {
    text.is_empty() || jwt_name(text)
}

/// The shape of a URL that may be posted to; where it leads depends on `webhooks.allow_private`.
pub(super) fn hook_url(text: &str) -> bool {
    !matches!(Target::parse(text, false), Err(Refused::NotUrl | Refused::UserInfo))
}

/// Standard Webhooks: symmetric secrets.
pub(super) fn hook_secret(text: &str) -> bool {
    Secret::parse(text).is_some()
}

pub(super) fn appid(text: &str) -> bool {
    text.strip_prefix("wx").is_some_and(|rest| rest.len() == 16 && is_lower_hex(rest))
}

pub(super) fn secret(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The shape that every AppSecret has had so far; another one is only worth a warning.
pub(super) fn usual_secret(text: &str) -> bool {
    text.len() == 32 && is_lower_hex(text)
}

/// WeChat: 消息推送 Token.
pub(super) fn push_token(text: &str) -> bool {
    PushToken::parse(text).is_ok()
}

/// WeChat: 消息推送 EncodingAESKey.
pub(super) fn encoding_aes_key(text: &str) -> bool {
    EncodingAesKey::parse(text).is_ok()
}

/// WeChat: API 安全, 密钥编号 and 证书编号.
pub(super) fn api_serial(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// WeChat: API 对称密钥.
pub(super) fn api_symmetric_key(text: &str) -> bool {
    SymmetricKey::parse("", text).is_ok()
}

/// The private half of WeChat's API 非对称密钥.
pub(super) fn api_private_key(text: &str) -> bool {
    SigningKey::parse("", text).is_ok()
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_travel_by_https_or_stay_on_this_machine() {
        for good in ["https://api.weixin.qq.com", "http://127.0.0.1:8530", "http://[::1]:1", "http://localhost/x"] {
            assert!(base_url(good), "{good}");
        }
        for bad in [
            "http://api.weixin.qq.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://user@api.weixin.qq.com",
            "https://a/?b",
            "https://a/#b",
            "https://",
            "api.weixin.qq.com",
            "",
        ] {
            assert!(!base_url(bad), "{bad}");
        }
    }

    #[test]
    fn an_appid_is_wx_and_16_lowercase_hexadecimal_digits() {
        assert!(appid("wx0123456789abcdef"));
        for bad in ["wx0123456789ABCDEF", "wx0123456789abcde", "wx0123456789abcdef0", "gh_0123456789ab", ""] {
            assert!(!appid(bad), "{bad}");
        }
    }

    #[test]
    fn a_host_pattern_names_hosts_and_nothing_else() {
        assert!(host_pattern("*.qlogo.cn") && host_pattern("a-b.example.com"));
        for bad in ["*", "*.", "a*.cn", "https://qlogo.cn", "qlogo.cn:443", "127.0.0.1", "-a.cn", "", "a..b"] {
            assert!(!host_pattern(bad), "{bad}");
        }
    }
}
