//! Why a payload does not open, in one sentence and with one cure: for the operator, never for a client.

mod cause;
mod damage;
mod en;
mod unopened;
mod zh;

pub use cause::{Cause, Field};
pub use damage::session_key;

use crate::{
    Repair, SessionKey,
    payload::{self, Content, Encrypted, Group, Kind, Phone, Share, Stage, UserInfo, Watermark, WeRun, content},
};
use std::fmt;
use zeroize::Zeroizing;

/// Of an appid in a payload, which may be any text at all, so many characters are repeated.
const APPID_CHARACTERS: usize = 64;

/// A payload as it arrived, and what is known about it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The keys of this member, newest first.
    pub session_keys: &'a [SessionKey],
    /// `encryptedData`, as received.
    pub encrypted_data: &'a str,
    /// `iv`, as received.
    pub iv: &'a str,
    /// The app it should belong to, if that is known.
    pub appid: Option<&'a str>,
    /// Unix seconds at which it arrived, if its age matters.
    pub now: Option<i64>,
}

/// What is the matter with a payload.
pub struct Diagnosis {
    /// The first thing that is wrong, or that it opens.
    pub cause: Cause,
    /// What transport had done to it.
    pub repairs: Vec<Repair>,
    /// Which of the keys opened it.
    pub key_index: Option<usize>,
    /// What it is about.
    pub kind: Option<Kind>,
    /// Its text, as far as it could be decrypted. Personal data: to be shown only when asked for.
    pub plaintext: Option<Zeroizing<String>>,
    /// Its watermark, if it has one that can be read.
    pub watermark: Option<Watermark>,
}

impl fmt::Debug for Diagnosis {
    /// All but the plaintext.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diagnosis")
            .field("cause", &self.cause)
            .field("repairs", &self.repairs)
            .field("key_index", &self.key_index)
            .field("kind", &self.kind)
            .field("watermark", &self.watermark)
            .finish_non_exhaustive()
    }
}

/// Finds out why a payload does not open, whatever kind it is of.
pub fn diagnose(question: &Question<'_>) -> Diagnosis {
    examine(question, None)
}

/// As [`diagnose`], for a payload that was sent where `wanted` is expected.
pub fn diagnose_as(question: &Question<'_>, wanted: Kind) -> Diagnosis {
    examine(question, Some(wanted))
}

fn examine(question: &Question<'_>, wanted: Option<Kind>) -> Diagnosis {
    let encrypted = match Encrypted::parse(question.encrypted_data, question.iv) {
        Ok(encrypted) => encrypted,
        Err(error) => return Diagnosis::of(damage::cause(question, &error)),
    };
    let opened = question.session_keys.iter().enumerate().find_map(|(index, key)| {
        let text = payload::open_text(&encrypted, key).ok()?;
        Some((index, content::kinds(&text)?.first().copied(), text))
    });
    let diagnosis = match opened {
        Some((key_index, kind, text)) => {
            let watermark = kind.map_or(Err(Stage::Schema), |kind| watermark(kind, &text));
            let cause = rejected(question, wanted, kind, watermark.as_ref())
                .or_else(|| (key_index > 0).then_some(Cause::OlderSessionKey))
                .or_else(|| encrypted.repairs().first().copied().map(Cause::Repaired));
            Diagnosis {
                key_index: Some(key_index),
                kind,
                plaintext: Some(text),
                watermark: watermark.ok(),
                ..Diagnosis::of(cause.unwrap_or(Cause::Opens))
            }
        }
        None => unopened::diagnosis(question.session_keys, &encrypted),
    };
    Diagnosis { repairs: encrypted.repairs().to_vec(), ..diagnosis }
}

impl Diagnosis {
    fn of(cause: Cause) -> Self {
        Self { cause, repairs: Vec::new(), key_index: None, kind: None, plaintext: None, watermark: None }
    }
}

/// Why [`payload::open`] would refuse a JSON object that decrypted well.
fn rejected(
    question: &Question<'_>,
    wanted: Option<Kind>,
    kind: Option<Kind>,
    watermark: Result<&Watermark, &Stage>,
) -> Option<Cause> {
    let Some(found) = kind else { return Some(Cause::UnknownContent) };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
        return Some(Cause::OtherKind { wanted, found });
    }
    let Ok(watermark) = watermark else { return Some(Cause::Schema { kind: found }) };
    if question.appid.is_some_and(|appid| appid != watermark.appid) {
        return Some(Cause::OtherApp { appid: watermark.appid.chars().take(APPID_CHARACTERS).collect() });
    }
    let now = question.now?;
    match watermark.check_time(now).err()? {
        Stage::TooOld => Some(Cause::TooOld { seconds: now.saturating_sub(watermark.timestamp) }),
        _ => Some(Cause::FromTheFuture { seconds: watermark.timestamp.saturating_sub(now) }),
    }
}

/// The watermark of a text that is wholly as its kind must be.
fn watermark(kind: Kind, text: &str) -> Result<Watermark, Stage> {
    fn of<C: Content>(text: &str) -> Result<Watermark, Stage> {
        content::read::<C>(text).map(|content| content.watermark().clone())
    }
    match kind {
        Kind::UserInfo => of::<UserInfo>(text),
        Kind::Phone => of::<Phone>(text),
        Kind::WeRun => of::<WeRun>(text),
        Kind::Share => of::<Share>(text),
        Kind::Group => of::<Group>(text),
    }
}
