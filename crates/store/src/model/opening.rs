/// One try at opening a payload, reserved in the failure budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningId(pub i64);

/// Whether a payload may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Yes. The try counts until it is released.
    Granted(OpeningId),
    /// No: too many tries failed or are under way.
    Spent {
        /// After so many seconds one more may be made; at least 1.
        retry_after_seconds: i64,
    },
}
