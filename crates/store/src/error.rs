/// A cause from below, whatever its type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What every operation of a store gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too much waits already. Nothing was done; trying again later is right.
    #[error("the store has too much to do")]
    Busy,
    /// No room on the disk. Nothing was done; reading goes on.
    #[error("the disk is full")]
    Full,
    /// The write may or may not have happened. Every write may be repeated, but not on this store: it takes no more.
    #[error("the outcome of the write is unknown")]
    OutcomeUnknown,
    /// The request contradicts what is stored. Nothing was done.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The store cannot be opened: the sentence says why, and the cure.
    #[error("{0}")]
    Refused(String),
    /// Anything else. Nothing was done.
    #[error("the store failed")]
    Internal(#[source] BoxError),
}
