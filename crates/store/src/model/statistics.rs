use super::{MemberId, UnixSeconds};

/// How often something happened in an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// When the hour began: the caller's business, as long as it is the same one each time.
    pub hour: UnixSeconds,
    /// The mini program; empty when a request named none.
    pub appid: String,
    /// `login`, `member`, `phone`, `opening`.
    pub what: String,
    /// Why it failed; empty when it did not.
    pub cause: String,
    /// At least 1.
    pub count: u64,
}

/// A request that failed, or several that were alike. Without a code, payload or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRequest {
    /// When; of several, the last.
    pub happened_at: UnixSeconds,
    /// `login`, `opening`, `phone`.
    pub kind: String,
    /// The mini program; empty when the request named none.
    pub appid: String,
    /// The stable word.
    pub cause: String,
    /// WeChat's own number.
    pub errcode: Option<i64>,
    /// What the cause's sentence says beside its word, as JSON.
    pub detail: Option<String>,
    /// Whose, if that is known.
    pub member: Option<MemberId>,
    /// The request's id; `None` for several.
    pub rid: Option<String>,
    /// How many it stands for, at least 1.
    pub count: u64,
}

/// A [`FailedRequest`] in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// Grows with each that is added.
    pub id: i64,
    /// What failed.
    pub failed: FailedRequest,
}

/// Which failed requests are asked for.
#[derive(Clone, Debug, Default)]
pub struct FailedQuery {
    /// From where on, and in which direction.
    pub from: FailedFrom,
    /// Of this kind only.
    pub kind: Option<String>,
    /// Of this cause only.
    pub cause: Option<String>,
    /// Of this member only.
    pub member: Option<MemberId>,
    /// Of this request only.
    pub rid: Option<String>,
    /// So many at most.
    pub limit: u32,
}

/// Where a list of failed requests begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailedFrom {
    /// The newest, then older ones.
    #[default]
    Newest,
    /// The one before this id, then older ones.
    Before(i64),
    /// The one after this id, then newer ones.
    After(i64),
}

/// How a store stands, for whoever watches it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Sessions in memory. Those that are over are among them until they are purged.
    pub sessions: u64,
    /// Writes that wait.
    pub waiting: u64,
    /// Writes that may wait.
    pub queue: u64,
    /// Bytes of the write-ahead log.
    pub log_bytes: u64,
    /// Bytes of the database file without its log.
    pub database_bytes: u64,
    /// Bytes that are free where the database is; `None` where that is not known.
    pub free_bytes: Option<u64>,
    /// Writes of each batch that was committed.
    pub batches: Distribution,
    /// Seconds that each of these batches took, the waiting for the disk included.
    pub commits: Distribution,
    /// Batches that were undone, because the disk was full or a write was refused.
    pub rolled_back: u64,
    /// Batches whose outcome is unknown: one at most, since the process ends.
    pub in_doubt: u64,
}

/// How values are spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// The sum of all values.
    pub sum: f64,
    /// How many there are.
    pub count: u64,
    /// By upper bound, how many are no larger than it and larger than the bound before; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
}
