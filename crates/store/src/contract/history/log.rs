//! The audit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::model::{AuditLine, AuditQuery, AuditRow, By, MemberId, Page, UnixSeconds};

const KEPT_SECONDS: i64 = 180 * 86_400;

/// Each line with its number, oldest first. All who write into it share it.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    kept: Vec<(i64, AuditLine)>,
    last: i64,
}

impl Log {
    pub(super) fn write(
        &self,
        at: UnixSeconds,
        by: By,
        action: &str,
        member: Option<MemberId>,
        detail: Option<&Value>,
    ) {
        self.push(at, by, action, member, None, detail);
    }

    pub(super) fn write_of_erased(&self, at: UnixSeconds, by: By, action: &str, pseudonym: [u8; 32]) {
        self.push(at, by, action, None, Some(pseudonym), None);
    }

    fn push(
        &self,
        at: UnixSeconds,
        by: By,
        action: &str,
        member: Option<MemberId>,
        pseudonym: Option<[u8; 32]>,
        detail: Option<&Value>,
    ) {
        let (actor, action, detail) = (by.actor.to_string(), action.to_owned(), detail.map(Value::to_string));
        let origin = by.origin.map(|address| address.to_string());
        let row = AuditRow { at, actor, action, detail };
        let mut lines = self.lines();
        lines.last += 1;
        let number = lines.last;
        lines.kept.push((number, AuditLine { row, origin, member, pseudonym }));
    }

    /// Newest first.
    pub(super) fn of(&self, member: MemberId) -> Vec<AuditRow> {
        let lines = self.lines();
        let own = lines.kept.iter().rev().filter(|(_, line)| line.member == Some(member));
        own.map(|(_, line)| line.row.clone()).collect()
    }

    /// Takes a member out, and the names of their attributes.
    pub(super) fn pseudonymise(&self, member: MemberId, pseudonym: [u8; 32]) {
        let mut lines = self.lines();
        for (_, line) in lines.kept.iter_mut().filter(|(_, line)| line.member == Some(member)) {
            (line.member, line.pseudonym) = (None, Some(pseudonym));
            let detail = line.row.detail.take().and_then(|detail| serde_json::from_str::<Value>(&detail).ok());
            line.row.detail = detail.map(|mut detail| {
                detail.as_object_mut().map(|names| names.remove("attributes"));
                detail.to_string()
            });
        }
    }

    pub(super) fn page(&self, query: &AuditQuery) -> Page<AuditLine> {
        let lines = self.lines();
        let holds = |(number, line): &&(i64, AuditLine)| {
            query.after.is_none_or(|after| *number < after)
                && query.member.is_none_or(|member| line.member == Some(member))
                && query.actor.as_ref().is_none_or(|actor| line.row.actor == *actor)
                && query.action.as_ref().is_none_or(|action| line.row.action == *action)
        };
        cut(lines.kept.iter().rev().filter(holds).cloned().collect(), query.limit)
    }

    /// How many were deleted.
    pub(super) fn purge(&self, now: UnixSeconds, limit: u32) -> u64 {
        let mut lines = self.lines();
        let before = lines.kept.len();
        let mut left = limit;
        lines.kept.retain(|(_, line)| {
            let goes = left > 0 && line.row.at < now - KEPT_SECONDS;
            left -= u32::from(goes);
            !goes
        });
        (before - lines.kept.len()) as u64
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first page of what is left of a list.
pub(super) fn cut<T>(mut left: Vec<(i64, T)>, limit: u32) -> Page<T> {
    let has_more = left.len() > limit as usize;
    left.truncate(limit as usize);
    let next = left.last().map(|(number, _)| *number).filter(|_| has_more);
    Page { rows: left.into_iter().map(|(_, row)| row).collect(), next }
}
