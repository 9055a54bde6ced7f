//! Base64 as it arrives: damaged on the way, mostly in ways that can be undone without guessing.

use crate::Error;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Damage that was undone. In the order in which it is undone and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// `%2B` and its like were still encoded; undone once.
    PercentEncoded,
    /// CR or LF between the characters.
    LineBreaks,
    /// `+` had become a space, as form decoding does.
    SpaceForPlus,
    /// `-` and `_` stood for `+` and `/`.
    UrlSafeAlphabet,
    /// `=` was missing at the end.
    MissingPadding,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PercentEncoded => "percent-encoding undone",
            Self::LineBreaks => "line breaks removed",
            Self::SpaceForPlus => "spaces turned back into +",
            Self::UrlSafeAlphabet => "URL-safe alphabet mapped to the standard one",
            Self::MissingPadding => "missing = added",
        })
    }
}

/// Decodes base64 after undoing what transport did to it: the canonical text, its bytes, and each repair that was needed.
///
/// No repair guesses: what is left must be canonical standard base64, trailing bits included.
///
/// # Errors
/// [`Error::Base64`].
pub fn repair_base64(text: &str) -> Result<(String, Vec<u8>, Vec<Repair>), Error> {
    let mut repairs = Vec::new();
    let mut text = text.to_owned();
    if text.contains('%') {
        text = noted(&mut repairs, Repair::PercentEncoded, percent_decoded(&text).ok_or(Error::Base64)?);
    }
    if text.contains(['\r', '\n']) {
        text = noted(&mut repairs, Repair::LineBreaks, text.replace(['\r', '\n'], ""));
    }
    if text.contains(' ') {
        text = noted(&mut repairs, Repair::SpaceForPlus, text.replace(' ', "+"));
    }
    if text.contains(['-', '_']) {
        text = noted(&mut repairs, Repair::UrlSafeAlphabet, text.replace('-', "+").replace('_', "/"));
    }
    let missing = text.len().next_multiple_of(4) - text.len();
    if missing > 0 {
        text = noted(&mut repairs, Repair::MissingPadding, text + &"=".repeat(missing));
    }
    let bytes = BASE64_STANDARD.decode(&text).map_err(|_| Error::Base64)?;
    Ok((text, bytes, repairs))
}

fn noted(repairs: &mut Vec<Repair>, repair: Repair, text: String) -> String {
    repairs.push(repair);
    text
}

/// Undoes percent-encoding once. `None` when an escape is broken or the result is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (escape, rest) = part.as_bytes().split_first_chunk::<2>()?;
        let [high, low] = escape.map(|digit| char::from(digit).to_digit(16));
        bytes.push(u8::try_from(high? << 4 | low?).ok()?);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok()
}
