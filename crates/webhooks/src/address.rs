//! Which addresses may be posted to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is to somebody who posts to where others say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The internet.
    Public,
    /// This machine, a network of the operator's, or what leads there.
    Private,
    /// Nobody's receiver.
    Never,
}

/// RFC 6890 and the registries of IANA it made, for special-purpose addresses.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        // This machine; private use, RFC 1918; carrier-grade NAT, RFC 6598.
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Reach::Private,
        // Of this network; link-local; protocol assignments; documentation; 6to4 relays; benchmarks; multicast and above.
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    match segments {
        // An address of IPv4 in other clothes, by mapping, NAT64 or 6to4: as what it stands for, and never public.
        [0, 0, 0, 0, 0, 0xffff, high, low] => disguised(high, low, Reach::Never),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => disguised(high, low, Reach::Private),
        // This machine; unique local, RFC 4193; NAT64 of the operator's own, RFC 8215.
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] | [0x64, 0xff9b, 1, ..] => Reach::Private,
        // Protocol assignments, Teredo among them; documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

/// `public` is for a way that the operator's own network makes to the internet.
fn disguised(high: u16, low: u16, public: Reach) -> Reach {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    match reach_v4(Ipv4Addr::new(a, b, c, d)) {
        Reach::Public => public,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(addresses: &[&str], expected: Reach) {
        for text in addresses {
            assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn the_internet_is_public() {
        all(&["1.1.1.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "100.63.0.1", "100.128.0.1"], Reach::Public);
        all(&["223.255.255.255", "2606:4700::1", "2400:3200::1", "2001:200::1"], Reach::Public);
    }

    #[test]
    fn what_is_the_operators_own_is_private() {
        all(&["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"], Reach::Private);
        all(&["100.64.0.1", "100.127.255.255", "::1", "fc00::1", "fdff::1", "64:ff9b:1::1"], Reach::Private);
    }

    #[test]
    fn an_address_in_other_clothes_is_never_public() {
        all(&["::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::10.0.0.1"], Reach::Private);
        all(&["64:ff9b::1.1.1.1", "2002:101:101::1"], Reach::Private);
        all(
            &["::ffff:1.1.1.1", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::"],
            Reach::Never,
        );
    }

    #[test]
    fn where_no_receiver_can_be_nothing_goes() {
        all(&["0.0.0.0", "0.1.2.3", "169.254.169.254", "192.0.0.8", "192.0.2.1", "198.51.100.1"], Reach::Never);
        all(&["192.88.99.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"], Reach::Never);
        all(&["::", "::7f00:1", "fe80::1", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "3fff::1"], Reach::Never);
    }
}
