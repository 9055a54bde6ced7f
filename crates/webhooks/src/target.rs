use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::address::{Reach, reach};

/// Characters a URL may have.
const MOST_CHARACTERS: usize = 2048;

/// Where to post, by its URL. What its name stands for is judged when it is connected to.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    rule: Rule,
}

/// Why there may be nothing posted to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is no URL, or one of more than 2,048 characters.
    #[error("not a URL")]
    NotUrl,
    /// It is not `https`, or `http` where that is not allowed.
    #[error("not https")]
    Scheme,
    /// A name, a password or a fragment stands in it.
    #[error("has a user name, a password or a fragment")]
    UserInfo,
    /// Its host is of a network that may not be posted to.
    #[error("the address may not be posted to")]
    Address,
}

/// Which addresses a URL may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The internet, by https.
    Public,
    /// The internet and the operator's networks, by https.
    Any,
    /// The operator's networks alone, by plain http.
    Private,
}

impl Rule {
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        match reach(address) {
            Reach::Public => self != Self::Private,
            Reach::Private => self != Self::Public,
            Reach::Never => false,
        }
    }
}

/// The URL may hold what only its owner knows.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Target {
    /// Reads a URL. With `allow_private` it may lead to a network of the operator's, and be plain `http` there.
    ///
    /// # Errors
    /// As [`Refused`] says. A name is taken for what it is: only an address in figures, and `localhost`, is judged here.
    pub fn parse(text: &str, allow_private: bool) -> Result<Self, Refused> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= MOST_CHARACTERS).ok_or(Refused::NotUrl)?;
        let rule = match (url.scheme(), allow_private) {
            ("https", false) => Rule::Public,
            ("https", true) => Rule::Any,
            ("http", true) => Rule::Private,
            _ => return Err(Refused::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Refused::UserInfo);
        }
        let is_allowed = match url.host() {
            None => return Err(Refused::NotUrl),
            Some(Host::Ipv4(address)) => rule.allows(address.into()),
            Some(Host::Ipv6(address)) => rule.allows(address.into()),
            Some(Host::Domain(name)) => rule != Rule::Public || !is_localhost(name),
        };
        if is_allowed { Ok(Self { url, rule }) } else { Err(Refused::Address) }
    }

    /// A target that nobody has judged yet, as a name is one that has changed what it stands for.
    #[cfg(test)]
    pub(crate) fn unjudged(text: &str, rule: Rule) -> Self {
        Self { url: text.parse().expect("a URL"), rule }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn rule(&self) -> Rule {
        self.rule
    }
}

/// RFC 6761: these stand for this machine everywhere.
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, allow_private: bool) -> Refused {
        Target::parse(text, allow_private).map(drop).expect_err(text)
    }

    #[test]
    fn https_to_the_internet_is_a_target() {
        for text in ["https://example.com", "https://example.com:8443/a?b=c", "https://1.1.1.1/", "https://例子.测试/"]
        {
            assert!(Target::parse(text, false).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_leads_inside_is_refused_in_every_spelling() {
        for text in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://①②⑦.0.0.1/",
            "https://10.0.0.7/",
            "https://192.168.0.1:8443/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
        ] {
            assert_eq!(refused(text, false), Refused::Address, "{text}");
        }
    }

    #[test]
    fn private_networks_are_opened_by_the_operator_and_http_goes_nowhere_else() {
        for text in ["http://127.0.0.1:1/", "https://10.0.0.7/", "http://localhost/", "https://example.com/"] {
            assert!(Target::parse(text, true).is_ok(), "{text}");
        }
        for text in ["http://1.1.1.1/", "https://169.254.169.254/", "https://[fe80::1]/", "http://0.0.0.0/"] {
            assert_eq!(refused(text, true), Refused::Address, "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_url_is_refused() {
        for (text, why) in [
            ("http://example.com/", Refused::Scheme),
            ("ftp://example.com/", Refused::Scheme),
            ("file:///etc/passwd", Refused::Scheme),
            ("example.com", Refused::NotUrl),
            ("https://", Refused::NotUrl),
            ("", Refused::NotUrl),
            ("https://user@example.com/", Refused::UserInfo),
            ("https://:pass@example.com/", Refused::UserInfo),
            ("https://example.com/#a", Refused::UserInfo),
        ] {
            assert_eq!(refused(text, false), why, "{text}");
        }
        assert_eq!(refused(&format!("https://example.com/{}", "a".repeat(2048)), false), Refused::NotUrl);
    }
}
