//! What happens in an hour, counted in memory until it is written down: a login pays nothing for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wxgate_store::{HourCount, UnixSeconds};

use crate::TimeZone;
use crate::calendar;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Login,
    Member,
    Phone,
    Opening,
}

impl What {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Member => "member",
            Self::Phone => "phone",
            Self::Opening => "opening",
        }
    }
}

/// Hour, app, what, cause: as many as there are apps and words.
type Key = (UnixSeconds, String, String, String);

/// Counts that are not written down yet.
pub struct Hours {
    timezone: TimeZone,
    counts: Mutex<BTreeMap<Key, u64>>,
}

impl Hours {
    pub fn new(timezone: TimeZone) -> Self {
        Self { timezone, counts: Mutex::default() }
    }

    pub fn add(&self, now: UnixSeconds, appid: &str, what: What, cause: &str) {
        let hour = calendar::hour_of(&self.timezone, now);
        *self.counts().entry((hour, appid.to_owned(), what.as_str().to_owned(), cause.to_owned())).or_default() += 1;
    }

    /// All of it, which is none of ours any more.
    pub fn take(&self) -> Vec<HourCount> {
        let counts = std::mem::take(&mut *self.counts());
        let row = |((hour, appid, what, cause), count)| HourCount { hour, appid, what, cause, count };
        counts.into_iter().map(row).collect()
    }

    /// What could not be written.
    pub fn put_back(&self, rows: Vec<HourCount>) {
        let mut counts = self.counts();
        for HourCount { hour, appid, what, cause, count } in rows {
            *counts.entry((hour, appid, what, cause)).or_default() += count;
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Key, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_written_is_added_to_what_came_since() {
        let hours = Hours::new(TimeZone::UTC);
        hours.add(UnixSeconds(3_601), "wx1", What::Login, "");
        let taken = hours.take();
        hours.add(UnixSeconds(7_199), "wx1", What::Login, "");
        hours.add(UnixSeconds(7_200), "wx1", What::Login, "");
        hours.put_back(taken);
        let counts: Vec<_> = hours.take().iter().map(|row| (row.hour.0, row.count)).collect();
        assert_eq!(counts, [(3_600, 2), (7_200, 1)]);
        assert!(hours.take().is_empty());
    }
}
