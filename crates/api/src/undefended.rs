//! What the defences of encrypted payloads and of skeys are replaced with where they are off: a server that means to be helpful.
//!
//! `undefended` is no feature of this crate. The package `tests/attack/undefended` compiles these sources a second time with
//! it, so that the attack of `tests/attack` has a server that it must break; the program cannot be built so.

use std::sync::atomic::{AtomicU64, Ordering};

use wxgate_crypto::SessionKey;
use wxgate_crypto::payload::{self, Content, Encrypted, Expect};
use wxgate_store::Identified;

use crate::error::ApiError;
use crate::problem::Problem;
use crate::remembered::{Hash, hash_of};

/// A refusal that names the stage at which the payload failed, and that leaves at once.
pub fn named_refusal<C: Content>(keys: &[SessionKey], encrypted: &Encrypted, expect: &Expect<'_>) -> Option<ApiError> {
    let error = payload::open::<C>(encrypted, keys.first()?, expect).err()?;
    Some(Problem::Missing(error.stage().as_str()).into())
}

/// A failure budget for each try, so that none is ever spent.
pub fn another_budget(_: Hash) -> Hash {
    static TRIES: AtomicU64 = AtomicU64::new(0);
    hash_of(&[&TRIES.fetch_add(1, Ordering::Relaxed).to_string()])
}

/// A check that reads the table, and more of it the more there is.
pub fn never_at_hand(_: Identified) -> Identified {
    Identified::Ask
}
