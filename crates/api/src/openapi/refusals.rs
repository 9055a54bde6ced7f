//! Failures in the document. Status, number and words are asked of [`ApiError`] itself, so they cannot say anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::operation::headers;
use crate::error::ApiError;
use crate::problem::Problem;
use crate::text::{Language, words};

/// One failure for each word of the contract.
fn samples() -> Vec<ApiError> {
    let of_wechat = || Arc::new(wx_client::Error::Busy);
    vec![
        ApiError::BadRequest(Problem::Missing("code")),
        ApiError::CodeInvalid { errcode: 40029 },
        ApiError::CodeUsed,
        ApiError::Unauthorized,
        ApiError::LoginTooOld,
        ApiError::Blocked { errcode: None },
        ApiError::Forbidden,
        ApiError::NotFound,
        ApiError::MethodNotAllowed,
        ApiError::TooLarge,
        ApiError::UnsupportedMediaType,
        ApiError::Conflict,
        ApiError::Unopenable,
        ApiError::TooManyRequests { errcode: None, retry_after: 60 },
        ApiError::WechatBusy { errcode: Some(-1) },
        ApiError::WechatUnreachable(of_wechat()),
        ApiError::WechatRefused { errcode: 40125, source: of_wechat() },
        ApiError::OutcomeUnknown,
        ApiError::StorageFull { retry_after: 60 },
        ApiError::internal("a sample"),
    ]
}

/// An answer for each word, for `components.examples`: in Chinese, as it goes to whoever asks for no language.
pub fn examples() -> Map<String, Value> {
    let example = |error: ApiError| {
        let word = error.parts().1;
        let (errmsg, hint) = words(word, Language::Chinese);
        let hint = match &error {
            ApiError::BadRequest(problem) => problem.sentence(Language::Chinese),
            _ => hint.to_owned(),
        };
        let rid = "01980c2e7c1e70008000000000000000";
        let value = json!({ "errcode": error.errcode(), "errmsg": errmsg, "error": word, "hint": hint, "rid": rid });
        (word.to_owned(), json!({ "summary": words(word, Language::English).0, "value": value }))
    };
    samples().into_iter().map(example).collect()
}

/// The object that every failure is; each answer narrows `error` to the words it can have.
pub fn schema() -> Value {
    json!({
        "type": "object",
        "description": "A failure. 失败的应答",
        "properties": {
            "errcode": { "type": "integer", "description": "WeChat's own number where WeChat said it, else minus the HTTP status" },
            "errmsg": { "type": "string", "description": "For people, in the language of Accept-Language (zh, en)" },
            "error": {
                "type": "string",
                "description": "The stable word that programs match on",
                "enum": samples().iter().map(|error| error.parts().1).collect::<Vec<_>>(),
            },
            "hint": { "type": "string", "description": "What to do; for `bad_request` it names the field" },
            "rid": { "type": "string", "description": "The request's id, as in X-Request-Id and in the log" },
        },
        "required": ["errcode", "errmsg", "error", "hint", "rid"],
    })
}

/// The responses for failures of these words, by status.
pub fn responses(refused: &[&'static str]) -> BTreeMap<String, Value> {
    let mut by_status = BTreeMap::<StatusCode, Vec<&str>>::new();
    for error in samples() {
        let (status, word) = error.parts();
        if refused.contains(&word) {
            by_status.entry(status).or_default().push(word);
        }
    }
    by_status.into_iter().map(|(status, words)| (status.as_str().to_owned(), response(status, &words))).collect()
}

fn response(status: StatusCode, refused: &[&str]) -> Value {
    let said: Vec<_> = refused.iter().map(|word| format!("`{word}`: {}", words(word, Language::English).0)).collect();
    let example = |word: &&str| ((*word).to_owned(), json!({ "$ref": format!("#/components/examples/{word}") }));
    json!({
        "description": said.join("; "),
        "headers": headers(status),
        "content": { "application/json": {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/Refusal" },
                { "type": "object", "properties": { "error": { "type": "string", "enum": refused } } },
            ] },
            "examples": refused.iter().map(example).collect::<Map<_, _>>(),
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::WORDS;

    #[test]
    fn every_word_has_one_sample() {
        let mut sampled: Vec<_> = samples().iter().map(|error| error.parts().1).collect();
        let mut known: Vec<_> = WORDS.iter().map(|(word, ..)| *word).collect();
        sampled.sort_unstable();
        known.sort_unstable();
        assert_eq!(sampled, known);
    }
}
