//! Where a listener stands.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::checks;

/// `host:port` or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Address {
    /// The host without the brackets of an IPv6 address; port 0 means any free one.
    Tcp {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

impl Address {
    /// Reads `127.0.0.1:8520`, `[::1]:8520`, `localhost:8520` or `unix:/run/wxgate/public.sock`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            // The kernel's limit for a socket's path is 108 bytes with the closing zero.
            return (path.starts_with('/') && path.len() < 108 && !path.contains('\0'))
                .then(|| Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bare {
            Some(bare) => bare.parse::<std::net::Ipv6Addr>().is_ok(),
            None => checks::host_name(host),
        };
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        (is_host && is_port).then_some(())?;
        Some(Self::Tcp { host: bare.unwrap_or(host).to_owned(), port: port.parse().ok()? })
    }

    /// Whether other machines can reach it.
    pub(crate) fn is_reachable_from_outside(&self) -> bool {
        match self {
            Self::Unix(_) => false,
            Self::Tcp { host, .. } => {
                host != "localhost" && !host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an address")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_and_prints_alike() {
        for text in ["127.0.0.1:8520", "[::1]:0", "localhost:65535", "unix:/run/wxgate.sock"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["127.0.0.1", ":80", "::1:80", "a:65536", "a:-1", "a:+1", "unix:relative", "unix:", "http://a:1", ""]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
