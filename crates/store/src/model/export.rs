use super::{
    AuditRow, Avatar, EventRow, ExportedEntry, FailedRow, Member, SessionId, SessionRow, UnixSeconds, debug_only,
};

/// Everything that is held about a member. What is sealed stays so.
#[derive(Debug, PartialEq, Eq)]
pub struct Export {
    /// The instant of which this is true.
    pub exported_at: UnixSeconds,
    /// The member.
    pub member: Member,
    /// Every session there is a row of, expired ones too, newest first.
    pub sessions: Vec<SessionRow>,
    /// When each `session_key` that is still held was obtained, newest first.
    pub session_keys_obtained_at: Vec<UnixSeconds>,
    /// What was done about the member, newest first.
    pub audit: Vec<AuditRow>,
    /// The tries at opening a payload that count, newest first.
    pub failures: Vec<FailureRow>,
    /// Requests of theirs that failed, newest first.
    pub failed_requests: Vec<FailedRow>,
    /// The proofs of phone numbers that are remembered.
    pub proofs: Vec<ExportedProof>,
    /// What WeChat's message push said about the member, newest first.
    pub events: Vec<EventRow>,
    /// The picture they uploaded, if their profile shows it.
    pub avatar: Option<Avatar>,
    /// What plugins keep about the member, by plugin and key, expired or not.
    pub plugin_entries: Vec<ExportedEntry>,
}

/// A try at opening a payload that failed or is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRow {
    /// When it began.
    pub began_at: UnixSeconds,
    /// Why it failed; `None` while it is under way.
    pub cause: Option<String>,
}

/// A proof that was accepted, as far as it says something of the member.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportedProof {
    /// Which session brought it.
    pub session: SessionId,
    /// What that session was answered, as the caller sealed it; empty when the number was withdrawn since.
    pub sealed_answer: Vec<u8>,
    /// Until when it is remembered.
    pub usable_until: UnixSeconds,
}

debug_only!(ExportedProof { session, usable_until });

/// How much one slice of the purge deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Sessions that had expired or ended.
    pub sessions: u64,
    /// Failures that no budget counts any more.
    pub failures: u64,
    /// Proofs that are too old to be replayed.
    pub proofs: u64,
    /// Events that are too old to be kept.
    pub events: u64,
    /// Pushes that would be too old if they came again.
    pub pushes: u64,
    /// Lines of the audit that were kept for their time.
    pub audit: u64,
    /// What plugins kept for a time that is over.
    pub plugin_entries: u64,
    /// Hours of counts, and failed requests, that are too old to be kept.
    pub statistics: u64,
    /// Whether another slice is due.
    pub more: bool,
}

/// That a store can be written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The number of the last migration.
    pub schema_version: u32,
}
