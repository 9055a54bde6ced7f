//! A profile as WeChat hands it over, and what of it is kept.

use http::Uri;
use wxgate_crypto::payload::{RawData, UserInfo};
use wxgate_store::Profile;

use crate::nickname::nickname;

/// The nickname of everybody who gave none: https://developers.weixin.qq.com, notice on getUserProfile of 2022.
pub const ANONYMOUS: &str = "微信用户";
const AVATAR_URL_CHARACTERS: usize = 1024;

/// What WeChat says of a person, whichever way it came.
pub struct Given {
    nick_name: String,
    avatar_url: String,
    gender: i64,
    country: String,
    province: String,
    city: String,
    language: String,
    is_demote: bool,
}

impl From<RawData> for Given {
    fn from(raw: RawData) -> Self {
        Self {
            nick_name: raw.nick_name,
            avatar_url: raw.avatar_url,
            gender: raw.gender,
            country: raw.country,
            province: raw.province,
            city: raw.city,
            language: raw.language,
            is_demote: raw.is_demote,
        }
    }
}

impl From<UserInfo> for Given {
    fn from(info: UserInfo) -> Self {
        Self {
            nick_name: info.nick_name,
            avatar_url: info.avatar_url,
            gender: info.gender,
            country: info.country,
            province: info.province,
            city: info.city,
            language: info.language,
            is_demote: info.is_demote,
        }
    }
}

impl Given {
    /// What is worth keeping: `None` if nothing is, and of anonymous data, which must never replace what a member chose. Fields that WeChat
    /// left empty, and those that could do harm, are left as they were.
    pub fn kept(self, avatar_hosts: &[String]) -> Option<Profile> {
        if self.is_demote || self.nick_name == ANONYMOUS {
            return None;
        }
        let text = |text: String| nickname(&text);
        let kept = Profile {
            nick_name: text(self.nick_name),
            avatar_url: avatar_url(&self.avatar_url, avatar_hosts),
            gender: Some(self.gender).filter(|gender| (1..=2).contains(gender)),
            country: text(self.country),
            province: text(self.province),
            city: text(self.city),
            language: text(self.language),
        };
        Some(kept).filter(|kept| *kept != Profile::default())
    }
}

/// The address, if it is https on one of `hosts` (`*.` stands for any subdomain). WeChat's older http addresses are the
/// same pictures over https.
pub fn avatar_url(address: &str, hosts: &[String]) -> Option<String> {
    if address.chars().count() > AVATAR_URL_CHARACTERS {
        return None;
    }
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let secure = format!("https://{rest}");
    let uri: Uri = secure.parse().ok()?;
    let host = uri.host()?.to_ascii_lowercase();
    // Exactly the host: no port, no user name in front of it.
    if !uri.authority()?.as_str().eq_ignore_ascii_case(&host) {
        return None;
    }
    let allowed = hosts.iter().any(|pattern| match pattern.strip_prefix('*') {
        Some(domain) => host.ends_with(domain) && host.len() > domain.len(),
        None => host == *pattern,
    });
    allowed.then_some(secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<String> {
        vec!["*.qlogo.cn".to_owned(), "img.example.com".to_owned()]
    }

    #[test]
    fn an_avatar_stays_on_the_hosts_it_may_be_on() {
        let kept = |address: &str| avatar_url(address, &hosts());
        assert_eq!(kept("https://thirdwx.qlogo.cn/a/132").as_deref(), Some("https://thirdwx.qlogo.cn/a/132"));
        assert_eq!(kept("http://wx.qlogo.cn/a/0").as_deref(), Some("https://wx.qlogo.cn/a/0"));
        assert_eq!(kept("https://IMG.example.com/x").as_deref(), Some("https://IMG.example.com/x"));
        for address in [
            "",
            "https://qlogo.cn/a",
            "https://evilqlogo.cn/a",
            "https://thirdwx.qlogo.cn.evil.com/a",
            "https://thirdwx.qlogo.cn@evil.com/a",
            "https://evil@thirdwx.qlogo.cn/a",
            "https://thirdwx.qlogo.cn:8443/a",
            "javascript:alert(1)",
            "//thirdwx.qlogo.cn/a",
            "https://thirdwx.qlogo.cn/a b",
            &format!("https://thirdwx.qlogo.cn/{}", "a".repeat(1024)),
        ] {
            assert_eq!(kept(address), None, "{address}");
        }
    }

    #[test]
    fn anonymous_data_is_no_profile() {
        let named = |name: &str, is_demote| {
            let raw = RawData { nick_name: name.into(), is_demote, ..RawData::parse("{}").unwrap() };
            Given::from(raw).kept(&hosts())
        };
        assert!(named("微信用户", false).is_none());
        assert!(named("Band", true).is_none());
        let kept = named("Band", false).unwrap();
        assert_eq!((kept.nick_name.as_deref(), kept.gender, kept.city), (Some("Band"), None, None));
    }
}
