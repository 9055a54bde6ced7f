//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use wxgate_store::UnixSeconds;

/// Tells the time; a fixed one in tests.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;

    /// Whole seconds since 1970, UTC.
    fn now(&self) -> UnixSeconds {
        UnixSeconds(self.now_ms().div_euclid(1000))
    }
}

/// The operating system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = |elapsed: std::time::Duration| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(elapsed) => since(elapsed),
            Err(before) => -since(before.duration()),
        }
    }
}
