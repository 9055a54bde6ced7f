//! How many requests one address may make, in bounded memory.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use quick_cache::sync::Cache;

use crate::error::ApiError;

/// Addresses or members remembered at once; beyond it the least used are forgotten and start anew.
const KEYS: usize = 65_536;

/// A limit of so many a minute for each client address (IPv6 counts by /64, which is what one customer gets) or member.
pub struct Limiter(RwLock<Option<Counts>>);

type Counts = RateLimiter<u128, Keys, DefaultClock, NoOpMiddleware>;

impl Limiter {
    /// `per_minute` at once and again each minute; 0 = no limit.
    pub fn per_minute(per_minute: u32) -> Self {
        Self(RwLock::new(counts(per_minute)))
    }

    /// Another limit from now on, for which everybody starts anew.
    pub fn change(&self, per_minute: u32) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = counts(per_minute);
    }

    /// Counts one request of `client`. Requests whose sender is not known (a unix socket without a forwarded address)
    /// share one count.
    ///
    /// # Errors
    /// `too_many_requests` with the seconds until the next one is allowed.
    pub fn check(&self, client: Option<IpAddr>) -> Result<(), ApiError> {
        self.check_key(client.map_or(0, key))
    }

    /// Counts one request of whatever `key` names.
    ///
    /// # Errors
    /// As [`Limiter::check`].
    pub fn check_key(&self, key: u128) -> Result<(), ApiError> {
        let limiter = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(limiter) = limiter.as_ref() else { return Ok(()) };
        limiter.check_key(&key).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            let retry_after = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX - 1) + 1;
            ApiError::TooManyRequests { errcode: None, retry_after }
        })
    }
}

fn counts(per_minute: u32) -> Option<Counts> {
    let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
    Some(RateLimiter::new(quota, Keys(Cache::new(KEYS)), DefaultClock::default()))
}

fn key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(four.to_bits()),
        IpAddr::V6(six) => six.to_bits() >> 64 << 64,
    }
}

/// governor's own keyed stores grow with every address that was ever seen; this one forgets.
struct Keys(Cache<u128, Arc<Mutex<Option<Nanos>>>>);

impl StateStore for Keys {
    type Key = u128;

    fn measure_and_replace<T, F, E>(&self, key: &u128, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let state = self.0.get_or_insert_with(key, || Ok::<_, E>(Arc::default()))?;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, next) = decide(*state)?;
        *state = Some(next);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_own_limit_and_is_told_how_long_to_wait() {
        let limiter = Limiter::per_minute(3);
        for _ in 0..3 {
            limiter.check(Some(address("1.2.3.4"))).unwrap();
        }
        let refused = limiter.check(Some(address("1.2.3.4"))).unwrap_err();
        assert!(matches!(refused, ApiError::TooManyRequests { errcode: None, retry_after: 1..=20 }), "{refused:?}");
        limiter.check(Some(address("1.2.3.5"))).unwrap();
    }

    #[test]
    fn ipv6_counts_by_its_first_64_bits() {
        let limiter = Limiter::per_minute(1);
        limiter.check(Some(address("2001:db8::1"))).unwrap();
        limiter.check(Some(address("2001:db8::2"))).unwrap_err();
        limiter.check(Some(address("2001:db8:0:1::1"))).unwrap();
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = Limiter::per_minute(0);
        assert!((0..10_000).all(|_| limiter.check(Some(address("1.2.3.4"))).is_ok()));
    }

    #[test]
    fn a_limit_can_change_while_it_is_in_use() {
        let limiter = Limiter::per_minute(1);
        limiter.check(None).unwrap();
        limiter.check(None).unwrap_err();
        limiter.change(2);
        limiter.check(None).unwrap();
        limiter.check(None).unwrap();
        limiter.check(None).unwrap_err();
        limiter.change(0);
        limiter.check(None).unwrap();
    }

    #[test]
    fn limiter_memory_bounded() {
        let limiter = Limiter::per_minute(1);
        for number in 0..200_000_u32 {
            limiter.check(Some(IpAddr::V4(number.into()))).ok();
        }
        let kept = limiter.0.into_inner().unwrap().unwrap().into_state_store().0.len();
        assert!(kept <= KEYS, "{kept}");
    }
}
