//! Causes that show before a key is used: the shape of the texts.

use super::{Cause, Field, Question};
use crate::{
    Error, SessionKey, Shape,
    payload::Encrypted,
    transport::{percent_decoded, repair_base64},
};

/// Reads a session_key as a person pasted it, or says what is wrong with it.
pub fn session_key(text: &str) -> Result<SessionKey, Cause> {
    SessionKey::parse(text).map_err(|error| match repair_base64(text) {
        Ok((canonical, _, repairs)) if SessionKey::parse(&canonical).is_ok() => {
            repairs.first().map_or(Cause::NotBase64(Field::SessionKey), |repair| Cause::SessionKeyDamaged(*repair))
        }
        _ => of_field(Field::SessionKey, text, &error),
    })
}

/// The cause for texts that [`Encrypted::parse`] refused with `error`.
pub(super) fn cause(question: &Question<'_>, error: &Error) -> Cause {
    if Encrypted::parse(question.iv, question.encrypted_data).is_ok() {
        return Cause::IvAndDataSwapped;
    }
    match error {
        Error::Iv(_) => of_field(Field::Iv, question.iv, error),
        _ => of_field(Field::EncryptedData, question.encrypted_data, error),
    }
}

fn of_field(field: Field, text: &str, error: &Error) -> Cause {
    let decodes = |text: String| repair_base64(&text).is_ok();
    match error {
        _ if matches!(text.trim(), "" | "undefined" | "null" | "[object Object]") => Cause::Absent(field),
        Error::SessionKey(Shape::Length { bytes })
        | Error::EncryptedData(Shape::Length { bytes })
        | Error::Iv(Shape::Length { bytes }) => Cause::Length { field, bytes: *bytes },
        _ if unescaped(text).is_some_and(decodes) => Cause::Escaped(field),
        _ if percent_decoded(text).as_deref().and_then(percent_decoded).is_some_and(decodes) => {
            Cause::EncodedTwice(field)
        }
        _ => Cause::NotBase64(field),
    }
}

/// The text that JSON means by `text`, with or without its quotes.
fn unescaped(text: &str) -> Option<String> {
    let body = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    serde_json::from_str(&format!("\"{body}\"")).ok()
}
