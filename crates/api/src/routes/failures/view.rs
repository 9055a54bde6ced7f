//! A failure in words.

use serde::Serialize;
use wxgate_store::{FailedRequest, FailedRow};

use crate::refused::Refused;
use crate::results::cures;
use crate::text::{self, Language};

/// A request that failed, or several that were alike.
#[derive(Debug, Serialize)]
pub struct FailureView {
    pub id: String,
    /// When; of several, the last.
    at: i64,
    kind: String,
    /// Null: the request named none.
    appid: Option<String>,
    /// The stable word: the contract's for logins and phone codes, the diagnosis of a payload.
    cause: String,
    sentence: String,
    cure: String,
    /// WeChat's own number.
    errcode: Option<i64>,
    /// Null: not known, or erased since.
    member: Option<String>,
    /// Finds the request in the log; null for several.
    rid: Option<String>,
    /// How many it stands for: in a minute, the first ten alike stand alone.
    count: u64,
}

impl FailureView {
    pub fn of(row: FailedRow, language: Language) -> Self {
        let FailedRow { id, failed } = row;
        let (sentence, cure) = words(&failed, language);
        Self {
            id: id.to_string(),
            at: failed.happened_at.0,
            kind: failed.kind,
            appid: Some(failed.appid).filter(|appid| !appid.is_empty()),
            cause: failed.cause,
            sentence,
            cure,
            errcode: failed.errcode,
            member: failed.member.map(|member| member.to_string()),
            rid: failed.rid,
            count: failed.count,
        }
    }
}

/// What is the matter, and what helps.
fn words(failed: &FailedRequest, language: Language) -> (String, String) {
    if failed.kind == "opening" {
        return match Refused::read(&failed.cause, failed.detail.as_deref()) {
            Some(refused) => (refused.sentence(language), refused.cure(language)),
            None => cures::of_opening(language),
        };
    }
    let sentence = text::words(&failed.cause, language).0;
    (sentence.to_owned(), cures::of(&failed.cause, failed.errcode, language).to_owned())
}
