//! One operation of the document, put together from the few things that operations have in common.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::refusals;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain";
const XML: &str = "text/xml";

/// An operation under way. What it refuses is a list of the contract's words; their statuses follow from them.
pub struct Operation {
    json: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
    refused: Vec<&'static str>,
}

impl Operation {
    /// `id` names it for generated clients; `summary` is Chinese, `description` English.
    pub fn new(id: &str, tag: &str, summary: &str, description: &str) -> Self {
        let head = [("operationId", json!(id)), ("summary", json!(summary)), ("description", json!(description))];
        let mut json: Map<_, _> = head.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        json.insert("tags".to_owned(), json!([tag]));
        Self { json, parameters: Vec::new(), responses: Map::new(), refused: Vec::new() }
    }

    /// Asks for the skey of a live session.
    pub fn skey(self) -> Self {
        self.security("skey", &[]).refuses(&["unauthorized", "blocked", "storage_full", "internal"])
    }

    /// Asks for an API token with `scope`.
    pub fn api_token(self, scope: &str) -> Self {
        self.security("apiToken", &[scope]).refuses(&["unauthorized", "forbidden", "storage_full", "internal"])
    }

    /// Names what stands in `Authorization`, and nothing that follows from it.
    pub fn security(mut self, scheme: &str, scopes: &[&str]) -> Self {
        self.json.insert("security".to_owned(), json!([{ scheme: scopes }]));
        self
    }

    /// Takes one of `components.parameters`.
    pub fn parameter(mut self, name: &str) -> Self {
        self.parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        self
    }

    /// Takes one of `components.schemas` as JSON.
    pub fn takes_json(self, schema: &str, example: &Value) -> Self {
        self.takes(&[JSON], schema, example)
    }

    /// Takes one of `components.schemas` as a form.
    pub fn takes_form(self, schema: &str, example: &Value) -> Self {
        self.takes(&[FORM], schema, example)
    }

    /// Takes one of `components.schemas` as JSON or as a form.
    pub fn takes_either(self, schema: &str, example: &Value) -> Self {
        self.takes(&[JSON, FORM], schema, example)
    }

    /// Takes an encrypted message, as XML or as JSON.
    pub fn takes_push(mut self, example: &Value) -> Self {
        let json = json!({ "schema": reference("PushEnvelope"), "example": example });
        let xml = json!({ "schema": { "type": "string" }, "example": "<xml><Encrypt>…</Encrypt></xml>" });
        self.json.insert("requestBody".to_owned(), json!({ "required": true, "content": { JSON: json, XML: xml } }));
        self.reads_a_body()
    }

    /// Takes one of `components.schemas` as JSON, or no body.
    pub fn may_take_json(mut self, schema: &str, example: &Value) -> Self {
        let content = json!({ JSON: { "schema": reference(schema), "example": example } });
        self.json.insert("requestBody".to_owned(), json!({ "required": false, "content": content }));
        self.reads_a_body()
    }

    fn takes(mut self, types: &[&str], schema: &str, example: &Value) -> Self {
        let content = json!({ "schema": reference(schema), "example": example });
        let content: Map<_, _> = types.iter().map(|media| ((*media).to_owned(), content.clone())).collect();
        self.json.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        self.reads_a_body()
    }

    /// Takes one of `components.schemas` as a form with files.
    pub fn takes_files(mut self, schema: &str) -> Self {
        let content = json!({ "multipart/form-data": { "schema": reference(schema) } });
        self.json.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        self.reads_a_body()
    }

    /// Takes bytes of any type, or none.
    pub fn takes_bytes(mut self) -> Self {
        self.json.insert("requestBody".to_owned(), json!({ "required": false, "content": { "*/*": {} } }));
        self.reads_a_body()
    }

    /// Takes nothing: no body, or an empty object.
    pub fn takes_nothing(mut self) -> Self {
        let content = json!({ JSON: { "schema": reference("Nothing") } });
        self.json.insert("requestBody".to_owned(), json!({ "required": false, "content": content }));
        self.reads_a_body()
    }

    fn reads_a_body(self) -> Self {
        self.refuses(&["bad_request", "too_large", "unsupported_media_type"])
    }

    /// 200 with one of `components.schemas`.
    pub fn answers(self, description: &str, schema: &str, example: &Value) -> Self {
        self.responds(StatusCode::OK, description, schema, example)
    }

    /// 200 with a plain text.
    pub fn answers_text(self, description: &str, example: &str) -> Self {
        let content = json!({ TEXT: { "schema": { "type": "string" }, "example": example } });
        let response = json!({ "description": description, "headers": headers(StatusCode::OK), "content": content });
        self.response(StatusCode::OK, response)
    }

    /// Any status with one of `components.schemas`.
    pub fn responds(self, status: StatusCode, description: &str, schema: &str, example: &Value) -> Self {
        let content = json!({ JSON: { "schema": reference(schema), "example": example } });
        let response = json!({ "description": description, "headers": headers(status), "content": content });
        self.response(status, response)
    }

    /// 200 with one of `components.schemas` and further headers, each as one of `components.headers` says.
    pub fn answers_with(self, description: &str, schema: &str, example: &Value, more: &[(&str, &str)]) -> Self {
        let content = json!({ JSON: { "schema": reference(schema), "example": example } });
        let headers = joined(StatusCode::OK, more);
        self.response(StatusCode::OK, json!({ "description": description, "headers": headers, "content": content }))
    }

    /// 200 with bytes of this type and further headers, each as one of `components.headers` says.
    pub fn answers_bytes(self, description: &str, media: &str, more: &[(&str, &str)]) -> Self {
        let headers = joined(StatusCode::OK, more);
        let response = json!({ "description": description, "headers": headers, "content": { media: {} } });
        self.response(StatusCode::OK, response)
    }

    /// 200 with bytes of this type, too, where they are asked for.
    pub fn or_answers_bytes(mut self, media: &str) -> Self {
        self.responses["200"]["content"][media] = json!({});
        self
    }

    /// A status without a body, and its headers as above.
    pub fn answers_empty(self, status: StatusCode, description: &str, more: &[(&str, &str)]) -> Self {
        self.response(status, json!({ "description": description, "headers": joined(status, more) }))
    }

    /// 200 without a body and with further headers of `components.headers`.
    pub fn answers_in_headers(self, description: &str, names: &[&str]) -> Self {
        let pairs: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
        self.answers_empty(StatusCode::OK, description, &pairs)
    }

    fn response(mut self, status: StatusCode, response: Value) -> Self {
        self.responses.insert(status.as_str().to_owned(), response);
        self
    }

    /// Refuses with these words as well.
    pub fn refuses(mut self, words: &[&'static str]) -> Self {
        self.refused.extend(words);
        self
    }

    /// What a write can come to.
    pub fn writes(self) -> Self {
        self.refuses(&["outcome_unknown", "storage_full", "internal"])
    }

    /// What a question to WeChat can come to, whatever is asked.
    pub fn asks_wechat(self) -> Self {
        self.refuses(&["too_many_requests", "wechat_busy", "wechat_unreachable", "wechat_refused", "internal"])
    }

    /// The operation object.
    pub fn into_json(mut self) -> Value {
        self.responses.extend(refusals::responses(&self.refused));
        if !self.parameters.is_empty() {
            self.json.insert("parameters".to_owned(), self.parameters.into());
        }
        self.json.insert("responses".to_owned(), self.responses.into());
        self.json.into()
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// The headers of this status with `more`, which may say otherwise.
fn joined(status: StatusCode, more: &[(&str, &str)]) -> Map<String, Value> {
    let mut headers = headers(status);
    headers.extend(more.iter().map(|(name, component)| ((*name).to_owned(), header(component))));
    headers
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The headers that every answer of this status has.
pub fn headers(status: StatusCode) -> Map<String, Value> {
    let mut names = vec!["X-Request-Id", "X-Content-Type-Options", "Cache-Control"];
    match status {
        StatusCode::UNAUTHORIZED => names.push("WWW-Authenticate"),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => names.push("Retry-After"),
        _ => {}
    }
    names.into_iter().map(|name| (name.to_owned(), header(name))).collect()
}
