//! What became of the login codes of the last minutes, so that none is sent to WeChat twice.

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use wxgate_store::UnixSeconds;

use crate::error::ApiError;
use crate::routes::login::LoginReply;

/// Codes and keys remembered at once; what is forgotten early costs a question to WeChat, which knows used codes itself.
const ENTRIES: usize = 65_536;
/// Seconds for which WeChat accepts a code: later it is invalid in any case.
const CODE_SECONDS: i64 = 300;
/// Seconds for which a repeated request with its `Idempotency-Key` gets the same answer.
const REPEAT_SECONDS: i64 = 60;

/// SHA-256 of what it stands for; the code and the key themselves are not kept.
pub type Hash = [u8; 32];

/// SHA-256 of texts whose borders count.
pub fn hash_of(texts: &[&str]) -> Hash {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

/// Codes and idempotency keys, bounded, in this process only: after a restart WeChat answers for the codes.
pub struct Remembered {
    codes: Cache<Hash, Code>,
    answers: Cache<Hash, Answer>,
    requests: Cache<Hash, Request>,
}

#[derive(Clone, Copy)]
struct Code {
    fate: Fate,
    until: UnixSeconds,
}

#[derive(Clone, Copy)]
enum Fate {
    /// WeChat does not know it (40029).
    Invalid,
    /// Exchanged, or sent with an answer that never came.
    Used,
}

/// The answer for who repeats the request with its key, as long as it is repeated.
#[derive(Clone)]
struct Answer {
    key: Hash,
    until: UnixSeconds,
    reply: LoginReply,
}

#[derive(Clone, Copy)]
struct Request {
    fingerprint: Hash,
    until: UnixSeconds,
}

impl Remembered {
    pub fn new() -> Self {
        Self { codes: Cache::new(ENTRIES), answers: Cache::new(ENTRIES), requests: Cache::new(ENTRIES) }
    }

    /// Binds an idempotency key to its request for a minute.
    ///
    /// # Errors
    /// `conflict` when it is bound to another request.
    pub fn claim(&self, key: Hash, fingerprint: Hash, now: UnixSeconds) -> Result<(), ApiError> {
        let claim = Request { fingerprint, until: now + REPEAT_SECONDS };
        let Ok(held) = self.requests.get_or_insert_with(&key, || Ok::<_, ApiError>(claim)) else { return Ok(()) };
        if held.fingerprint == fingerprint {
            return Ok(());
        }
        if now < held.until {
            return Err(ApiError::Conflict);
        }
        self.requests.insert(key, claim);
        Ok(())
    }

    /// What is known of a code: nothing (`None`), the answer to repeat, or why it is refused.
    pub fn known(&self, code: &Hash, key: Option<&Hash>, now: UnixSeconds) -> Option<Result<LoginReply, ApiError>> {
        let known = self.codes.get(code).filter(|known| now < known.until)?;
        Some(match known.fate {
            Fate::Invalid => Err(ApiError::CodeInvalid { errcode: 40029 }),
            Fate::Used => self.answer(code, key, now).ok_or(ApiError::CodeUsed),
        })
    }

    fn answer(&self, code: &Hash, key: Option<&Hash>, now: UnixSeconds) -> Option<LoginReply> {
        let answer = self.answers.get(code)?;
        (key == Some(&answer.key) && now < answer.until).then_some(answer.reply)
    }

    /// The code is used up.
    pub fn used(&self, code: Hash, now: UnixSeconds) {
        self.codes.insert(code, Code { fate: Fate::Used, until: now + CODE_SECONDS });
    }

    /// What a repetition of the code's request with `key` gets.
    pub fn answered(&self, code: Hash, key: Hash, reply: LoginReply, now: UnixSeconds) {
        self.answers.insert(code, Answer { key, until: now + REPEAT_SECONDS, reply });
    }

    /// Forgets what is past its time, answers with their skeys above all.
    pub fn forget_expired(&self, now: UnixSeconds) {
        self.requests.retain(|_, request| now < request.until);
        self.answers.retain(|_, answer| now < answer.until);
        self.codes.retain(|_, code| now < code.until);
    }

    /// WeChat does not know the code.
    pub fn invalid(&self, code: Hash, now: UnixSeconds) {
        self.codes.insert(code, Code { fate: Fate::Invalid, until: now + CODE_SECONDS });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_000);

    fn at(seconds: i64) -> UnixSeconds {
        UnixSeconds(NOW.0 + seconds)
    }

    #[test]
    fn a_used_code_is_refused_for_as_long_as_wechat_could_still_know_it() {
        let remembered = Remembered::new();
        assert!(remembered.known(&[1; 32], None, NOW).is_none());
        remembered.used([1; 32], NOW);
        assert!(matches!(remembered.known(&[1; 32], None, at(299)), Some(Err(ApiError::CodeUsed))));
        assert!(remembered.known(&[1; 32], None, at(300)).is_none());
    }

    #[test]
    fn an_answer_is_repeated_for_a_minute_to_who_has_its_key() {
        let remembered = Remembered::new();
        remembered.used([1; 32], NOW);
        remembered.answered([1; 32], [9; 32], LoginReply::for_tests(), NOW);
        assert!(matches!(remembered.known(&[1; 32], Some(&[9; 32]), at(59)), Some(Ok(_))));
        assert!(matches!(remembered.known(&[1; 32], Some(&[8; 32]), at(1)), Some(Err(ApiError::CodeUsed))));
        assert!(matches!(remembered.known(&[1; 32], None, at(1)), Some(Err(ApiError::CodeUsed))));
        assert!(matches!(remembered.known(&[1; 32], Some(&[9; 32]), at(60)), Some(Err(ApiError::CodeUsed))));
    }

    #[test]
    fn the_borders_of_texts_count_in_their_hash() {
        assert_ne!(hash_of(&["ab", "c"]), hash_of(&["a", "bc"]));
        assert_eq!(hash_of(&["ab", "c"]), hash_of(&["ab", "c"]));
    }

    #[test]
    fn an_answer_is_forgotten_after_its_minute_and_a_code_after_its_five() {
        let remembered = Remembered::new();
        remembered.used([1; 32], NOW);
        remembered.answered([1; 32], [9; 32], LoginReply::for_tests(), NOW);
        remembered.invalid([2; 32], NOW);
        remembered.claim([9; 32], [1; 32], NOW).unwrap();
        let kept = |now| {
            remembered.forget_expired(now);
            (remembered.codes.len(), remembered.answers.len(), remembered.requests.len())
        };
        assert_eq!(kept(at(59)), (2, 1, 1));
        assert_eq!(kept(at(60)), (2, 0, 0));
        assert_eq!(kept(at(300)), (0, 0, 0));
    }

    #[test]
    fn a_key_belongs_to_one_request_for_a_minute() {
        let remembered = Remembered::new();
        remembered.claim([9; 32], [1; 32], NOW).unwrap();
        remembered.claim([9; 32], [1; 32], at(5)).unwrap();
        assert!(matches!(remembered.claim([9; 32], [2; 32], at(59)), Err(ApiError::Conflict)));
        remembered.claim([9; 32], [2; 32], at(60)).unwrap();
    }
}
