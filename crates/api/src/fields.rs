//! A request's body as named values, whatever its encoding, so that every fault can name its field.

use std::fmt;
use std::marker::PhantomData;

use percent_encoding::percent_decode;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::problem::Problem;

/// Keys a body may have.
const MOST_KEYS: usize = 32;
/// Arrays and objects in one another, the body itself among them.
const DEEPEST: usize = 16;

/// The keys and values of a body, each key once. Routes take what they know, call [`Fields::end`], which names what is
/// left, and only then miss what is not there: a misspelt key is the likelier fault.
pub struct Fields(Vec<(String, Value)>);

impl Fields {
    /// Reads one JSON object; arrays and objects nest at most 16 deep.
    ///
    /// # Errors
    /// `bad_request` when it is not one object, or a key stands there twice.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ApiError> {
        let pairs: Vec<(String, Value)> = pairs(bytes)?;
        if pairs.iter().any(|(_, value)| depth(value) >= DEEPEST) {
            return Err(Problem::NotJson.into());
        }
        once_each(&pairs)?;
        Ok(Self(pairs))
    }

    /// Reads `application/x-www-form-urlencoded`, strictly: what is not UTF-8 after decoding is refused.
    ///
    /// # Errors
    /// `bad_request` when a pair has no `=`, is not UTF-8, or a key stands there twice.
    pub fn from_form(bytes: &[u8]) -> Result<Self, ApiError> {
        let decoded = |part: &[u8]| -> Result<String, ApiError> {
            let spaced: Vec<u8> = part.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
            let text = percent_decode(&spaced).decode_utf8().map_err(|_| Problem::NotForm)?;
            Ok(text.into_owned())
        };
        let mut pairs = Vec::new();
        for pair in bytes.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|&byte| byte == b'=').filter(|&at| at > 0).ok_or(Problem::NotForm)?;
            pairs.push((decoded(&pair[..equals])?, Value::String(decoded(&pair[equals + 1..])?)));
        }
        once_each(&pairs)?;
        Ok(Self(pairs))
    }

    /// Takes the text under the first of `names` (the others are its other spellings), at most `most` characters long.
    ///
    /// # Errors
    /// `bad_request` when two spellings stand there, or the value is not a string, empty, or too long.
    pub fn text(&mut self, names: &[&'static str], most: usize) -> Result<Option<String>, ApiError> {
        match self.string(names)? {
            None => Ok(None),
            Some((name, text)) if text.is_empty() => Err(Problem::Missing(name).into()),
            Some((name, text)) if text.chars().count() > most => Err(Problem::TooLong(name, most).into()),
            Some((_, text)) => Ok(Some(text)),
        }
    }

    /// Takes two texts that belong together. Both empty is neither: so clients send what a user did not grant.
    ///
    /// # Errors
    /// `bad_request` when only one of them is there, either is not a string, or stands there in two spellings.
    pub fn pair(&mut self, one: &[&'static str], other: &[&'static str]) -> Result<Option<(String, String)>, ApiError> {
        let mut given = |names| -> Result<Option<String>, ApiError> {
            Ok(self.string(names)?.map(|(_, text)| text).filter(|text| !text.is_empty()))
        };
        match (given(one)?, given(other)?) {
            (Some(first), Some(second)) => Ok(Some((first, second))),
            (None, None) => Ok(None),
            _ => Err(Problem::HalfPair(one[0], other[0]).into()),
        }
    }

    /// Takes the string under the one of `names` that is there, with that name.
    fn string(&mut self, names: &[&'static str]) -> Result<Option<(&'static str, String)>, ApiError> {
        let mut found = None;
        for name in names {
            let Some(at) = self.0.iter().position(|(key, _)| key == name) else { continue };
            if found.is_some() {
                return Err(Problem::DuplicateKey((*name).to_owned()).into());
            }
            found = Some((*name, self.0.swap_remove(at).1));
        }
        match found {
            None => Ok(None),
            Some((name, Value::String(text))) => Ok(Some((name, text))),
            Some((name, _)) => Err(Problem::NotText(name).into()),
        }
    }

    /// Takes what stands under `name`, whatever it is.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes a list of texts; `Some(None)` is null.
    ///
    /// # Errors
    /// `bad_request` when the value is something else.
    pub fn texts_or_null(&mut self, name: &'static str) -> Result<Option<Option<Vec<String>>>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(list) => serde_json::from_value(list).map(Some).map_err(|_| Problem::NotTexts(name).into()),
        }
    }

    /// Takes a value if it is null; whether it was.
    pub fn take_null(&mut self, name: &str) -> bool {
        let is_null = self.0.iter().any(|(key, value)| key == name && value.is_null());
        is_null && self.take(name).is_some()
    }

    /// Takes `true` or `false`.
    ///
    /// # Errors
    /// `bad_request` when the value is something else.
    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Problem::NotFlag(name).into()),
        }
    }

    /// Takes a key that is null for one that is not there: what an answer says may be sent as it is.
    #[must_use]
    pub fn without_nulls(mut self) -> Self {
        self.0.retain(|(_, value)| !value.is_null());
        self
    }

    /// Whether a key is there and not yet taken.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// All that is known has been taken.
    ///
    /// # Errors
    /// `bad_request` with the name of the first key that is left.
    pub fn end(self) -> Result<(), ApiError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((key, _)) => Err(Problem::UnknownKey(shown(&key)).into()),
        }
    }
}

/// The keys of one JSON object, each once, with their values unread: for bodies whose parts are read one by one.
///
/// # Errors
/// `bad_request` when it is not one object, or a key stands there twice.
pub fn unread_values(bytes: &[u8]) -> Result<Vec<(String, &RawValue)>, ApiError> {
    let pairs = pairs(bytes)?;
    once_each(&pairs)?;
    Ok(pairs)
}

fn pairs<'de, V: Deserialize<'de>>(bytes: &'de [u8]) -> Result<Vec<(String, V)>, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::NotJson)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let pairs = json.deserialize_map(Pairs(PhantomData)).map_err(|_| Problem::NotJson)?;
    json.end().map_err(|_| Problem::NotJson)?;
    Ok(pairs)
}

fn once_each<V>(pairs: &[(String, V)]) -> Result<(), ApiError> {
    // No route knows nearly as many keys; without an end, looking for doubles would cost their square.
    if let Some((key, _)) = pairs.get(MOST_KEYS) {
        return Err(Problem::UnknownKey(shown(key)).into());
    }
    for (at, (key, _)) in pairs.iter().enumerate() {
        if pairs[..at].iter().any(|(earlier, _)| earlier == key) {
            return Err(Problem::DuplicateKey(shown(key)).into());
        }
    }
    Ok(())
}

/// How deep arrays and objects nest in a value. `serde_json` itself ends at 128.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(values) => 1 + values.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A client's key as it may stand in an answer: short and without control characters.
pub fn shown(key: &str) -> String {
    key.chars().filter(|character| !character.is_control()).take(64).collect()
}

struct Pairs<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
    type Value = Vec<(String, V)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<T>(result: Result<T, ApiError>) -> Problem {
        match result {
            Err(ApiError::BadRequest(problem)) => problem,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn a_body_that_is_not_one_object_is_refused() {
        for body in
            ["", "{", "[]", "null", "\"x\"", "1", "{\"a\":1}}", "{\"a\":1} {}", "{'a':1}", "\u{feff}{}", "{\"a\":NaN}"]
        {
            assert_eq!(problem(Fields::from_json(body.as_bytes())), Problem::NotJson, "{body}");
        }
        let deep = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Fields::from_json(deep(16).as_bytes()).is_ok());
        for depth in [17, 100, 5_000] {
            assert_eq!(problem(Fields::from_json(deep(depth).as_bytes())), Problem::NotJson, "{depth}");
        }
        assert_eq!(problem(Fields::from_json(b"{\"a\":\"\xff\"}")), Problem::NotJson);
    }

    #[test]
    fn a_key_given_twice_is_named() {
        let twice = Problem::DuplicateKey("code".into());
        assert_eq!(problem(Fields::from_json(br#"{"code":"a","code":"b"}"#)), twice);
        assert_eq!(problem(Fields::from_form(b"code=a&code=b")), twice);
        let mut fields = Fields::from_json(br#"{"code":"a","js_code":"b"}"#).unwrap();
        assert_eq!(problem(fields.text(&["code", "js_code"], 9)), Problem::DuplicateKey("js_code".into()));
    }

    #[test]
    fn a_broken_form_is_refused() {
        for body in [&b"code=%ff%fe"[..], b"code", b"=x"] {
            assert_eq!(problem(Fields::from_form(body)), Problem::NotForm);
        }
        let mut fields = Fields::from_form(b"iv=a+b%2Bc&x=%E4%BD%A0").unwrap();
        assert_eq!(fields.text(&["iv"], 9).unwrap().as_deref(), Some("a b+c"));
        assert_eq!(fields.text(&["x"], 9).unwrap().as_deref(), Some("你"));
        fields.end().unwrap();
    }

    #[test]
    fn what_a_route_does_not_know_is_named_without_its_control_characters() {
        let fields = Fields::from_json(b"{\"od\\u0000d\":1}").unwrap();
        assert_eq!(problem(fields.end()), Problem::UnknownKey("odd".into()));
    }

    #[test]
    fn a_pair_comes_whole_or_not_at_all() {
        let mut half = Fields::from_json(br#"{"iv":"x"}"#).unwrap();
        assert_eq!(problem(half.pair(&["encryptedData"], &["iv"])), Problem::HalfPair("encryptedData", "iv"));
        let mut empty = Fields::from_json(br#"{"rawData":"","signature":""}"#).unwrap();
        assert_eq!(empty.pair(&["rawData"], &["signature"]).unwrap(), None);
    }

    #[test]
    fn a_body_of_very_many_keys_is_refused_before_they_are_compared() {
        let form: Vec<_> = (0..4_000).map(|number| format!("k{number}=")).collect();
        assert_eq!(problem(Fields::from_form(form.join("&").as_bytes())), Problem::UnknownKey("k32".into()));
    }
}
