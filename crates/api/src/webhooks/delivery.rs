//! One attempt at a delivery, and what follows from it.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use wxgate_store::{Attempt, AttemptOutcome, DisabledReason, DueDelivery, UnixSeconds, Webhook};
use wxgate_webhooks::{Message, Target};

use crate::app::App;
use crate::error::ApiError;

/// For an attempt, from the look-up of the name to the receiver's answer.
const TIME: Duration = Duration::from_secs(15);
/// Until the second attempt, at most. Each further pause is twice as long.
const FIRST_PAUSE_SECONDS: i64 = 5;
const LONGEST_PAUSE_SECONDS: i64 = 6 * 3600;
/// How long a delivery is tried.
const PATIENCE_SECONDS: i64 = 5 * 86_400;
const GONE: u16 = 410;

/// What a receiver answered, and why it counts as failed.
pub(crate) struct Outcome {
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<&'static str>,
}

/// What a receiver reads.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: i64,
    data: &'a RawValue,
}

impl App {
    /// Sends an event to its receiver and says what follows.
    pub(crate) async fn attempt(&self, due: &DueDelivery) -> Attempt {
        let outcome = self.send(&due.webhook, &due.event.to_string(), &due.kind, due.happened_at, &due.data).await;
        let now = self.clock.now();
        let follows = match outcome {
            Outcome { error: None, .. } => AttemptOutcome::Delivered,
            Outcome { status: Some(GONE), .. } => AttemptOutcome::Disabled(DisabledReason::Gone),
            _ if due.first_at.is_some_and(|first| now - PATIENCE_SECONDS >= first) => {
                AttemptOutcome::Disabled(DisabledReason::Failing)
            }
            _ => AttemptOutcome::Again(now + pause(due.attempts)),
        };
        if let Some(error) = outcome.error {
            let (webhook, event) = (due.webhook.id, due.event);
            tracing::info!(%webhook, %event, status = outcome.status, error, "an event was not delivered");
        }
        Attempt { at: now, status: outcome.status, error: outcome.error, outcome: follows }
    }

    /// Sends a message that means nothing, so that an operator sees whether it arrives.
    pub(crate) async fn send_test(&self, webhook: &Webhook) -> Outcome {
        let id = self.new_uuid().to_string();
        self.send(webhook, &id, "webhook.test", self.clock.now(), "{}").await
    }

    async fn send(&self, webhook: &Webhook, id: &str, kind: &str, at: UnixSeconds, data: &str) -> Outcome {
        let failed = |error| Outcome { status: None, error: Some(error) };
        let now = self.clock.now();
        let secrets = self.webhook_secrets(webhook, now);
        if secrets.is_empty() {
            return failed("secret_lost");
        }
        // What was allowed when the webhook was made may not be any more.
        let Ok(target) = Target::parse(&webhook.url, self.settings.webhooks.allow_private) else {
            return failed("address");
        };
        let Ok(body) = message_body(kind, at, data) else { return failed("unreadable") };
        let (id, timestamp) = (id.to_owned(), now.0);
        let message = Message { target, id, timestamp, secrets, body, time: TIME, answer_bytes: None };
        match self.posts.post(&message).await {
            Err(failure) => failed(failure.as_str()),
            Ok(answer) => Outcome { status: Some(answer.status), error: error_of(answer.status) },
        }
    }
}

/// The body of a message: `data` is a JSON object.
///
/// # Errors
/// `internal` when it is not JSON.
pub(super) fn message_body(kind: &str, at: UnixSeconds, data: &str) -> Result<Bytes, ApiError> {
    let data: &RawValue = serde_json::from_str(data).map_err(ApiError::internal)?;
    let body = Body { r#type: kind, timestamp: at.0, data };
    serde_json::to_vec(&body).map(Bytes::from).map_err(ApiError::internal)
}

fn error_of(status: u16) -> Option<&'static str> {
    match status {
        200..=299 => None,
        300..=399 => Some("redirect"),
        GONE => Some("gone"),
        _ => Some("status"),
    }
}

/// Seconds until the attempt after `attempts` that failed before this one: half of the pause at least, and the rest by
/// chance, so that those who failed together do not come back together.
fn pause(attempts: u32) -> i64 {
    let doubled = FIRST_PAUSE_SECONDS.saturating_mul(1 << attempts.min(30));
    let longest = doubled.min(LONGEST_PAUSE_SECONDS);
    let half = longest / 2;
    // Without randomness the whole pause: nobody is hurt.
    let chance = getrandom::u32().map_or(longest - half, |random| i64::from(random) % (longest - half + 1));
    half + chance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_seconds_to_hours() {
        for _ in 0..100 {
            assert!((2..=5).contains(&pause(0)), "the first retry comes within ten seconds");
            assert!((5..=10).contains(&pause(1)));
            for attempts in [13, 40, u32::MAX] {
                assert!((LONGEST_PAUSE_SECONDS / 2..=LONGEST_PAUSE_SECONDS).contains(&pause(attempts)));
            }
        }
    }

    #[test]
    fn only_2xx_is_delivered() {
        let of = |status| error_of(status).unwrap_or("delivered");
        assert_eq!([200, 204, 299].map(of), ["delivered"; 3]);
        assert_eq!([301, 308, 304].map(of), ["redirect"; 3]);
        assert_eq!([410, 100, 400, 404, 429, 500].map(of), ["gone", "status", "status", "status", "status", "status"]);
    }
}
