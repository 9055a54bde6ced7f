//! As much of JSON Schema as the document uses. A keyword that is not known here fails, and so does a property that the
//! schema does not name: an answer must hold nothing undocumented.

use serde_json::{Map, Value};

use super::document::resolved;

/// Says what is wrong with `value`.
pub fn check(schema: &'static Value, value: &Value) -> Result<(), String> {
    let keywords = resolved(schema).as_object().unwrap();
    if let Some(object) = value.as_object() {
        let mut named = Vec::new();
        properties(schema, object, &mut named);
        if let Some(unknown) = object.keys().find(|key| !named.contains(&key.as_str())) {
            // An object without any properties of its own is the team's to fill.
            if !named.is_empty() {
                return Err(format!("`{unknown}` is not documented"));
            }
        }
    }
    fits(keywords, value)
}

/// The properties that a schema names for this object, in all its parts.
fn properties(schema: &'static Value, object: &Map<String, Value>, named: &mut Vec<&'static str>) {
    let keywords = resolved(schema).as_object().unwrap();
    if let Some(properties) = keywords.get("properties") {
        named.extend(properties.as_object().unwrap().keys().map(String::as_str));
    }
    for part in keywords.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        properties(part, object, named);
    }
    let value = Value::Object(object.clone());
    for part in keywords.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        if fits(resolved(part).as_object().unwrap(), &value).is_ok() {
            properties(part, object, named);
        }
    }
}

fn fits(keywords: &'static Map<String, Value>, value: &Value) -> Result<(), String> {
    for (keyword, wanted) in keywords {
        let holds = match keyword.as_str() {
            "type" => is_a(wanted, value),
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_i64() >= wanted.as_i64(),
            "maximum" => value.as_i64() <= wanted.as_i64(),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= wanted.as_u64().unwrap()),
            "maxProperties" => value.as_object().unwrap().len() as u64 <= wanted.as_u64().unwrap(),
            "pattern" => matches(wanted.as_str().unwrap(), value.as_str().unwrap()),
            "format" => value.is_null() || has_format(wanted.as_str().unwrap(), value),
            "required" => wanted.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    value.get(key).map_or(Ok(()), |value| check_part(schema, value, key))?;
                }
                true
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|value| check_part(wanted, value, "items"))?;
                true
            }
            // A part knows only its own properties: the whole is what names them all.
            "allOf" => {
                for part in wanted.as_array().unwrap() {
                    fits(resolved(part).as_object().unwrap(), value)?;
                }
                true
            }
            "oneOf" => fitting(wanted, value) == 1,
            "anyOf" => fitting(wanted, value) >= 1,
            "uniqueItems" => {
                let items = value.as_array().unwrap();
                items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
            }
            "minLength" => characters(value).is_none_or(|count| count >= wanted.as_u64().unwrap()),
            "maxLength" => characters(value).is_none_or(|count| count <= wanted.as_u64().unwrap()),
            // Every object is held to the properties that are named, whether it says so or not.
            "description" | "additionalProperties" | "contentEncoding" | "default" => true,
            other => panic!("`{other}` is not known to the test"),
        };
        if !holds {
            return Err(format!("{keyword} {wanted}"));
        }
    }
    Ok(())
}

/// Of a text; what is none has no length to be held to.
fn characters(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn fitting(parts: &'static Value, value: &Value) -> usize {
    let parts = parts.as_array().unwrap().iter();
    parts.filter(|part| fits(resolved(part).as_object().unwrap(), value).is_ok()).count()
}

fn check_part(schema: &'static Value, value: &Value, name: &str) -> Result<(), String> {
    check(schema, value).map_err(|fault| format!("{name}: {fault}"))
}

fn is_a(wanted: &Value, value: &Value) -> bool {
    let one = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    wanted.as_array().map_or_else(|| one(wanted), |names| names.iter().any(one))
}

fn has_format(name: &str, value: &Value) -> bool {
    match name {
        "uuid" => value.as_str().unwrap().parse::<uuid::Uuid>().is_ok(),
        "int64" => value.is_i64(),
        "uri" => value.as_str().unwrap().parse::<http::Uri>().is_ok(),
        other => panic!("{other}"),
    }
}

/// The few patterns that there are.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[!-~]+$" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()),
        "^https://" => text.starts_with("https://"),
        "^[1-9][0-9]{0,18}$" => text.parse::<u64>().is_ok_and(|number| number > 0 && number.to_string() == text),
        "^[0-9a-f]{16}$" => is_hex(text, 16),
        "^[0-9a-f]{32}$" => is_hex(text, 32),
        other => panic!("{other}"),
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
