//! Parts of long lists, newest first.

use rusqlite::Result;

use crate::model::Page;

/// Rows that one page looks at, found or not: some 100 ms, so that no reader is held for long.
pub(super) const LOOKED_AT: i64 = 100_000;

/// The rows that a page may look at, by their numbers.
pub(super) struct Window {
    /// The smallest that was looked at before.
    pub(super) before: i64,
    /// The smallest to look at.
    pub(super) floor: i64,
}

impl Window {
    /// All that are left.
    pub(super) fn whole(after: Option<i64>) -> Self {
        Self { before: after.unwrap_or(i64::MAX), floor: 0 }
    }

    /// So many of them, `newest` being the greatest number there is.
    pub(super) fn below(after: Option<i64>, newest: i64, looked_at: i64) -> Self {
        let before = after.unwrap_or(i64::MAX).min(newest.saturating_add(1));
        Self { before, floor: before.saturating_sub(looked_at).max(0) }
    }

    /// The page of what was found, which is one more than `limit` if there is so much. `has_older` says whether any row is
    /// below a number.
    pub(super) fn page<T>(
        &self,
        mut found: Vec<(i64, T)>,
        limit: u32,
        has_older: impl FnOnce(i64) -> Result<bool>,
    ) -> Result<Page<T>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = if found.len() > limit {
            found.truncate(limit);
            found.last().map(|(number, _)| *number)
        } else {
            has_older(self.floor)?.then_some(self.floor)
        };
        Ok(Page { rows: found.into_iter().map(|(_, row)| row).collect(), next })
    }
}
