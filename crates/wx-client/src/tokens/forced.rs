use std::time::Duration;

use tokio::time::Instant;

/// When new tokens may be forced. WeChat allows 20 a day, 30 seconds apart (force_refresh), over all runs of the program.
#[derive(Default)]
pub(super) struct Forced {
    /// When each that counts stops counting.
    until: Vec<Instant>,
    /// When the next one may follow the last.
    next: Option<Instant>,
}

impl Forced {
    const A_DAY: usize = 20;
    const APART: Duration = Duration::from_secs(30);
    const DAY: Duration = Duration::from_hours(24);

    /// With those that were forced so long ago.
    pub(super) fn with(ago: &[Duration]) -> Self {
        let now = Instant::now();
        let until = ago.iter().filter_map(|ago| Some(now + Self::DAY.checked_sub(*ago)?)).collect();
        let next = ago.iter().min().and_then(|ago| Some(now + Self::APART.checked_sub(*ago)?));
        Self { until, next }
    }

    /// Counts one more, if it is allowed now.
    pub(super) fn one_more(&mut self) -> bool {
        let now = Instant::now();
        self.until.retain(|until| now < *until);
        let allowed = self.until.len() < Self::A_DAY && self.next.is_none_or(|next| next <= now);
        if allowed {
            self.until.push(now + Self::DAY);
            self.next = Some(now + Self::APART);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn twenty_a_day_half_a_minute_apart() {
        let mut forced = Forced::default();
        for _ in 0..20 {
            assert!(forced.one_more() && !forced.one_more());
            advance(Forced::APART).await;
        }
        assert!(!forced.one_more());
        advance(Duration::from_mins(24 * 60 - 10)).await;
        assert!(forced.one_more());
    }

    #[tokio::test(start_paused = true)]
    async fn those_of_an_earlier_run_count_as_long_as_they_would_have() {
        let mut forced = Forced::with(&[Duration::from_secs(10), Duration::from_secs(100)]);
        advance(Duration::from_secs(19)).await;
        assert!(!forced.one_more(), "29 seconds");
        advance(Duration::from_secs(1)).await;
        assert!(forced.one_more());

        let hour = Duration::from_hours(1);
        let mut spent = Forced::with(&vec![23 * hour; 20]);
        assert!(!spent.one_more());
        advance(hour).await;
        assert!(spent.one_more());
        assert!(Forced::with(&vec![24 * hour; 20]).one_more() && Forced::with(&vec![Duration::MAX; 20]).one_more());
    }
}
