use super::{UnixSeconds, debug_only};

/// A key that signs our tokens, to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSigningKey {
    /// As the caller sealed it.
    pub sealed: Vec<u8>,
    /// What others verify with.
    pub public_key: [u8; 32],
    /// When it was made.
    pub created_at: UnixSeconds,
}

debug_only!(NewSigningKey { public_key, created_at });

/// A key that signs our tokens, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Greater than that of every key before it, whatever the clock said.
    pub number: i64,
    /// The key.
    pub key: NewSigningKey,
}
