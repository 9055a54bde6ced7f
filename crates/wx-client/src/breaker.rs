//! A WeChat that does not answer is left alone: nobody waits five seconds to learn what the last few learned, and no code
//! is spent on it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, Result};

/// Calls in a row without an answer that can be read, after which no more are made.
pub(crate) const FAILURES: u32 = 20;
/// Time between two probes while none are made. As long as a call may take, so that a probe has no company.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);

/// Closed, every call is made. Open, one call in [`PAUSE`] is made as a probe, and the first answer closes it again. A
/// probe whose caller goes away needs no clearing up: the next one is due all the same.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Failures since the last answer.
    failures: u32,
    /// When the next probe is due; of meaning only while open.
    probe_at: Option<Instant>,
}

impl Breaker {
    /// Whether a call may be made now.
    ///
    /// # Errors
    /// [`Error::Paused`].
    pub(crate) fn admit(&self, now: Instant) -> Result<()> {
        let mut state = self.state();
        let Some(probe_at) = state.probe_at else { return Ok(()) };
        if now < probe_at {
            return Err(Error::Paused { remaining: probe_at - now });
        }
        state.probe_at = Some(now + PAUSE);
        Ok(())
    }

    /// Whether no calls are made but probes.
    pub(crate) fn is_open(&self) -> bool {
        self.state().probe_at.is_some()
    }

    /// Takes note of how a call that was made came out. A refusal is an answer.
    pub(crate) fn note<T>(&self, outcome: &Result<T>, now: Instant) {
        let mut state = self.state();
        if let Err(Error::Unreachable { .. } | Error::Unreadable { .. }) = outcome {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= FAILURES {
                if state.probe_at.is_none() {
                    tracing::warn!("WeChat does not answer: it is asked every {} s from now on", PAUSE.as_secs());
                }
                state.probe_at = Some(now + PAUSE);
            }
        } else if std::mem::take(&mut *state).probe_at.is_some() {
            tracing::info!("WeChat answers again");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn unreachable() -> Result<()> {
        Err(Error::Unreachable { sent: true, source: "scripted".into() })
    }

    fn open(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.note(&unreachable(), now));
        breaker
    }

    #[test]
    fn it_opens_after_twenty_failures_in_a_row_and_says_for_how_long() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        breaker.note::<()>(&Err(Error::Unreadable { reason: "HTTP status" }), now);
        for _ in 2..FAILURES {
            breaker.note(&unreachable(), now);
            breaker.admit(now).unwrap();
        }
        breaker.note(&unreachable(), now);
        let refused = breaker.admit(now + 2 * SECOND).unwrap_err();
        assert!(matches!(refused, Error::Paused { remaining } if remaining == 3 * SECOND), "{refused:?}");
    }

    #[test]
    fn any_answer_begins_the_count_anew() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for answer in [Ok(()), Err(Error::Refused { errcode: -1, errmsg: String::new(), rid: None })] {
            (1..FAILURES).for_each(|_| breaker.note(&unreachable(), now));
            breaker.note(&answer, now);
            breaker.admit(now).unwrap();
        }
    }

    #[test]
    fn one_probe_goes_through_in_each_pause() {
        let now = Instant::now();
        let breaker = open(now);
        for pause in 1..4 {
            let due = now + pause * PAUSE;
            breaker.admit(due - SECOND).unwrap_err();
            breaker.admit(due).unwrap();
            // Its caller may have gone away: nothing is noted of it.
            breaker.admit(due).unwrap_err();
        }
    }

    #[test]
    fn a_probe_that_fails_is_followed_by_a_whole_pause_and_one_that_is_answered_closes() {
        let now = Instant::now();
        let breaker = open(now);
        breaker.admit(now + PAUSE).unwrap();
        breaker.note(&unreachable(), now + PAUSE + 4 * SECOND);
        breaker.admit(now + 2 * PAUSE + 3 * SECOND).unwrap_err();
        breaker.admit(now + 2 * PAUSE + 4 * SECOND).unwrap();
        breaker.note(&Ok(()), now + 2 * PAUSE + 4 * SECOND);
        (0..100).for_each(|_| breaker.admit(now + 2 * PAUSE + 4 * SECOND).unwrap());
    }
}
