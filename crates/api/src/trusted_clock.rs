//! Whether the clock may say what is to be deleted.

use std::time::Duration;

use tokio::time::Instant;

/// What the clock may differ from the time that went by.
const TOLERANCE_MS: i64 = 60_000;
/// How long nothing is deleted after a jump, so that the operator, or the time server, can put it right.
const PAUSE: Duration = Duration::from_mins(10);

/// A clock that is watched: beside it runs one that nobody sets.
pub struct TrustedClock {
    read_ms: i64,
    read_at: Instant,
    suspect_until: Instant,
}

impl TrustedClock {
    /// Of a clock that shows this at the start. A machine may come up with any time, so that is suspect as well.
    pub fn starting(now_ms: i64) -> Self {
        let now = Instant::now();
        Self { read_ms: now_ms, read_at: now, suspect_until: now + PAUSE }
    }

    /// Whether what it shows now is trusted: not within ten minutes of a jump of more than a minute, or of the start.
    pub fn trusts(&mut self, now_ms: i64) -> bool {
        let now = Instant::now();
        let passed_ms = i64::try_from((now - self.read_at).as_millis()).unwrap_or(i64::MAX);
        let jump_ms = now_ms.saturating_sub(self.read_ms).saturating_sub(passed_ms);
        (self.read_ms, self.read_at) = (now_ms, now);
        if jump_ms.unsigned_abs() > TOLERANCE_MS.unsigned_abs() {
            tracing::warn!(
                seconds = jump_ms / 1000,
                "the clock jumped: nothing that expired is deleted for ten minutes"
            );
            self.suspect_until = now + PAUSE;
        }
        now >= self.suspect_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const NOW: i64 = 1_795_000_000_000;
    const MINUTE: i64 = 60_000;

    /// Lets so many minutes go by, in which the clock does as it should.
    async fn minutes(count: u64) -> i64 {
        advance(Duration::from_mins(count)).await;
        i64::try_from(count).unwrap() * MINUTE
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_jump_nothing_is_trusted_for_ten_minutes() {
        for jump in [MINUTE + 1, -MINUTE - 1, i64::MAX / 2, i64::MIN / 2] {
            let (mut clock, mut now) = (TrustedClock::starting(NOW), NOW);
            assert!(!clock.trusts(now), "nor after the start");
            now += minutes(10).await;
            assert!(clock.trusts(now));
            now += jump;
            assert!(!clock.trusts(now), "{jump}");
            now += minutes(9).await;
            assert!(!clock.trusts(now), "{jump}");
            now += minutes(1).await;
            assert!(clock.trusts(now), "{jump}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_back_is_a_jump_again() {
        let (mut clock, mut now) = (TrustedClock::starting(NOW), NOW);
        now += 600 * MINUTE;
        assert!(!clock.trusts(now));
        now += minutes(9).await - 600 * MINUTE;
        assert!(!clock.trusts(now));
        now += minutes(9).await;
        assert!(!clock.trusts(now));
        now += minutes(1).await;
        assert!(clock.trusts(now));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_by_a_minute_is_trusted() {
        let (mut clock, mut now) = (TrustedClock::starting(NOW), NOW);
        now += minutes(10).await;
        for change in [MINUTE, -MINUTE] {
            now += change;
            assert!(clock.trusts(now));
        }
    }
}
