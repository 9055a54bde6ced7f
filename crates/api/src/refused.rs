//! Why a payload was refused: for the log and for operators, never for a client.

use serde_json::Value;
use wxgate_crypto::diagnosis::Cause;

use crate::text::Language;

/// The reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It does not open, or holds what it must not.
    Diagnosed(Cause),
    /// It was accepted before, in another session.
    Replayed,
    /// WeChat did not make it.
    UnknownToWechat,
    /// It names another person than the login's.
    OtherOpenid,
}

impl Refused {
    /// The stable word that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Diagnosed(cause) => cause.code(),
            Self::Replayed => "replayed",
            Self::UnknownToWechat => "unknown_to_wechat",
            Self::OtherOpenid => "other_openid",
        }
    }

    /// What is the matter, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let chinese = language == Language::Chinese;
        let (zh, en) = match self {
            Self::Diagnosed(cause) => return cause.sentence(chinese),
            Self::Replayed => {
                ("同一份数据已在另一个会话中被接受过。", "The payload was accepted before, in another session.")
            }
            Self::UnknownToWechat => (
                "微信不认得这份密文：它是伪造的，或者已超过三天。",
                "WeChat does not know this ciphertext: it is forged, or older than three days.",
            ),
            Self::OtherOpenid => ("数据里的 openid 不是登录者的。", "It names another openid than the login's."),
        };
        if chinese { zh } else { en }.to_owned()
    }

    /// What to do about it, in one sentence.
    pub fn cure(&self, language: Language) -> String {
        let chinese = language == Language::Chinese;
        let (zh, en) = match self {
            Self::Diagnosed(cause) => return cause.cure(chinese),
            Self::Replayed => (
                "每次点击得到的数据只发送一次，并用点击时的会话发送。",
                "Send what a tap gives once, with the session in which the user tapped.",
            ),
            Self::UnknownToWechat => (
                "拿到数据后立即发送，或改用按钮给的 code。",
                "Send the payload as soon as the client has it, or use the button's code.",
            ),
            Self::OtherOpenid => (
                "只把用户自己的数据发到自己的会话；反复出现说明有人在试探。",
                "Send a user's data with their own session only; if it comes again, somebody is trying.",
            ),
        };
        if chinese { zh } else { en }.to_owned()
    }

    /// What the sentence says beside the word, as JSON.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Diagnosed(cause) => serde_json::to_string(cause).ok(),
            _ => None,
        }
    }

    /// The reason of this word, with what was kept beside it.
    pub fn read(code: &str, detail: Option<&str>) -> Option<Self> {
        Some(match code {
            "replayed" => Self::Replayed,
            "unknown_to_wechat" => Self::UnknownToWechat,
            "other_openid" => Self::OtherOpenid,
            _ => Self::Diagnosed(serde_json::from_value(serde_json::from_str::<Value>(detail?).ok()?).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_kept_and_read_again() {
        let reasons = [
            Refused::Diagnosed(Cause::TooOld { seconds: 900 }),
            Refused::Diagnosed(Cause::CutOrAltered),
            Refused::Replayed,
            Refused::UnknownToWechat,
            Refused::OtherOpenid,
        ];
        for reason in reasons {
            assert_eq!(Refused::read(reason.code(), reason.detail().as_deref()), Some(reason.clone()));
            for language in [Language::Chinese, Language::English] {
                for text in [reason.sentence(language), reason.cure(language)] {
                    assert_eq!(text.is_ascii(), language == Language::English, "{text}");
                }
            }
        }
        assert_eq!(Refused::read("a word of another version", Some("{}")), None);
    }
}
