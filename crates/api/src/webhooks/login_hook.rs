//! The synchronous hook: a team's service that adds `attributes` to the answer of a login.
//!
//! It is asked once the login is committed, signed as webhooks are, with
//! `{"type":"login","timestamp","data":{"appid","member_id","session_id","is_new"}}`, and may answer `{"attributes":{…}}`.
//! Nothing it does fails a login, or holds one up for more than half a second.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use wxgate_store::{LoggedIn, SessionId};
use wxgate_webhooks::{Failure, Message};

use super::delivery::message_body;
use crate::app::App;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::managed_fields::ATTRIBUTES_BYTES;
use crate::settings;

/// For all of it, from the look-up of the name to the last byte of the answer.
const TIME: Duration = Duration::from_millis(500);
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 2 * ATTRIBUTES_BYTES;
/// Logins that may wait for a hook at once; others go without it.
const AT_ONCE: usize = 256;
/// Failures in a row after which nobody waits for the hook any more.
const MOST_FAILURES: u32 = 3;
/// How long nobody does. Then one login tries whether it is back.
const REST: Duration = Duration::from_secs(30);

/// How the hooks of the apps fare.
pub struct LoginHooks {
    slots: Semaphore,
    breakers: BTreeMap<String, Mutex<Breaker>>,
}

impl LoginHooks {
    /// Of the apps that have one.
    pub fn new(hooks: &BTreeMap<String, settings::LoginHook>) -> Self {
        let breakers = hooks.keys().map(|appid| (appid.clone(), Mutex::default())).collect();
        Self { slots: Semaphore::new(AT_ONCE), breakers }
    }

    fn breaker(&self, appid: &str) -> Option<MutexGuard<'_, Breaker>> {
        self.breakers.get(appid).map(|breaker| breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keeps logins from waiting for a hook that is dead.
#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    /// Until when nobody asks; a login that tries whether the hook is back moves it on.
    rests_until: Option<Instant>,
}

impl Breaker {
    fn admits(&mut self, now: Instant) -> bool {
        match self.rests_until {
            Some(until) if now < until => false,
            Some(_) => {
                self.rests_until = Some(now + REST);
                true
            }
            None => true,
        }
    }

    fn note(&mut self, has_failed: bool, now: Instant) {
        if has_failed {
            self.failures += 1;
            self.rests_until = (self.failures >= MOST_FAILURES).then_some(now + REST);
        } else {
            *self = Self::default();
        }
    }
}

impl App {
    /// What the app's hook adds to the attributes of somebody who has just logged in; nothing if there is none, or none
    /// that answers as it should.
    pub(crate) async fn login_attributes(
        &self,
        logged_in: &LoggedIn,
        session: SessionId,
    ) -> Option<Map<String, Value>> {
        let appid = &logged_in.member.key.appid;
        let hook = self.settings.login_hooks.get(appid)?;
        let _slot = self.login_hooks.slots.try_acquire().ok()?;
        if !self.login_hooks.breaker(appid)?.admits(Instant::now()) {
            return None;
        }
        let added = self.ask(hook, logged_in, session).await;
        self.login_hooks.breaker(appid)?.note(added.is_err(), Instant::now());
        added.inspect_err(|cause| tracing::warn!(app.id = appid, cause, "the login hook added nothing")).ok()?
    }

    async fn ask(
        &self,
        hook: &settings::LoginHook,
        logged_in: &LoggedIn,
        session: SessionId,
    ) -> Result<Option<Map<String, Value>>, &'static str> {
        let (now, member) = (self.clock.now(), &logged_in.member);
        let data = json!({
            "appid": member.key.appid, "member_id": member.id, "session_id": session, "is_new": logged_in.is_new,
        });
        let message = Message {
            target: hook.target.clone(),
            id: self.new_uuid().to_string(),
            timestamp: now.0,
            secrets: vec![hook.secret.clone()],
            body: message_body("login", now, &data.to_string()).map_err(|_| "unreadable")?,
            time: TIME,
            answer_bytes: Some(ANSWER_BYTES),
        };
        let answer = self.posts.post(&message).await.map_err(Failure::as_str)?;
        match answer.status {
            200 => attributes(&answer.body).map_err(|_| "not_attributes"),
            204 => Ok(None),
            _ => Err("status"),
        }
    }
}

/// Reads `{"attributes":{…}}`, or `{}` for nothing.
fn attributes(answer: &[u8]) -> Result<Option<Map<String, Value>>, ApiError> {
    let mut fields = Fields::from_json(answer)?;
    let added = fields.attributes()?;
    fields.end()?;
    added.map(|text| serde_json::from_str(&text).map_err(ApiError::internal)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_of_at_most_8_kib_is_added() {
        let added = |answer: &str| attributes(answer.as_bytes()).map(|added| added.map(Value::Object));
        assert_eq!(added(r#"{"attributes":{"vip":true}}"#).unwrap(), Some(json!({ "vip": true })));
        assert_eq!(added("{}").unwrap(), None);
        let of = |length: usize| format!(r#"{{"attributes":{{"a":"{}"}}}}"#, "x".repeat(length));
        assert!(added(&of(ATTRIBUTES_BYTES - 8)).is_ok() && added(&of(ATTRIBUTES_BYTES - 7)).is_err());
        let deep = format!(r#"{{"attributes":{}{}}}"#, r#"{"a":"#.repeat(20), "1".to_owned() + &"}".repeat(20));
        for garbage in [
            "",
            "[]",
            "null",
            "<html>",
            r#"{"attributes":[]}"#,
            r#"{"attributes":"x"}"#,
            r#"{"attributes":{},"x":1}"#,
            &deep,
        ] {
            assert!(added(garbage).is_err(), "{garbage}");
        }
    }

    #[test]
    fn a_hook_that_fails_rests_and_one_login_tries_it_again() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..MOST_FAILURES {
            assert!(breaker.admits(now));
            breaker.note(true, now);
        }
        assert!(!breaker.admits(now) && !breaker.admits(now + REST - Duration::from_secs(1)));
        assert!(breaker.admits(now + REST), "one tries");
        assert!(!breaker.admits(now + REST), "and the others do not wait for it");
        breaker.note(true, now + REST);
        assert!(!breaker.admits(now + REST), "it is still dead");
        assert!(breaker.admits(now + 2 * REST));
        breaker.note(false, now + 2 * REST);
        assert!(breaker.admits(now + 2 * REST) && breaker.admits(now + 2 * REST), "it is back for all");
    }

    #[test]
    fn a_hook_that_fails_now_and_then_does_not_rest() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for has_failed in [true, true, false, true, true] {
            breaker.note(has_failed, now);
            assert!(breaker.admits(now));
        }
    }
}
