//! The causes in English.

use super::{Cause, Field};
use crate::Repair;

pub(super) fn sentence(cause: &Cause) -> String {
    match cause {
        Cause::Opens => "The payload opens, and nothing is wrong with it.".into(),
        Cause::Repaired(repair) => {
            format!("The payload opens, but only after damage of transport was undone: {}.", damage(*repair))
        }
        Cause::OlderSessionKey => {
            "It was encrypted with an older session_key: the member logged in again after the payload was \
            made."
                .into()
        }
        Cause::StaleSessionKey => {
            "No session_key held here fits: WeChat has replaced it since, mostly by a wx.login whose code \
            was not exchanged here, or the payload is another member's or another app's."
                .into()
        }
        Cause::NoSessionKey => "There is no session_key to try.".into(),
        Cause::Absent(field) => format!("{field} is empty: the user refused, or the client gave only a code."),
        Cause::Escaped(field) => format!(
            "{field} still has the escapes or quotes of JSON in it, such as \\/ or \\u003d: somebody cut it \
            out of the text instead of parsing it."
        ),
        Cause::EncodedTwice(field) => format!("{field} was percent-encoded more than once."),
        Cause::NotBase64(field) => format!("{field} is not base64, and no usual damage of transport explains it."),
        Cause::Length { field, bytes } => format!(
            "{field} has {bytes} bytes, and needs {}.",
            if *field == Field::EncryptedData { "whole blocks of 16, at least one" } else { "16" }
        ),
        Cause::SessionKeyDamaged(repair) => {
            format!("The session_key was damaged after WeChat gave it: {}.", damage(*repair))
        }
        Cause::IvAndDataSwapped => "encryptedData and iv are swapped.".into(),
        Cause::IvAndKeySwapped => "iv and session_key are swapped.".into(),
        Cause::WrongIv => "The session_key fits, but the iv belongs to another call: only the first 16 bytes are \
            unreadable."
            .into(),
        Cause::CutOrAltered => {
            "The session_key and iv fit, but encryptedData was cut or altered on the way: it begins rightly \
            and does not end so."
                .into()
        }
        Cause::PaddedTo32 => {
            "It is padded to 32 bytes, as message push is, and not to 16: WeChat's open data never looks \
            like this."
                .into()
        }
        Cause::NotJson => "It decrypts to text that is not a JSON object: WeChat did not make it.".into(),
        Cause::UnknownContent => "It decrypts to JSON, but of no kind that is handled here.".into(),
        Cause::Schema { kind } => format!(
            "It looks like {}, but keys, types or values differ from what WeChat sends, as they do in a \
            forgery.",
            kind.as_str()
        ),
        Cause::OtherKind { wanted, found } => {
            format!("It is a payload of {}, sent where {} is expected.", found.as_str(), wanted.as_str())
        }
        Cause::OtherApp { appid } => format!("It was made for another mini program, {appid:?}."),
        Cause::TooOld { seconds } => format!("It was made {seconds} seconds ago, and may be 300 seconds old."),
        Cause::FromTheFuture { seconds } => {
            format!("Its watermark is {seconds} seconds ahead of the clock here, and may be 60.")
        }
    }
}

pub(super) fn cure(cause: &Cause) -> String {
    match cause {
        Cause::Opens => "Nothing is to be done.".into(),
        Cause::Repaired(repair) => transport_cure(*repair).into(),
        Cause::OlderSessionKey => {
            "Call wx.login before the button is shown, not in its callback; keep the previous key for some \
            minutes, or use the button's code."
                .into()
        }
        Cause::StaleSessionKey => {
            "Call wx.login, send its code here, and let the user tap again; for phone numbers the button's \
            code needs no session_key at all."
                .into()
        }
        Cause::NoSessionKey => {
            "Exchange a wx.login code at code2Session first, and keep the session_key it answers.".into()
        }
        Cause::Absent(_) => "Look at errMsg in the client before sending, and send detail.code when the client has no \
            encryptedData."
            .into(),
        Cause::Escaped(_) => {
            "Read WeChat's answer and the client's request with a JSON parser, not with string functions.".into()
        }
        Cause::EncodedTwice(_) => {
            "Encode once: wx.request encodes form data by itself, so do not call encodeURIComponent before \
            it."
            .into()
        }
        Cause::NotBase64(_) => "Send the text exactly as the callback gave it, in a JSON body.".into(),
        Cause::Length { .. } => {
            "Look for a column, a URL or a log line that cuts the text, and send it in a JSON body.".into()
        }
        Cause::SessionKeyDamaged(_) => {
            "Keep the session_key as code2Session gave it, on the server, and never pass it through a URL, a \
            form or the client."
                .into()
        }
        Cause::IvAndDataSwapped | Cause::IvAndKeySwapped => "Put each text in its own place.".into(),
        Cause::WrongIv => "Send encryptedData and iv of the same callback together.".into(),
        Cause::CutOrAltered => {
            "Send the text whole, in a JSON body, and look for a column or limit that cuts it.".into()
        }
        Cause::PaddedTo32 => "If a program of yours made it, pad to 16 for open data; otherwise refuse it.".into(),
        Cause::NotJson => {
            "Take a payload straight from the client, not one from an article or one that was edited.".into()
        }
        Cause::UnknownContent => {
            "Send it only where its interface is handled; phone, profile, steps, share and group are.".into()
        }
        Cause::Schema { .. } => {
            "Refuse it, and use the code of the getPhoneNumber button where a phone number is wanted.".into()
        }
        Cause::OtherKind { .. } => "Send the payload of the call that belongs to this route.".into(),
        Cause::OtherApp { .. } => {
            "Let each mini program log in under its own appid, and open its payloads with that session only.".into()
        }
        Cause::TooOld { .. } => "Send the payload at once, and let the user tap again when it was kept.".into(),
        Cause::FromTheFuture { .. } => "Set this machine's clock by NTP.".into(),
    }
}

fn damage(repair: Repair) -> &'static str {
    match repair {
        Repair::PercentEncoded => "its percent-encoding was left in place",
        Repair::LineBreaks => "line breaks got into it",
        Repair::SpaceForPlus => "its + became spaces",
        Repair::UrlSafeAlphabet => "its + and / became - and _",
        Repair::MissingPadding => "it lost the = at its end",
    }
}

fn transport_cure(repair: Repair) -> &'static str {
    match repair {
        Repair::PercentEncoded => "Send it in a JSON body, or decode the form exactly once.",
        Repair::LineBreaks => "Send it as the callback gave it, without encoding it anew.",
        Repair::SpaceForPlus => {
            "Send it in a JSON body, or pass it through encodeURIComponent where it goes into a form or URL."
        }
        Repair::UrlSafeAlphabet | Repair::MissingPadding => {
            "Send it as the callback gave it, without a URL-safe encoder in between."
        }
    }
}
