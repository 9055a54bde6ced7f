//! What WeChat writes back: JSON whatever its Content-Type says, with an `errcode` or without.

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::VALUE;
use crate::{Error, Result};

/// An `errmsg` is cut here.
const ERRMSG_CHARS: usize = 200;

/// Reads an answer as `T`.
///
/// An `errcode` other than 0 is [`Error::Refused`], whatever else the answer holds; its absence means success, for
/// `sns/…` and `cgi-bin/…` leave it out. `hidden` names the secrets of the request, lest an `errmsg` repeat them.
/// What serde says about a mismatch is dropped: it quotes values.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], hidden: &[&str]) -> Result<T> {
    let unreadable = |reason| Error::Unreadable { reason };
    let text = str::from_utf8(body).map_err(|_| unreadable("not UTF-8"))?;
    // Serde would take an array for a struct.
    if !text.trim_start().starts_with('{') {
        return Err(unreadable("not a JSON object"));
    }
    let outcome: Outcome = serde_json::from_str(text).map_err(|error| {
        unreadable(if error.is_data() { "errcode or errmsg is of the wrong type" } else { "not JSON" })
    })?;
    match outcome.errcode.map_or(Some(0), Loose::number) {
        Some(0) => serde_json::from_str(text).map_err(|_| unreadable("a field is missing or of the wrong type")),
        Some(errcode) => Err(refused(errcode, &outcome.errmsg.unwrap_or_default(), hidden)),
        None => Err(unreadable("errcode is not a number")),
    }
}

#[derive(Deserialize)]
struct Outcome {
    errcode: Option<Loose>,
    errmsg: Option<String>,
}

/// A field that WeChat writes as a number in one place and as a string in another.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Loose {
    Number(i64),
    Text(String),
}

impl Loose {
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

fn refused(errcode: i64, errmsg: &str, hidden: &[&str]) -> Error {
    // Control characters go first: they could be what keeps a secret from being found.
    let mut clean: String = errmsg.chars().filter(|char| !char.is_control()).collect();
    for secret in hidden.iter().filter(|secret| !secret.is_empty()) {
        clean = clean.replace(secret, "***").replace(&utf8_percent_encode(secret, VALUE).to_string(), "***");
    }
    if let Some((end, _)) = clean.char_indices().nth(ERRMSG_CHARS) {
        clean.truncate(end);
    }
    Error::Refused { errcode, errmsg: clean, rid: rid(errmsg).map(str::to_owned) }
}

/// The first `rid: 6aac005a-01bfdbee-79769285` of a text: three groups of 8 lowercase hexadecimal digits.
fn rid(errmsg: &str) -> Option<&str> {
    const LENGTH: usize = 26;
    errmsg.match_indices("rid:").find_map(|(start, label)| {
        let rid = errmsg[start + label.len()..].trim_start().get(..LENGTH)?;
        let fits = rid.bytes().enumerate().all(|(at, byte)| match at {
            8 | 17 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
        fits.then_some(rid)
    })
}

#[cfg(test)]
#[path = "../fuzz/answer.rs"]
mod fuzz;
#[cfg(test)]
mod tests;
