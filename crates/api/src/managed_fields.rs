//! What operators send, out of the fields of a request.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::api_token::SCOPES;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::problem::Problem;

/// How many a page may hold, and holds if nobody says.
const LIMITS: RangeInclusive<u32> = 1..=200;
const LIMIT: u32 = 50;
/// Digits of a number in a query, and some.
const NUMBER_CHARACTERS: usize = 20;
/// Characters a note may have.
pub const NOTE_CHARACTERS: usize = 1000;
/// Bytes of attributes, as they are kept: without blanks.
pub const ATTRIBUTES_BYTES: usize = 8 * 1024;
/// Days that a token may last.
pub const TOKEN_DAYS: RangeInclusive<i64> = 1..=3650;

impl Fields {
    /// `limit` of a query.
    ///
    /// # Errors
    /// `bad_request` unless it is a whole number from 1 to 200.
    pub fn limit(&mut self) -> Result<u32, ApiError> {
        let Some(text) = self.text(&["limit"], NUMBER_CHARACTERS)? else { return Ok(LIMIT) };
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| is_plain && LIMITS.contains(limit));
        limit.ok_or_else(|| Problem::OutOfRange("limit", 1, LIMITS.end().to_owned().into()).into())
    }

    /// `note`: words, or `null` for none, which is an empty text here.
    ///
    /// # Errors
    /// `bad_request` when it is something else, empty, too long, or has control characters other than line breaks and tabs.
    pub fn note(&mut self) -> Result<Option<String>, ApiError> {
        let harmful = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
        match self.take("note") {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text))
                if (1..=NOTE_CHARACTERS).contains(&text.chars().count()) && !text.contains(harmful) =>
            {
                Ok(Some(text))
            }
            Some(_) => Err(Problem::BadNote.into()),
        }
    }

    /// `attributes`, as they are kept.
    ///
    /// # Errors
    /// `bad_request` when it is not an object, or one of more than 8 KiB.
    pub fn attributes(&mut self) -> Result<Option<String>, ApiError> {
        match self.take("attributes") {
            None => Ok(None),
            Some(value) => {
                let kept = value.is_object().then(|| value.to_string());
                let kept = kept.filter(|text| text.len() <= ATTRIBUTES_BYTES);
                kept.map(Some).ok_or_else(|| Problem::BadAttributes.into())
            }
        }
    }

    /// `revision`, the one that a change is of.
    ///
    /// # Errors
    /// `bad_request` unless it is a whole number, not negative.
    pub fn revision(&mut self) -> Result<Option<i64>, ApiError> {
        self.integer("revision", 0..=i64::MAX)
    }

    /// `expires_days` of a new token.
    ///
    /// # Errors
    /// `bad_request` unless it is a whole number from 1 to 3650.
    pub fn expires_days(&mut self) -> Result<Option<i64>, ApiError> {
        self.integer("expires_days", TOKEN_DAYS)
    }

    /// `scopes` of a new token.
    ///
    /// # Errors
    /// `bad_request` unless it is a list of one or more scopes, each once.
    pub fn scopes(&mut self) -> Result<Option<Vec<String>>, ApiError> {
        let Some(value) = self.take("scopes") else { return Ok(None) };
        let scopes: Vec<String> = serde_json::from_value(value).map_err(|_| Problem::BadScopes)?;
        let is_known = |scope: &String| SCOPES.contains(&scope.as_str());
        let is_first = |at: usize| !scopes[..at].contains(&scopes[at]);
        if scopes.is_empty() || !scopes.iter().all(is_known) || !(0..scopes.len()).all(is_first) {
            return Err(Problem::BadScopes.into());
        }
        Ok(Some(scopes))
    }

    /// A whole number between these two.
    ///
    /// # Errors
    /// `bad_request` when it is something else.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_i64().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| Problem::OutOfRange(name, *range.start(), *range.end()).into())
    }
}
