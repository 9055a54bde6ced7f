//! What became of the login codes of the last minutes, so that none is sent to WeChat twice.

use quick_cache::sync::Cache;
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

/// Codes and idempotency keys, bounded, in this process only: after a restart WeChat answers for the codes.
pub struct Remembered {
    codes: Cache<Hash, Code>,
    requests: Cache<Hash, Request>,
}

#[derive(Clone)]
struct Code {
    fate: Fate,
    until: UnixSeconds,
}

#[derive(Clone)]
enum Fate {
    /// WeChat does not know it (40029).
    Invalid,
    /// Exchanged, or sent with an answer that never came; perhaps with the answer for who repeats the request.
    Used(Option<Box<Repeat>>),
}

/// The answer for who repeats the request with its key, as long as it is repeated.
#[derive(Clone)]
struct Repeat {
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
        Self { codes: Cache::new(ENTRIES), requests: Cache::new(ENTRIES) }
    }

    /// Binds an idempotency key to its request for a minute.
    ///
    /// # Errors
    /// `conflict` when it is bound to another request.
    pub fn claim(&self, key: Hash, fingerprint: Hash, now: UnixSeconds) -> Result<(), ApiError> {
        let claim = Request { fingerprint, until: UnixSeconds(now.0 + REPEAT_SECONDS) };
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
            Fate::Used(Some(repeat)) if key == Some(&repeat.key) && now < repeat.until => Ok(repeat.reply),
            Fate::Used(_) => Err(ApiError::CodeUsed),
        })
    }

    /// The code is used up, and `reply` is what a repetition with `key` gets.
    pub fn used(&self, code: Hash, repeat: Option<(Hash, LoginReply)>, now: UnixSeconds) {
        let until = UnixSeconds(now.0 + REPEAT_SECONDS);
        let repeat = repeat.map(|(key, reply)| Box::new(Repeat { key, until, reply }));
        self.codes.insert(code, Code { fate: Fate::Used(repeat), until: UnixSeconds(now.0 + CODE_SECONDS) });
    }

    /// WeChat does not know the code.
    pub fn invalid(&self, code: Hash, now: UnixSeconds) {
        self.codes.insert(code, Code { fate: Fate::Invalid, until: UnixSeconds(now.0 + CODE_SECONDS) });
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
        remembered.used([1; 32], None, NOW);
        assert!(matches!(remembered.known(&[1; 32], None, at(299)), Some(Err(ApiError::CodeUsed))));
        assert!(remembered.known(&[1; 32], None, at(300)).is_none());
    }

    #[test]
    fn an_answer_is_repeated_for_a_minute_to_who_has_its_key() {
        let remembered = Remembered::new();
        remembered.used([1; 32], Some(([9; 32], LoginReply::for_tests())), NOW);
        assert!(matches!(remembered.known(&[1; 32], Some(&[9; 32]), at(59)), Some(Ok(_))));
        assert!(matches!(remembered.known(&[1; 32], Some(&[8; 32]), at(1)), Some(Err(ApiError::CodeUsed))));
        assert!(matches!(remembered.known(&[1; 32], None, at(1)), Some(Err(ApiError::CodeUsed))));
        assert!(matches!(remembered.known(&[1; 32], Some(&[9; 32]), at(60)), Some(Err(ApiError::CodeUsed))));
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
