//! `wxgate explain`: why a payload does not open, asked on standard input.

use std::io::{self, Read};

use clap::Args;
use serde_json::{Map, Value, json};
use wxgate_crypto::diagnosis::{self, Cause, Diagnosis, Question};
use zeroize::Zeroizing;

use crate::lang::{Lang, Words, words};
use crate::out::{self, Exit, Failure, Outcome};

/// Far above any payload that WeChat makes.
const MAX_BYTES: u64 = 1 << 20;
const KEYS: &[&str] = &["session_key", "encryptedData", "iv", "appid"];

/// How to answer.
#[derive(Args, Clone, Copy)]
pub(crate) struct Flags {
    /// Print what was encrypted, too: personal data. 显示明文
    #[arg(long)]
    show: bool,
    /// Print JSON. 输出 JSON
    #[arg(long)]
    json: bool,
}

/// Runs `wxgate explain`: done if the payload opens as it is, else a problem.
pub(crate) fn run(flags: Flags, lang: Lang) -> Outcome {
    let mut input = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_BYTES).read_to_string(&mut input).map_err(|error| {
        Failure::problem(words(format!("无法读取标准输入：{error}"), format!("cannot read standard input: {error}")))
    })?;
    let diagnosis = examine(&input).map_err(Failure::problem)?;
    if flags.json {
        out::print_json(&as_json(&diagnosis, flags.show, lang))?;
    } else {
        out::print(&as_text(&diagnosis, flags.show, lang))?;
    }
    Ok(if diagnosis.cause == Cause::Opens { Exit::Done } else { Exit::Problem })
}

/// Reads the question and answers it. The error says what is wrong with the question, without its values.
fn examine(input: &str) -> Result<Diagnosis, Words> {
    let value: Value = serde_json::from_str(input)
        .map_err(|error| words(format!("输入不是 JSON：{error}"), format!("the input is not JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(words("输入应为一个 JSON 对象", "the input must be one JSON object"));
    };
    if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let known = KEYS.join(", ");
        return Err(words(
            format!("没有 {unknown:?} 这个键；可用：{known}"),
            format!("unknown key {unknown:?}; the keys are {known}"),
        ));
    }
    let (encrypted_data, iv) = (required(&object, "encryptedData")?, required(&object, "iv")?);
    let session_key = required(&object, "session_key")?;
    let appid = text(&object, "appid")?;
    Ok(match diagnosis::session_key(session_key) {
        Ok(key) => diagnosis::diagnose(&Question { session_keys: &[key], encrypted_data, iv, appid, now: None }),
        // Without a key only the texts can be looked at. What is wrong with the key explains the rest.
        Err(cause) => {
            let diagnosis = diagnosis::diagnose(&Question { session_keys: &[], encrypted_data, iv, appid, now: None });
            Diagnosis { cause, ..diagnosis }
        }
    })
}

fn required<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, Words> {
    text(object, key)?.ok_or_else(|| words(format!("缺少 {key}"), format!("{key} is missing")))
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, Words> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(words(format!("{key} 应为字符串"), format!("{key} must be a string"))),
    }
}

fn as_text(diagnosis: &Diagnosis, show: bool, lang: Lang) -> String {
    let chinese = lang == Lang::Zh;
    let cause = &diagnosis.cause;
    let label = |zh: &str, en: &str, text: &str| format!("{}{text}", lang.pick(format!("{zh}："), format!("{en}: ")));
    let mut lines = vec![
        label("原因", "cause", cause.code()),
        cause.sentence(chinese),
        label("办法", "cure", &cause.cure(chinese)),
    ];
    if !diagnosis.repairs.is_empty() {
        let repairs: Vec<String> = diagnosis.repairs.iter().map(ToString::to_string).collect();
        lines.push(label("已修复", "repaired", &repairs.join(", ")));
    }
    if let Some(kind) = diagnosis.kind {
        lines.push(label("内容", "content", kind.as_str()));
    }
    if let Some(watermark) = &diagnosis.watermark {
        lines.push(label("水印", "watermark", &format!("{} {}", watermark.appid, watermark.timestamp)));
    }
    if let Some(plaintext) = diagnosis.plaintext.as_ref().filter(|_| show) {
        lines.push(label("明文", "plaintext", plaintext));
    }
    lines.join("\n")
}

fn as_json(diagnosis: &Diagnosis, show: bool, lang: Lang) -> Value {
    let chinese = lang == Lang::Zh;
    let mut answer = json!({
        "cause": diagnosis.cause.code(),
        "sentence": diagnosis.cause.sentence(chinese),
        "cure": diagnosis.cause.cure(chinese),
        "repairs": diagnosis.repairs,
        "kind": diagnosis.kind,
        "watermark": diagnosis.watermark,
    });
    if show {
        answer["plaintext"] = json!(diagnosis.plaintext.as_ref().map(|text| text.as_str()));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use wxgate_crypto::SessionKey;
    use wxgate_crypto::payload::seal;

    const PHONE: &str = r#"{"phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":"86","watermark":{"timestamp":1,"appid":"wx0123456789abcdef"}}"#;

    fn question(appid: &str, change: impl Fn(&str) -> String) -> String {
        let key = SessionKey::random();
        // Nearly every payload has a plus in its base64; for the rest another key is taken.
        let sealed = seal(PHONE.as_bytes(), &key, [7; 16]);
        if !sealed.encrypted_data().contains('+') {
            return question(appid, change);
        }
        let data = change(sealed.encrypted_data());
        json!({ "session_key": key.expose(), "encryptedData": data, "iv": sealed.iv_text(), "appid": appid })
            .to_string()
    }

    #[test]
    fn a_good_payload_opens_and_shows_its_text_only_when_asked() {
        let diagnosis = examine(&question("wx0123456789abcdef", str::to_owned)).unwrap();
        assert_eq!(diagnosis.cause, Cause::Opens);
        for lang in [Lang::Zh, Lang::En] {
            assert!(!as_text(&diagnosis, false, lang).contains("13800138000"));
            assert!(!as_json(&diagnosis, false, lang).to_string().contains("13800138000"));
            assert!(as_text(&diagnosis, true, lang).contains("13800138000"));
            assert!(as_json(&diagnosis, true, lang)["plaintext"].as_str().unwrap().contains("13800138000"));
        }
    }

    #[test]
    fn damage_by_transport_and_another_app_are_told() {
        let spaced = examine(&question("wx0123456789abcdef", |data| data.replace('+', " "))).unwrap();
        let told = as_json(&spaced, false, Lang::En);
        assert_eq!((&told["cause"], &told["repairs"][0]), (&json!("repaired"), &json!("space_for_plus")));
        let other = examine(&question("wxfedcba9876543210", str::to_owned)).unwrap();
        assert_eq!(other.cause.code(), "other_app");
    }

    #[test]
    fn a_broken_question_is_told_without_its_values() {
        let said = |input: &str| {
            let words = examine(input).unwrap_err();
            assert!(!words.say(Lang::En).contains("canary") && !words.say(Lang::Zh).contains("canary"), "{words:?}");
            words.say(Lang::En).to_owned()
        };
        assert!(said("").contains("not JSON"));
        assert!(said("\"canary\"").contains("one JSON object"));
        assert_eq!(said(r#"{"encryptedData":"canary","session_key":"canary"}"#), "iv is missing");
        assert_eq!(said(r#"{"encryptedData":"canary","iv":["canary"]}"#), "iv must be a string");
        assert!(said(r#"{"key":"canary"}"#).contains("session_key, encryptedData, iv, appid"));
    }

    #[test]
    fn a_session_key_that_is_none_is_the_cause() {
        let input = question("wx0123456789abcdef", str::to_owned);
        let mut value: Value = serde_json::from_str(&input).unwrap();
        value["session_key"] = "undefined".into();
        assert_eq!(examine(&value.to_string()).unwrap().cause.code(), "absent");
    }
}
