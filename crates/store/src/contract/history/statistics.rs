//! What is counted, and what failed.

use std::collections::BTreeMap;

use crate::model::{FailedFrom, FailedQuery, FailedRequest, FailedRow, HourCount, MemberId, UnixSeconds};

const DAY: i64 = 86_400;
/// Failed requests that are kept.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Statistics {
    counts: BTreeMap<(UnixSeconds, String, String, String), u64>,
    /// Oldest first.
    failed: Vec<FailedRow>,
    last_id: i64,
}

impl Statistics {
    pub(super) fn count(&mut self, counts: Vec<HourCount>) {
        for HourCount { hour, appid, what, cause, count } in counts {
            *self.counts.entry((hour, appid, what, cause)).or_default() += count;
        }
    }

    pub(super) fn counts(&self, from: UnixSeconds, to: UnixSeconds) -> Vec<HourCount> {
        let within = self.counts.iter().filter(|((hour, ..), _)| (from..to).contains(hour));
        let row = |((hour, appid, what, cause), count): (&(UnixSeconds, String, String, String), &u64)| HourCount {
            hour: *hour,
            appid: appid.clone(),
            what: what.clone(),
            cause: cause.clone(),
            count: *count,
        };
        within.map(row).collect()
    }

    /// Of a member who is gone, nothing says whose they were.
    pub(super) fn fail(&mut self, failed: Vec<FailedRequest>, is_member: impl Fn(MemberId) -> bool) {
        for failed in failed {
            self.last_id += 1;
            let member = failed.member.filter(|member| is_member(*member));
            self.failed.push(FailedRow { id: self.last_id, failed: FailedRequest { member, ..failed } });
        }
        self.failed.drain(..self.failed.len().saturating_sub(MOST));
    }

    pub(super) fn failed(&self, query: &FailedQuery) -> Vec<FailedRow> {
        let fits = |row: &&FailedRow| {
            let failed = &row.failed;
            query.kind.as_ref().is_none_or(|kind| *kind == failed.kind)
                && query.cause.as_ref().is_none_or(|cause| *cause == failed.cause)
                && query.member.is_none_or(|member| Some(member) == failed.member)
                && (query.rid.is_none() || query.rid == failed.rid)
                && match query.from {
                    FailedFrom::Newest => true,
                    FailedFrom::Before(id) => row.id < id,
                    FailedFrom::After(id) => row.id > id,
                }
        };
        let mut rows: Vec<_> = self.failed.iter().filter(fits).cloned().collect();
        if !matches!(query.from, FailedFrom::After(_)) {
            rows.reverse();
        }
        rows.truncate(query.limit as usize);
        rows
    }

    pub(super) fn of_member(&self, member: MemberId) -> Vec<FailedRow> {
        self.failed(&FailedQuery { member: Some(member), limit: u32::MAX, ..FailedQuery::default() })
    }

    pub(super) fn forget(&mut self, member: MemberId) {
        self.failed.retain(|row| row.failed.member != Some(member));
    }

    /// Hours and failed requests that went, at most `limit` of each.
    pub(super) fn purge(&mut self, now: UnixSeconds, limit: u32) -> [u64; 2] {
        let old = self.counts.keys().filter(|(hour, ..)| *hour <= now - 800 * DAY).take(limit as usize);
        let old: Vec<_> = old.cloned().collect();
        for key in &old {
            self.counts.remove(key);
        }
        let over = self.failed.iter().take(limit as usize);
        let over = over.take_while(|row| row.failed.happened_at <= now - 30 * DAY).count();
        self.failed.drain(..over);
        [old.len() as u64, over as u64]
    }
}
