//! The OpenAPI document as the judge of answers.

use std::sync::LazyLock;

use http::Method;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::schema;

/// The listener that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Public,
    Internal,
}

pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(wxgate_api::openapi()).unwrap());
    &DOCUMENT
}

/// What a `$ref` stands for, or the value itself.
pub fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(place) => {
            resolved(document().pointer(place.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{place}")))
        }
        None => value,
    }
}

/// The operations of a path item, by method.
pub fn operations(item: &'static Value) -> impl Iterator<Item = (Method, &'static Value)> {
    let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "servers");
    methods.map(|(key, operation)| (Method::from_bytes(key.to_ascii_uppercase().as_bytes()).unwrap(), operation))
}

/// Whether the document puts a path on this listener.
pub fn is_on(item: &Value, side: Side) -> bool {
    let port = if side == Side::Public { ":8520" } else { ":8521" };
    let servers = item.get("servers").unwrap_or(&document()["servers"]).as_array().unwrap();
    servers.iter().any(|server| server["url"].as_str().unwrap().ends_with(port))
}

fn item(side: Side, path: &str) -> Option<&'static Value> {
    let is_at = |template: &str| {
        let ours: Vec<_> = template.split('/').collect();
        // `{path}` stands for all segments from there.
        let most = if template.ends_with("/{path}") { ours.len() } else { usize::MAX };
        let theirs: Vec<_> = path.splitn(most, '/').collect();
        let same = |(ours, theirs): (&&str, &&str)| ours == theirs || (ours.starts_with('{') && !theirs.is_empty());
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
    };
    let paths = document()["paths"].as_object().unwrap();
    paths.iter().find(|(template, item)| is_at(template) && is_on(item, side)).map(|(_, item)| item)
}

/// Fails unless the document tells of this answer: its status, headers, type, and every field of its body.
#[track_caller]
pub fn assert_tells_of(side: Side, method: &Method, path: &str, answer: &Answer) {
    let asked = format!("{method} {path} {answer:?}");
    let Some(item) = item(side, path) else {
        // The edge may refuse a request before it looks for its path.
        assert!([404, 400, 429].contains(&answer.status), "{asked}");
        return assert_refusal(answer, &asked);
    };
    let Some((_, operation)) = operations(item).find(|(documented, _)| documented == method) else {
        let mut documented: Vec<_> = operations(item).map(|(method, _)| method.to_string()).collect();
        let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
        documented.sort_unstable();
        allowed.sort_unstable();
        assert_eq!((answer.status, allowed), (405, documented.iter().map(String::as_str).collect()), "{asked}");
        return assert_refusal(answer, &asked);
    };
    let response = operation["responses"].get(answer.status.to_string()).unwrap_or_else(|| panic!("status: {asked}"));
    assert_headers(response["headers"].as_object().unwrap(), answer, &asked);
    match response.get("content") {
        None => assert_eq!((answer.bytes.len(), answer.headers.get("content-type")), (0, None), "{asked}"),
        Some(content) => {
            let content = content.get(answer.header("content-type")).or_else(|| content.get("*/*"));
            let is_json = answer.header("content-type") == "application/json";
            let said = if is_json { answer.json.clone() } else { Value::from(answer.text.as_str()) };
            // Bytes of some type have no schema.
            if let Some(schema) = content.unwrap_or_else(|| panic!("type: {asked}")).get("schema") {
                schema::check(schema, &said).unwrap_or_else(|fault| panic!("{fault}: {asked}"));
            }
        }
    }
}

fn assert_refusal(answer: &Answer, asked: &str) {
    let refusal = &document()["components"]["schemas"]["Refusal"];
    schema::check(refusal, &answer.json).unwrap_or_else(|fault| panic!("{fault}: {asked}"));
}

/// All headers that the document tells of are there, and nothing of ours that it does not tell of.
fn assert_headers(documented: &'static Map<String, Value>, answer: &Answer, asked: &str) {
    for (name, header) in documented {
        let header = resolved(header);
        let value = answer.headers.get(name).unwrap_or_else(|| panic!("{name}: {asked}")).to_str().unwrap();
        let value = match header["schema"]["type"].as_str() {
            Some("integer") => value.parse::<i64>().unwrap().into(),
            _ => Value::from(value),
        };
        schema::check(&header["schema"], &value).unwrap_or_else(|fault| panic!("{name}, {fault}: {asked}"));
    }
    for name in answer.headers.keys().map(http::HeaderName::as_str) {
        let known = documented.keys().any(|documented| documented.eq_ignore_ascii_case(name));
        assert!(known || ["content-type", "content-length"].contains(&name), "{name}: {asked}");
    }
}
