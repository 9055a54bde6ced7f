use std::time::{SystemTime, UNIX_EPOCH};

/// The sandbox's own time: the system's, or one that stands still, plus what it was advanced by.
#[derive(Debug)]
pub(crate) struct Clock {
    frozen_at: Option<i64>,
    offset: i64,
}

impl Clock {
    pub(crate) fn new(frozen_at: Option<i64>) -> Self {
        Self { frozen_at, offset: 0 }
    }

    /// Unix seconds, kept to what a rid can carry (32 bits), so that no sum of two instants overflows.
    pub(crate) fn now(&self) -> i64 {
        let base = self.frozen_at.unwrap_or_else(system);
        base.saturating_add(self.offset).clamp(0, i64::from(u32::MAX))
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset = self.offset.saturating_add(seconds);
    }
}

fn system() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_advanced() {
        let mut clock = Clock::new(Some(1_700_000_000));
        clock.advance(301);
        clock.advance(-1);
        assert_eq!(clock.now(), 1_700_000_300);
    }

    #[test]
    fn no_jump_leaves_the_years_that_a_rid_can_name() {
        let mut clock = Clock::new(None);
        clock.advance(i64::MAX);
        clock.advance(i64::MAX);
        assert_eq!(clock.now(), i64::from(u32::MAX));
        clock.advance(i64::MIN);
        clock.advance(i64::MIN);
        assert_eq!(clock.now(), 0);
    }
}
