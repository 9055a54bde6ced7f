//! A question to the routes, and what comes of it.

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::lang::{Lang, words};
use crate::out::{Exit, Failure};

/// One request to the management API.
pub(crate) struct Question {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Question {
    /// A question for what is there.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None }
    }

    /// A request for something new, or for something to happen.
    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: Some(body) }
    }

    /// A request for a change.
    pub(crate) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::PATCH, path: path.into(), body: Some(body) }
    }

    /// A request for an end.
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, path: path.into(), body: None }
    }

    /// With the parameters that have a value.
    pub(crate) fn with(mut self, parameters: &[(&str, Option<&str>)]) -> Self {
        for (name, value) in parameters {
            let Some(value) = value else { continue };
            let mark = if self.path.contains('?') { '&' } else { '?' };
            self.path.push(mark);
            self.path.extend([name, "="].into_iter().chain(utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        self
    }

    pub(super) fn request(&self, lang: Lang) -> Request<Full<Bytes>> {
        let language = lang.pick("zh", "en");
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(HOST, "localhost")
            .header(ACCEPT_LANGUAGE, language);
        let body = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(body.unwrap_or_default())).expect("a path of ids and encoded values is a URI")
    }
}

/// Whether nothing was done because there was too much to do, or no room, and trying again later is right.
pub(super) fn is_busy(status: StatusCode, body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    status == StatusCode::SERVICE_UNAVAILABLE && answer["error"] == "storage_full"
}

/// What the routes said, or why they did not do it.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Value, Failure> {
    let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(answer);
    }
    let text = |key: &str| answer[key].as_str().unwrap_or_default();
    let exit = match text("error") {
        "bad_request" => Exit::Usage,
        "outcome_unknown" => Exit::OutcomeUnknown,
        _ => Exit::Problem,
    };
    let said: Vec<&str> = [text("errmsg"), text("hint")].into_iter().filter(|part| !part.is_empty()).collect();
    let rid = text("rid");
    let said = if said.is_empty() { status.to_string() } else { said.join(": ") };
    Err(Failure {
        exit,
        words: words(format!("未能完成：{said}（rid {rid}）"), format!("not done: {said} (rid {rid})")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_those_without_a_value_left_out() {
        let question = Question::get("/a").with(&[("b", Some("+86 138&x=1")), ("c", None), ("d", Some("张"))]);
        assert_eq!(question.request(Lang::Zh).uri(), "/a?b=%2B86%20138%26x%3D1&d=%E5%BC%A0");
    }

    #[test]
    fn what_went_wrong_decides_the_exit_code() {
        let exit = |status: u16, body: &str| {
            let failure = read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap_err();
            (failure.exit, failure.words.say(Lang::En).to_owned())
        };
        assert_eq!(
            exit(404, r#"{"error":"not_found","errmsg":"m","hint":"h","rid":"r"}"#),
            (Exit::Problem, "not done: m: h (rid r)".into())
        );
        assert_eq!(exit(400, r#"{"error":"bad_request"}"#).0, Exit::Usage);
        assert_eq!(exit(503, r#"{"error":"outcome_unknown"}"#).0, Exit::OutcomeUnknown);
        assert!(exit(502, "<html>").1.contains("502"));
        assert_eq!(read(StatusCode::OK, br#"{"a":1}"#).unwrap()["a"], 1);
        let busy = |body: &str| is_busy(StatusCode::SERVICE_UNAVAILABLE, body.as_bytes());
        assert!(busy(r#"{"error":"storage_full"}"#) && !busy(r#"{"error":"outcome_unknown"}"#) && !busy("<html>"));
    }
}
