//! Small words for JSON Schema.

use serde_json::{Map, Value, json};

/// An object that has all of `required` and may have some of `optional`; the keys are the properties, the values their
/// schemas.
pub fn object(required: Value, optional: Value) -> Value {
    let (mut properties, optional) = (map(required), map(optional));
    let names: Vec<_> = properties.keys().cloned().collect();
    properties.extend(optional);
    json!({ "type": "object", "properties": properties, "required": names })
}

/// A success in the contract's envelope.
pub fn envelope(required: Value) -> Value {
    let mut properties = map(json!({
        "errcode": { "type": "integer", "enum": [0] },
        "errmsg": only("ok"),
    }));
    properties.extend(map(required));
    object(properties.into(), json!({}))
}

/// An object of a request: keys that are not named are refused.
pub fn request(properties: Value, needs: Value) -> Value {
    let mut schema = map(json!({ "type": "object", "additionalProperties": false }));
    schema.insert("properties".to_owned(), properties);
    schema.extend(map(needs));
    schema.into()
}

/// What a request needs: one of these sets of keys and no key of another one.
pub fn one_of(sets: &[&[&str]]) -> Value {
    json!({ "oneOf": sets.iter().map(|keys| json!({ "required": keys })).collect::<Vec<_>>() })
}

/// What a request needs: at least one of these sets of keys.
pub fn any_of(sets: &[&[&str]]) -> Value {
    json!({ "anyOf": sets.iter().map(|keys| json!({ "required": keys })).collect::<Vec<_>>() })
}

/// `encryptedData` in its three spellings, and `iv`: the pair that WeChat gives.
pub fn encrypted() -> Map<String, Value> {
    let data = |description: &str| json!({ "type": "string", "contentEncoding": "base64", "description": description });
    map(json!({
        "encryptedData": data("As WeChat gave it 加密数据，原样发送"),
        "encrypteData": data("Another spelling of encryptedData"),
        "encrypted_data": data("Another spelling of encryptedData"),
        "iv": data("As WeChat gave it: base64 of 16 bytes"),
    }))
}

/// The keys of `encrypted`, one spelling each.
pub const PAIRS: [&[&str]; 3] = [&["encryptedData", "iv"], &["encrypteData", "iv"], &["encrypted_data", "iv"]];

/// Properties one after the other.
pub fn joined(one: Value, other: Map<String, Value>) -> Value {
    let mut properties = map(one);
    properties.extend(other);
    properties.into()
}

/// A string.
pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// An instant, or null when there is none.
pub fn instant_or_null(description: &str) -> Value {
    json!({ "type": ["integer", "null"], "format": "int64", "description": description })
}

/// A string, or null when there is none.
pub fn text_or_null(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": description })
}

/// A code of WeChat's, as it came.
pub fn code(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": "^[!-~]+$", "description": description })
}

/// This word and no other.
pub fn only(word: &str) -> Value {
    json!({ "type": "string", "enum": [word] })
}

/// One of these words.
pub fn word(words: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": description })
}

/// An instant.
pub fn instant(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": format!("{description}, Unix seconds") })
}

/// A whole number.
pub fn integer(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": description })
}

/// A list.
pub fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// One of `components.schemas`.
pub fn named(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// The keys of a JSON object that is written out in the source.
pub fn map(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
