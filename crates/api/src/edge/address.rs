//! Whose request it is, when proxies stand between.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address: the peer's own, unless the peer is a trusted proxy; then the rightmost address of all
/// `X-Forwarded-For` lines that is not a trusted proxy itself. A peer on a unix socket is a proxy of this machine.
///
/// What cannot be read ends the walk: left of it anything may have been written by the client.
pub fn client(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let peer = peer.map(|address| address.to_canonical());
    if peer.is_some_and(|address| !is_trusted(address)) {
        return peer;
    }
    let mut nearest = peer;
    for line in headers.get_all(&FORWARDED_FOR).iter().rev() {
        for entry in line.to_str().unwrap_or_default().rsplit(',') {
            let Ok(address) = entry.trim().parse::<IpAddr>() else { return nearest };
            let address = address.to_canonical();
            nearest = Some(address);
            if !is_trusted(address) {
                return nearest;
            }
        }
    }
    nearest
}

#[cfg(test)]
#[path = "../../fuzz/address.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[&str], peer: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["127.0.0.1/32", "10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap());
        client(&headers, Some(peer.parse().unwrap()), &trusted).unwrap().to_string()
    }

    #[test]
    fn a_stranger_cannot_name_its_own_address() {
        assert_eq!(seen(&["1.1.1.1"], "8.8.8.8"), "8.8.8.8");
    }

    #[test]
    fn behind_trusted_proxies_the_rightmost_untrusted_address_counts() {
        assert_eq!(seen(&["6.6.6.6, 1.2.3.4, 10.1.1.1"], "127.0.0.1"), "1.2.3.4");
        assert_eq!(seen(&["6.6.6.6", "1.2.3.4"], "127.0.0.1"), "1.2.3.4");
        assert_eq!(seen(&["2001:db8::1"], "::1"), "2001:db8::1");
        assert_eq!(seen(&["10.1.1.1"], "127.0.0.1"), "10.1.1.1");
        assert_eq!(seen(&[], "127.0.0.1"), "127.0.0.1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        assert_eq!(seen(&["6.6.6.6, not an address"], "127.0.0.1"), "127.0.0.1");
        assert_eq!(seen(&["6.6.6.6, garbage, 10.1.1.1"], "127.0.0.1"), "10.1.1.1");
    }

    #[test]
    fn a_mapped_address_is_the_address_it_maps() {
        assert_eq!(seen(&["1.2.3.4"], "::ffff:127.0.0.1"), "1.2.3.4");
    }
}
