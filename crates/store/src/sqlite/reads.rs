use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::resource::{UsageWho, getrusage};

/// So many reads after one that went to the disk are taken for such as well. To have them done elsewhere costs each about an
/// eighth of what it costs to wait for one.
const MORE: u32 = 8;
/// The most reads that are taken for such: how soon it is noticed that the system has it all in memory again.
const MOST: u32 = 1024;

/// Whether the rows that are asked for lately come from the disk or from the system's memory, where most of them stay.
///
/// The system tells it of a thread, also where it gives the thread's core to others meanwhile: a clock does not.
#[derive(Default)]
pub(super) struct Reads {
    expected: AtomicU32,
}

impl Reads {
    /// Whether the next read may have to wait for the disk.
    pub(super) fn expect_the_disk(&self) -> bool {
        self.expected.load(Ordering::Relaxed) > 0
    }

    /// Notes whether what `work` does on this thread waits for the disk.
    pub(super) fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = blocks_read();
        let done = work();
        self.note(blocks_read() != before);
        done
    }

    /// As after many that waited for the disk.
    #[cfg(test)]
    pub(super) fn expect_many(&self) {
        self.expected.store(MOST, Ordering::Relaxed);
    }

    /// Where two meet, one of them counts for nothing: it is an estimate.
    fn note(&self, was_asked: bool) {
        let expected = self.expected.load(Ordering::Relaxed);
        let next = if was_asked { (expected + MORE).min(MOST) } else { expected.saturating_sub(1) };
        if next != expected {
            self.expected.store(next, Ordering::Relaxed);
        }
    }
}

/// Blocks that the system read for this thread; 0 if it does not tell.
fn blocks_read() -> i64 {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| usage.block_reads())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_read_in_eight_from_the_disk_is_enough_to_expect_it() {
        let reads = Reads::default();
        for _ in 0..10 {
            assert!(!reads.expect_the_disk());
            reads.note(true);
            for _ in 1..MORE {
                reads.note(false);
                assert!(reads.expect_the_disk());
            }
            reads.note(false);
        }
    }

    #[test]
    fn what_is_in_memory_again_is_noticed_in_time() {
        let reads = Reads::default();
        for _ in 0..1_000_000 {
            reads.note(true);
        }
        assert_eq!(reads.expected.load(Ordering::Relaxed), MOST);
        for _ in 0..MOST {
            assert!(reads.expect_the_disk());
            reads.note(false);
        }
        assert!(!reads.expect_the_disk());
    }

    #[test]
    fn work_that_reads_nothing_expects_nothing() {
        let reads = Reads::default();
        assert_eq!(reads.watch(|| 1), 1);
        assert!(!reads.expect_the_disk());
    }
}
