//! Opening what the mini program got encrypted. AES-CBC has no MAC: whoever can tell two failures apart can forge a
//! payload, so all failures after the key is used look alike, take the same time, and are counted.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::Instrument;
use wxgate_crypto::diagnosis::{Question, diagnose_as};
use wxgate_crypto::payload::{self, Content, Encrypted, Expect};
use wxgate_crypto::{Purpose, SessionKey};
use wxgate_store::{Member, MemberKey, Opening, OpeningId};

use crate::app::App;
use crate::error::ApiError;
use crate::problem::Problem;
use crate::refused::Refused;
use crate::results::Asking;
use crate::text::Language;

/// Refusals leave at the arrival and a multiple of this.
const BEAT: Duration = Duration::from_millis(50);

/// The spellings of `encryptedData` that clients use.
pub const ENCRYPTED_DATA: &[&str] = &["encryptedData", "encrypteData", "encrypted_data"];

/// A payload that opened, and the try that it took of the failure budget: to be released once all else holds too.
pub struct Opened<C> {
    pub content: C,
    pub opening: OpeningId,
    /// Whether not the newest of the keys opened it.
    pub rescued: bool,
}

/// The shape of a payload, judged before any key is used.
///
/// # Errors
/// `bad_request` that names the field.
pub fn encrypted(encrypted_data: &str, iv: &str) -> Result<Encrypted, ApiError> {
    Encrypted::parse(encrypted_data, iv).map_err(|error| {
        ApiError::from(match error {
            wxgate_crypto::Error::Iv(_) => Problem::NotBase64("iv"),
            _ => Problem::NotBase64("encryptedData"),
        })
    })
}

/// Holds a refusal back until the next beat after `arrived`, so that its time says nothing of its cause.
pub async fn uniform<T>(arrived: Instant, result: Result<T, ApiError>) -> Result<T, ApiError> {
    if matches!(result, Err(ApiError::Unopenable)) {
        let beats = u32::try_from(arrived.elapsed().as_millis() / BEAT.as_millis()).unwrap_or(u32::MAX - 1) + 1;
        sleep_until(arrived + BEAT * beats).await;
    }
    result
}

/// Runs `work` even if the caller goes away: a try of the budget that was taken must be given back or kept, not lost.
///
/// # Errors
/// Those of the work; `internal` when it panicked.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|panic| Err(ApiError::internal(panic)))
}

impl App {
    /// The session_keys the member had in the last minutes, the newest first.
    ///
    /// # Errors
    /// Those of the store. A key that was sealed under a lost key file is left out, with a warning.
    pub(crate) async fn kept_keys(&self, member: &Member) -> Result<Vec<SessionKey>, ApiError> {
        let sealed = self.store.session_keys(member.id, self.clock.now()).await?;
        let keys: Vec<_> = sealed.iter().filter_map(|key| self.open_session_key(&member.key, &key.sealed)).collect();
        if keys.len() < sealed.len() {
            tracing::warn!(member.id = %member.id.0, "a kept session_key does not open with today's key file");
        }
        Ok(keys)
    }

    fn open_session_key(&self, owner: &MemberKey, sealed: &[u8]) -> Option<SessionKey> {
        let text = self.vault.open(Purpose::SessionKey, &owner.appid, &owner.openid, sealed).ok()?;
        SessionKey::parse(std::str::from_utf8(&text).ok()?).ok()
    }

    /// Opens a payload with each of `keys`. Takes one try of the failure budget: given back by whoever accepts the
    /// content, kept by [`App::refuse`].
    ///
    /// # Errors
    /// `too_many_requests` when the budget is spent, `unopenable` for whatever is wrong.
    pub(crate) async fn open<C: Content>(
        &self,
        asking: &Asking<'_>,
        owner: &MemberKey,
        keys: &[SessionKey],
        encrypted: &Encrypted,
    ) -> Result<Opened<C>, ApiError> {
        let opening = self.begin_opening(owner).await?;
        let now = self.clock.now().0;
        let expect = Expect { appid: &owner.appid, now };
        // Every key is tried, also after one that opened: the time must not say which.
        let opened = keys.iter().enumerate().fold(None, |opened, (at, key)| {
            let this = payload::open::<C>(encrypted, key, &expect).ok();
            opened.or(this.map(|content| (at > 0, content)))
        });
        let Some((rescued, content)) = opened else {
            #[cfg(feature = "undefended")]
            if let Some(refusal) = crate::undefended::named_refusal::<C>(keys, encrypted, &expect) {
                return Err(refusal);
            }
            let question = Question {
                session_keys: keys,
                encrypted_data: encrypted.encrypted_data(),
                iv: &encrypted.iv_text(),
                appid: Some(&owner.appid),
                now: Some(now),
            };
            let cause = diagnose_as(&question, C::KIND).cause;
            return Err(self.refuse(asking, opening, Refused::Diagnosed(cause)).await);
        };
        Ok(Opened { content, opening, rescued })
    }

    /// Takes one try of the failure budget.
    ///
    /// # Errors
    /// `too_many_requests` when it is spent.
    pub(crate) async fn begin_opening(&self, owner: &MemberKey) -> Result<OpeningId, ApiError> {
        let subject = self.vault.pseudonym(&owner.appid, &owner.openid);
        #[cfg(feature = "undefended")]
        let subject = crate::undefended::another_budget(subject);
        match self.store.begin_opening(subject, self.clock.now()).await? {
            Opening::Granted(opening) => Ok(opening),
            Opening::Spent { retry_after_seconds } => {
                Err(ApiError::TooManyRequests { errcode: None, retry_after: retry_after_seconds })
            }
        }
    }

    /// Gives a try back: it succeeded, or failed through no fault of the member. If that cannot be written, it stays spent.
    pub(crate) async fn release(&self, opening: Option<OpeningId>) {
        if let Some(opening) = opening
            && let Err(error) = self.store.release_opening(opening).await
        {
            tracing::warn!(%error, "a try of the failure budget could not be given back");
        }
    }

    /// The payload is refused: the try stays spent, the operator learns the cause, the client does not.
    pub(crate) async fn refuse(&self, asking: &Asking<'_>, opening: OpeningId, why: Refused) -> ApiError {
        let (cause, sentence, cure) = (why.code(), why.sentence(Language::English), why.cure(Language::English));
        tracing::info!(cause, "a payload was refused: {sentence} {cure}");
        self.results.refused(asking, &why, self.clock.now());
        match self.store.fail_opening(opening, cause).await {
            Ok(()) => ApiError::Unopenable,
            Err(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::time::advance;

    use super::*;

    async fn left_after(work: Duration, result: Result<(), ApiError>) -> Duration {
        let arrived = Instant::now();
        advance(work).await;
        uniform(arrived, result).await.ok();
        arrived.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn every_refusal_leaves_on_the_beat() {
        for (work, expected) in [(0, 50), (3, 50), (49, 50), (50, 100), (60, 100), (1_234, 1_250)] {
            let left = left_after(Duration::from_millis(work), Err(ApiError::Unopenable)).await;
            assert_eq!(left, Duration::from_millis(expected), "{work} ms of work");
        }
    }

    #[tokio::test]
    async fn work_that_took_a_try_ends_though_its_caller_went_away() {
        let (gate, opened) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let work = async move {
            opened.await.ok();
            done.send(()).ok();
            Ok(())
        };
        let caller = tokio::spawn(to_the_end(work));
        tokio::task::yield_now().await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        gate.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_a_refusal_is_not_held_back() {
        assert_eq!(left_after(Duration::ZERO, Ok(())).await, Duration::ZERO);
    }
}
