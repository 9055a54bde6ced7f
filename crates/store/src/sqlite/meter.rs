//! What is measured of a store while it works.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::statvfs;

use super::files;
use crate::model::Distribution;

/// Writes of a batch: up to each of these.
const BATCH_SIZES: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, u64::MAX];
/// Microseconds that a batch takes: up to each of these.
const BATCH_MICROS: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000, u64::MAX];
const MICROS: f64 = 1e6;

/// Counts as the one writer goes on; read by anybody.
#[derive(Default)]
pub(super) struct Meter {
    sizes: Spread<{ BATCH_SIZES.len() }>,
    micros: Spread<{ BATCH_MICROS.len() }>,
    rolled_back: AtomicU64,
    in_doubt: AtomicU64,
}

struct Spread<const N: usize> {
    sum: AtomicU64,
    buckets: [AtomicU64; N],
}

impl<const N: usize> Default for Spread<N> {
    fn default() -> Self {
        Self { sum: AtomicU64::new(0), buckets: [const { AtomicU64::new(0) }; N] }
    }
}

impl<const N: usize> Spread<N> {
    fn add(&self, value: u64, bounds: &[u64; N]) {
        let at = bounds.partition_point(|bound| *bound < value);
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// In units of which `of_one` make one.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn distribution(&self, bounds: &[u64; N], of_one: f64) -> Distribution {
        let buckets: Vec<_> = bounds
            .iter()
            .zip(&self.buckets)
            .map(|(bound, count)| {
                let bound = if *bound == u64::MAX { f64::INFINITY } else { *bound as f64 / of_one };
                (bound, count.load(Ordering::Relaxed))
            })
            .collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Distribution { sum: self.sum.load(Ordering::Relaxed) as f64 / of_one, count, buckets }
    }
}

impl Meter {
    pub(super) fn committed(&self, writes: usize, took: Duration) {
        self.sizes.add(writes as u64, &BATCH_SIZES);
        self.micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), &BATCH_MICROS);
    }

    pub(super) fn rolled_back(&self) {
        self.rolled_back.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn in_doubt(&self) {
        self.in_doubt.fetch_add(1, Ordering::Relaxed);
    }

    /// How writes went.
    pub(super) fn writes(&self) -> Writes {
        Writes {
            batches: self.sizes.distribution(&BATCH_SIZES, 1.0),
            commits: self.micros.distribution(&BATCH_MICROS, MICROS),
            rolled_back: self.rolled_back.load(Ordering::Relaxed),
            in_doubt: self.in_doubt.load(Ordering::Relaxed),
        }
    }
}

pub(super) struct Writes {
    pub(super) batches: Distribution,
    pub(super) commits: Distribution,
    pub(super) rolled_back: u64,
    pub(super) in_doubt: u64,
}

/// The files of a store, as far as their size goes.
pub(super) struct Sizes(PathBuf);

impl Sizes {
    pub(super) fn of(data_dir: PathBuf) -> Self {
        Self(data_dir)
    }

    /// Bytes of the database and of its log; 0 for what is not there.
    pub(super) fn bytes(&self) -> [u64; 2] {
        files::names(&self.0).map(|path| path.metadata().map_or(0, |file| file.len()))
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        let disk = statvfs(&self.0).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_below_the_bound_that_it_does_not_exceed() {
        let meter = Meter::default();
        for (writes, micros) in [(1, 250), (2, 251), (3, 3_000_000), (256, 0)] {
            meter.committed(writes, Duration::from_micros(micros));
        }
        let Writes { batches, commits, .. } = meter.writes();
        assert_eq!((batches.count, batches.sum), (4, 262.0));
        assert_eq!(batches.buckets[..3], [(1.0, 1), (2.0, 1), (4.0, 1)]);
        assert_eq!(batches.buckets[8], (f64::INFINITY, 1));
        assert_eq!((commits.buckets[0], commits.buckets[1]), ((0.000_25, 2), (0.000_5, 1)));
        assert_eq!(commits.buckets[11], (f64::INFINITY, 1));
        assert!((commits.sum - 3.000_501).abs() < 1e-9);
    }
}
