use serde_json::Value;
use wxgate_fuzz::Target;

use super::{ERRMSG_CHARS, read};
use crate::Error;

/// In the corpus wherever a secret of the request could be repeated.
const SECRET: &str = "canary/secret";
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "\"errcode\":", "\"errmsg\":", "\"openid\":", "0", "\"0\"", "40163", "-1", "\"ok\"", "null", "{", "}", "[", "]", ",", "\"",
    "canary/secret", "canary%2Fsecret", "canary\\/secret", "c\\u0061nary/secret", "\\u0000", "\\ud800",
    " rid: 6aac005a-01bfdbee-79769285", "\u{4fe1}", "\u{feff}", " ", "0.5", "1e400",
];

#[test]
fn an_answer_is_read_only_without_an_errcode_and_no_error_tells_a_secret() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/answer");
    let outcomes = [
        "read",
        "refused",
        "not UTF-8",
        "not a JSON object",
        "not JSON",
        "errcode or errmsg is of the wrong type",
        "errcode is not a number",
        "a field is missing or of the wrong type",
    ];
    Target { corpus, words: WORDS, inputs: 100_000, outcomes: &outcomes }.run(|input| {
        let error = match read::<Value>(input, &[SECRET]) {
            Ok(answer) => {
                assert!(answer.is_object() && is_none_or_zero(&answer["errcode"]), "{answer}");
                return "read";
            }
            Err(error) => error,
        };
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("canary%2Fsecret"), "{shown}");
        match error {
            Error::Unreadable { reason } => reason,
            Error::Refused { errcode, errmsg, rid } => {
                assert_ne!(errcode, 0);
                assert!(errmsg.chars().count() <= ERRMSG_CHARS && !errmsg.contains(char::is_control), "{errmsg:?}");
                assert!(rid.is_none_or(|rid| rid.len() == 26 && rid.is_ascii()));
                "refused"
            }
            other => panic!("{other}"),
        }
    });
}

fn is_none_or_zero(errcode: &Value) -> bool {
    errcode.is_null() || errcode.as_i64().or(errcode.as_str().and_then(|text| text.parse().ok())) == Some(0)
}
