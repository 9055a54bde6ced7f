use serde_json::{Map, Value};
use wxgate_fuzz::Target;
use wxgate_store::UnixSeconds;

use super::{Message, json, xml};
use crate::push::{DEPTH, event};

const NOW: UnixSeconds = UnixSeconds(1_795_000_000);
const OUTCOMES: &[&str] = &["event", "message", "refused"];
#[rustfmt::skip]
const XML: &[&str] = &[
    "<xml>", "</xml>", "<Event>", "</Event>", "<CreateTime>1795000000</CreateTime>", "<List>", "</List>", "<a/>", "<![CDATA[",
    "]]>", "<!DOCTYPE xml [<!ENTITY x \"y\">]>", "&x;", "&amp;", "&#97;", "<!--", "-->", "<?xml version=\"1.0\"?>", "<?x?>", " a=\"b\"",
    "\u{4f60}", "\0",
];
#[rustfmt::skip]
const JSON: &[&str] = &[
    "\"Event\":", "\" Event\":", "\"CreateTime\":1795000000", "\"CreateTime\":\"1795000000\"", "\"OpenID\":\"o\"", "\"RevokeInfo\":\"8\"",
    "{", "}", "[", "]", ",", ":", "null", "1e999", "-0", "18446744073709551616", "\\u0000", "\\ud800", "\"\"", "\u{4f60}",
];

#[test]
fn push_xml() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/push_xml");
    Target { corpus, words: XML, inputs: 60_000, outcomes: OUTCOMES }.run(|input| {
        let Some(read) = str::from_utf8(input).ok().and_then(xml::read) else { return "refused" };
        // In a list stands what XML repeats: it is no deeper there.
        assert!(depth(&Value::Object(read.clone())) < DEPTH);
        outcome(read)
    });
}

#[test]
fn push_json() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/push_json");
    Target { corpus, words: JSON, inputs: 60_000, outcomes: OUTCOMES }.run(|input| {
        let Some(read) = str::from_utf8(input).ok().and_then(json::read) else { return "refused" };
        let again = json::read(&Value::Object(read.clone()).to_string());
        // Not the values: of a fraction, the last digit may differ.
        assert!(again.is_some_and(|again| again.keys().eq(read.keys())), "what it is kept as can be read");
        outcome(read)
    });
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Array(all) => all.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn outcome(read: Map<String, Value>) -> &'static str {
    let message = Message(read);
    let Some(event) = event(&message, "wx1", NOW) else { return "message" };
    assert!(!event.event.is_empty() && event.digest("wx1", None) == event.digest("wx1", None));
    "event"
}
