use proptest::prelude::*;
use serde::Deserialize;

use super::{read, rid};
use crate::Error;

#[derive(Debug, Deserialize, PartialEq)]
struct Openid {
    openid: String,
}

fn refusal(body: &str, hidden: &[&str]) -> (i64, String, Option<String>) {
    match read::<Openid>(body.as_bytes(), hidden).unwrap_err() {
        Error::Refused { errcode, errmsg, rid } => (errcode, errmsg, rid),
        other => panic!("{other}"),
    }
}

#[test]
fn an_answer_without_an_errcode_or_with_0_is_a_success() {
    for body in [
        r#"{"openid":"o1"}"#,
        r#"{"errcode":0,"errmsg":"ok","openid":"o1"}"#,
        r#"{"errcode":"0","openid":"o1","new":[{}]}"#,
        " {\"openid\":\"\\u006f1\"}\n",
    ] {
        assert_eq!(read::<Openid>(body.as_bytes(), &[]).unwrap(), Openid { openid: "o1".into() }, "{body}");
    }
}

#[test]
fn a_refusal_counts_even_beside_a_payload_and_in_both_spellings() {
    assert_eq!(refusal(r#"{"errcode":40029,"errmsg":"invalid code","openid":"o1"}"#, &[]).0, 40029);
    assert_eq!(refusal(r#"{"errcode":"-1","errmsg":"system error"}"#, &[]).0, -1);
    assert_eq!(refusal(r#"{"errcode":45011}"#, &[]), (45011, String::new(), None));
}

#[test]
fn what_is_not_an_object_of_the_right_types_cannot_be_read() {
    for body in [
        "",
        "null",
        "<html><body>502</body></html>",
        r#"{"openid":"o1""#,
        r#"{"openid":"o1"} trailing"#,
        r#"{"openid":7}"#,
        r#"{"openid":null}"#,
        r#"{"unionid":"u1"}"#,
        r#"{"openid":"o1","openid":"o2"}"#,
        r#"{"openid":"o1","errcode":"none"}"#,
        r#"{"openid":"o1","errcode":0.5}"#,
        r#"{"openid":"o1","errcode":[]}"#,
        r#"{"openid":"o1","errmsg":1}"#,
        r#"{"errcode":40029,"errcode":0,"openid":"o1"}"#,
        r#"["o1"]"#,
        r#"[0,"ok"]"#,
        "\u{feff}{\"openid\":\"o1\"}",
    ] {
        assert!(matches!(read::<Openid>(body.as_bytes(), &[]), Err(Error::Unreadable { .. })), "{body}");
    }
    assert!(matches!(read::<(String, String)>(br#"["0","o1"]"#, &[]), Err(Error::Unreadable { .. })));
    let not_utf8 = b"{\"openid\":\"o1\",\"ignored\":\"\xff\"}";
    assert!(matches!(read::<Openid>(not_utf8, &[]), Err(Error::Unreadable { reason: "not UTF-8" })));
}

#[test]
fn the_rid_is_found_in_every_format_of_wechat() {
    for (errmsg, expected) in [
        ("invalid code, rid: 623ea70a-74b9b592-3e3d489a", Some("623ea70a-74b9b592-3e3d489a")),
        ("invalid appid rid: 6aac005a-01bfdbee-79769285", Some("6aac005a-01bfdbee-79769285")),
        ("invalid code hint: [mGhbWV0sf-LxnVma] rid: 65f3e9f7-77cf1a1c-0dd74a0e", Some("65f3e9f7-77cf1a1c-0dd74a0e")),
        (" rid: 6374a31a-1d2ecec6-3d2c5d0a", Some("6374a31a-1d2ecec6-3d2c5d0a")),
        ("rid:6374a31a-1d2ecec6-3d2c5d0a.", Some("6374a31a-1d2ecec6-3d2c5d0a")),
        ("rid: none, rid: 6374a31a-1d2ecec6-3d2c5d0a", Some("6374a31a-1d2ecec6-3d2c5d0a")),
        ("invalid code, hints: [ req_id: uhJDVZyFe-YZguHA ]", None),
        ("rid: 6374A31A-1d2ecec6-3d2c5d0a", None),
        ("rid: 6374a31a-1d2ecec6-3d2c5d0", None),
        ("rid: 6374a31a-1d2ecec6-3d2c5d0验", None),
        ("rid: 6374a31a01d2ecec6-3d2c5d0a", None),
        ("ok", None),
    ] {
        assert_eq!(rid(errmsg), expected, "{errmsg}");
    }
}

#[test]
fn an_errmsg_is_one_line_of_at_most_200_characters() {
    let body = format!(r#"{{"errcode":1,"errmsg":"a\r\nb\u001b[31m{}"}}"#, "信".repeat(300));
    let (_, errmsg, _) = refusal(&body, &[]);
    assert_eq!(errmsg.chars().count(), 200);
    assert!(errmsg.starts_with("ab[31m信"));
}

#[test]
fn an_errmsg_never_repeats_a_secret_of_the_request() {
    let long = format!("{} canary rid: 6374a31a-1d2ecec6-3d2c5d0a", "x".repeat(190));
    for (errmsg, secret) in [
        ("secret=canary", "canary"),
        ("can\\u0000ary", "canary"),
        ("https://api.weixin.qq.com/?secret=c%2Fanary%2B", "c/anary+"),
        ("c\\/anary+", "c/anary+"),
        (long.as_str(), "canary"),
    ] {
        let (_, shown, _) = refusal(&format!(r#"{{"errcode":1,"errmsg":"{errmsg}"}}"#), &["", secret]);
        assert!(!shown.contains("anary"), "{shown}");
    }
}

proptest! {
    #[test]
    fn no_answer_panics(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read::<Openid>(&body, &["a"]);
    }

    #[test]
    fn no_errmsg_panics_and_none_is_longer_than_it_may_be(errmsg in ".{0,300}", secret in ".{1,4}") {
        let body = serde_json::json!({ "errcode": 1, "errmsg": errmsg }).to_string();
        let (_, shown, _) = refusal(&body, &[&secret]);
        prop_assert!(shown.chars().count() <= 200);
    }
}
