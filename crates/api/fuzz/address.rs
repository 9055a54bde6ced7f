use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;
use wxgate_fuzz::Target;

use super::client;

const WORDS: &[&str] = &[
    "1.2.3.4",
    "10.0.0.1",
    "127.0.0.1",
    "::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    ",",
    ", ",
    "\n",
    "unknown",
    "[::1]:80",
];
const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const CLIENT: &str = "203.0.113.9";

/// One header line for each line of the input; `None` where one cannot be a header.
fn headers(input: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        headers.append("x-forwarded-for", HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

#[test]
fn nothing_that_a_client_sends_changes_the_address_that_the_proxy_saw() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/address");
    let trusted = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"].map(|net| net.parse::<IpNet>().unwrap());
    let outcomes = ["no header", "proxy", "trusted", "client"];
    Target { corpus, words: WORDS, inputs: 150_000, outcomes: &outcomes }.run(|input| {
        let Some(mut headers) = headers(input) else { return "no header" };
        let stranger = CLIENT.parse().unwrap();
        assert_eq!(client(&headers, Some(stranger), &trusted), Some(stranger), "who is no proxy is who it is");
        let found = client(&headers, Some(PROXY), &trusted).unwrap();
        assert_eq!(found, found.to_canonical());
        assert!(client(&headers, None, &trusted).is_none_or(|address| address == found), "a socket is a proxy too");

        let mut broken = headers.clone();
        broken.append("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(client(&broken, Some(PROXY), &trusted), Some(PROXY), "left of what cannot be read nothing counts");
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9, 10.9.9.9"));
        assert_eq!(client(&headers, Some(PROXY), &trusted), Some(stranger), "as a proxy adds it, on a line of its own");
        let joined = [input, b", 203.0.113.9"].concat();
        let line = joined.rsplit(|byte| *byte == b'\n').next().unwrap();
        headers.insert("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        let expected = if line.is_ascii() { stranger } else { PROXY };
        assert_eq!(client(&headers, Some(PROXY), &trusted), Some(expected), "and on the client's own");

        match trusted.iter().any(|net| net.contains(&found)) {
            true if found == PROXY => "proxy",
            true => "trusted",
            false => "client",
        }
    });
}
