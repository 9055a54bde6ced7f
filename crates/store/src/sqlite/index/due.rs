//! What a purge asks: which rows are due.

use std::sync::atomic::Ordering;

use super::{Index, Phase};
use crate::model::{SessionId, UnixSeconds};

impl Index {
    /// At most `limit` sessions that are expired; `None` when they may not all be in memory. The next call goes on behind
    /// them: fewer than `limit` are all that there are.
    pub(in crate::sqlite) fn expired(&self, now: UnixSeconds, limit: usize) -> Option<Vec<SessionId>> {
        let begin = SessionId(self.looked_to.load(Ordering::Relaxed));
        let mut expired = Vec::new();
        self.expired_between(begin, SessionId(i64::MAX), now, limit, &mut expired)?;
        self.expired_between(SessionId(0), begin, now, limit, &mut expired)?;
        self.looked_to.store(expired.last().map_or(0, |last| last.0), Ordering::Relaxed);
        Some(expired)
    }

    /// The next call begins with this session.
    pub(in crate::sqlite) fn look_from(&self, first: SessionId) {
        self.looked_to.store(first.0 - 1, Ordering::Relaxed);
    }

    /// Of the sessions after `after` up to `last`. The lock is held for one run of them at a time.
    fn expired_between(
        &self,
        mut after: SessionId,
        last: SessionId,
        now: UnixSeconds,
        limit: usize,
        expired: &mut Vec<SessionId>,
    ) -> Option<()> {
        while after < last && expired.len() < limit {
            let state = self.read();
            if !matches!(state.phase, Phase::Complete) {
                return None;
            }
            let mut seen = None;
            for (id, row) in state.sessions.following(after).take_while(|(id, _)| *id <= last) {
                if expired.len() == limit {
                    break;
                }
                seen = Some(id);
                if !row.has_ended() && !row.is_live(now) {
                    expired.push(id);
                }
            }
            let Some(seen) = seen else { break };
            after = seen;
        }
        Some(())
    }

    /// Whether there is surely no row between these two.
    pub(in crate::sqlite) fn are_neighbours(&self, one: SessionId, next: SessionId) -> bool {
        let state = self.read();
        matches!(state.phase, Phase::Complete) && state.sessions.following(one).next().is_some_and(|(id, _)| id == next)
    }

    /// Takes at most `limit` rows off those whose key may be of no more use.
    pub(in crate::sqlite) fn take_loose(&self, limit: usize) -> Vec<SessionId> {
        let mut state = self.write();
        let count = limit.min(state.loose.len());
        state.loose.drain(..count).collect()
    }

    /// Puts rows back whose key is still of use.
    pub(in crate::sqlite) fn put_back_loose(&self, ids: Vec<SessionId>) {
        self.write().loose.extend(ids);
    }
}
