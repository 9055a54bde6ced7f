//! How much a slice of a purge does before it lets others write.

use std::time::Duration;

use rusqlite::Result;

/// The most of each kind in one slice, whatever is asked: what it changed is written at its end, in no steps.
const MOST: u32 = 64;
/// Rows between two looks at the time. A slice takes so many of each kind in any case, so that every kind gets on.
const STEP: u32 = 16;
/// Time that a slice may take. Its commit comes after it, and together they are to keep no other write waiting for more
/// than five milliseconds.
const TIME: Duration = Duration::from_millis(2);

/// What one slice may take.
pub(super) struct Pace<'a> {
    /// Rows of each kind.
    pub(super) limit: u32,
    /// Time since it began.
    elapsed: &'a dyn Fn() -> Duration,
}

/// What was deleted of one kind.
pub(super) struct Deleted {
    pub(super) rows: u64,
    /// Whether there may be more of it.
    pub(super) more: bool,
}

impl<'a> Pace<'a> {
    /// At most `limit` rows of each kind, in a time of which `elapsed` tells how much is over.
    pub(super) fn new(limit: u32, elapsed: &'a dyn Fn() -> Duration) -> Self {
        Self { limit: limit.min(MOST), elapsed }
    }

    /// Has `delete` delete as many rows as it is told, again and again.
    pub(super) fn delete(&self, mut delete: impl FnMut(u32) -> Result<usize>) -> Result<Deleted> {
        let mut rows = 0;
        loop {
            let step = STEP.min(self.limit - rows);
            let deleted = u32::try_from(delete(step)?).unwrap_or(step);
            rows += deleted;
            let more = deleted >= step;
            if !more || rows >= self.limit || self.is_over() {
                return Ok(Deleted { rows: rows.into(), more });
            }
        }
    }

    /// Hands `rows` to `work`, which says how many of them it could do something about. Gives how many those are, and the
    /// rows whose turn did not come: none as long as nothing could be done, so that the next slice begins elsewhere.
    pub(super) fn through<'r, T>(
        &self,
        rows: &'r [T],
        mut work: impl FnMut(&[T]) -> Result<u64>,
    ) -> Result<(u64, &'r [T])> {
        let (mut done, mut left) = (0, rows);
        while !left.is_empty() && (done == 0 || !self.is_over()) {
            let (step, rest) = left.split_at(left.len().min(STEP as usize));
            done += work(step)?;
            left = rest;
        }
        Ok((done, left))
    }

    fn is_over(&self) -> bool {
        (self.elapsed)() >= TIME
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A disk on which a row takes so long, and the clock beside it.
    struct Disk {
        row: Duration,
        rows: Cell<u32>,
        clock: Cell<Duration>,
    }

    impl Disk {
        fn new(row_micros: u64, rows: u32) -> Self {
            let row = Duration::from_micros(row_micros);
            Self { row, rows: Cell::new(rows), clock: Cell::default() }
        }

        fn delete(&self, most: u32) -> usize {
            let deleted = most.min(self.rows.get());
            self.rows.update(|rows| rows - deleted);
            self.clock.update(|clock| clock + self.row * deleted);
            deleted as usize
        }
    }

    #[test]
    fn a_slice_ends_in_time_on_a_quick_disk_and_on_a_slow_one() {
        for (row_micros, slice_rows) in [(1, 64), (10, 64), (50, 48), (100, 32), (180, 16), (1_000, 16)] {
            let disk = Disk::new(row_micros, 1_000);
            let mut slices = 0;
            loop {
                let begun = disk.clock.get();
                let elapsed = || disk.clock.get().saturating_sub(begun);
                let deleted = Pace::new(u32::MAX, &elapsed).delete(|most| Ok(disk.delete(most))).unwrap();
                slices += 1;
                let most = TIME + disk.row * STEP;
                assert!(elapsed() < most, "{:?} for {} rows of {row_micros} µs", elapsed(), deleted.rows);
                if !deleted.more {
                    break;
                }
                assert_eq!(deleted.rows, slice_rows, "{row_micros} µs");
            }
            assert_eq!((disk.rows.get(), slices), (0, 1_000_u64.div_ceil(slice_rows)), "{row_micros} µs");
        }
    }

    #[test]
    fn a_list_is_left_off_where_the_time_ended_and_only_after_something_was_done() {
        let rows: Vec<u32> = (0..100).collect();
        let clock = Cell::new(Duration::ZERO);
        let elapsed = || clock.get();
        let pace = Pace::new(100, &elapsed);
        let work = |done: u64| {
            let clock = &clock;
            move |_: &[u32]| {
                clock.update(|clock| clock + TIME / 2);
                Ok(done)
            }
        };
        let (done, left) = pace.through(&rows, work(1)).unwrap();
        assert_eq!((done, left), (2, &rows[32..]), "two steps took all the time");
        let (done, left) = pace.through(&rows, work(0)).unwrap();
        assert_eq!((done, left.len()), (0, 0));
    }

    #[test]
    fn no_slice_is_larger_than_asked_or_than_may_be() {
        let timeless = || Duration::ZERO;
        for (limit, rows) in [(1, 1), (20, 20), (500, 64)] {
            let disk = Disk::new(1, 1_000);
            let deleted = Pace::new(limit, &timeless).delete(|most| Ok(disk.delete(most))).unwrap();
            assert_eq!((deleted.rows, deleted.more), (rows, true));
        }
        let disk = Disk::new(1, 5);
        let deleted = Pace::new(16, &timeless).delete(|most| Ok(disk.delete(most))).unwrap();
        assert_eq!((deleted.rows, deleted.more), (5, false));
    }
}
