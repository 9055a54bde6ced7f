//! What a client is made from.

use std::net::IpAddr;

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{Error, Result};

/// Section `[wechat]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where WeChat is: https, or http if the host is loopback. Without user, query and fragment.
    pub base_url: String,
    /// Where else the same WeChat is, asked in this order while no connection to the one before can be made. WeChat has
    /// `https://api2.weixin.qq.com`, and `sh.`, `sz.` and `hk.api.weixin.qq.com`. None by default.
    pub fallback_urls: Vec<String>,
    /// Calls under way at once, 1 to 65535; more wait up to 2 seconds for their turn.
    pub max_in_flight: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { base_url: "https://api.weixin.qq.com".to_owned(), fallback_urls: Vec::new(), max_in_flight: 512 }
    }
}

impl Settings {
    /// [`max_in_flight`](Self::max_in_flight), if it is a number that can be kept.
    pub(crate) fn slots(&self) -> Result<usize> {
        match self.max_in_flight {
            slots @ 1..=65_535 => Ok(slots),
            _ => Err(Error::Settings("wechat.max_in_flight must be from 1 to 65535".to_owned())),
        }
    }
}

/// An app and the secret it proves itself with (appid and AppSecret of the console).
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `wx` and 16 hexadecimal digits.
    pub appid: String,
    /// Never shown, logged or sent anywhere but to WeChat.
    pub secret: SecretString,
}

/// A checked [`Settings::base_url`].
#[derive(Debug, Clone)]
pub(crate) struct BaseUrl(Url);

impl BaseUrl {
    /// Refuses whatever would carry the AppSecret in the clear or to a place that the text does not plainly name. The
    /// error names the key and does not repeat the text: it may hold a password.
    pub(crate) fn parse(key: &str, text: &str) -> Result<Self> {
        let refuse = |why: &str| Error::Settings(format!("{key} {why}"));
        let url = Url::parse(text).map_err(|error| refuse(&format!("is not a URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("must not hold a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("must not hold a query or a fragment"));
        }
        let base = Self(url);
        match base.0.scheme() {
            "https" => Ok(base),
            "http" if base.is_loopback() => Ok(base),
            _ => Err(refuse("must be https (http for a loopback address only)")),
        }
    }

    /// Whether requests to it stay on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The URL of a call; `query` is already encoded.
    pub(crate) fn join(&self, path: &str, query: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url.set_query((!query.is_empty()).then_some(query));
        url
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, Settings};

    const KEY: &str = "wechat.base_url";

    #[test]
    fn https_goes_anywhere_and_http_stays_on_this_machine() {
        for text in [
            "https://api.weixin.qq.com",
            "https://sh.api.weixin.qq.com:8443/",
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://[::1]:80/",
            "http://localhost:8080",
        ] {
            assert!(BaseUrl::parse(KEY, text).is_ok(), "{text}");
        }
        for text in [
            "http://api.weixin.qq.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::]",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://128.0.0.1",
            "ftp://127.0.0.1",
            "unix:/run/wechat",
            "api.weixin.qq.com",
            "",
        ] {
            assert!(BaseUrl::parse(KEY, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_user_a_query_and_a_fragment_are_refused_and_not_repeated() {
        for text in [
            "https://canary@api.weixin.qq.com",
            "https://:canary@api.weixin.qq.com",
            "https://api.weixin.qq.com?canary",
            "https://api.weixin.qq.com/?",
            "https://api.weixin.qq.com#canary",
            "http://127.0.0.1@canary.example.com",
        ] {
            let error = BaseUrl::parse(KEY, text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_trailing_slash_makes_no_difference() {
        for text in ["https://api.weixin.qq.com", "https://api.weixin.qq.com/"] {
            let url = BaseUrl::parse(KEY, text).unwrap().join("/sns/jscode2session", "a=%20b");
            assert_eq!(url.as_str(), "https://api.weixin.qq.com/sns/jscode2session?a=%20b");
        }
        let below = BaseUrl::parse(KEY, "http://localhost:1/wechat/").unwrap().join("/cgi-bin/token", "");
        assert_eq!(below.as_str(), "http://localhost:1/wechat/cgi-bin/token");
    }

    #[test]
    fn a_number_of_slots_that_cannot_be_kept_is_refused() {
        for max_in_flight in [0, 65_536, usize::MAX] {
            assert!(Settings { max_in_flight, ..Settings::default() }.slots().is_err());
        }
        assert_eq!(Settings::default().slots().unwrap(), 512);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = serde_json::from_str::<Settings>(r#"{"base_ulr":"https://api.weixin.qq.com"}"#).unwrap_err();
        assert!(error.to_string().contains("base_ulr"));
        let settings: Settings = serde_json::from_str(r#"{"max_in_flight":7}"#).unwrap();
        assert_eq!((settings.base_url.as_str(), settings.max_in_flight), ("https://api.weixin.qq.com", 7));
    }
}
