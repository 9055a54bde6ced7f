use super::{Member, SessionId, UnixSeconds, debug_only};

/// A session and whose it is, as stored: it may have expired.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub member: Member,
    /// SHA-256 of the skey's random half.
    pub skey_hash: [u8; 32],
    /// The login.
    pub created_at: UnixSeconds,
    /// The last use that was recorded.
    pub last_seen_at: UnixSeconds,
    /// When it ends if unused.
    pub expires_at: UnixSeconds,
    /// When it ends in any case.
    pub ends_at: UnixSeconds,
    /// The client's `User-Agent` at the login.
    pub user_agent: Option<String>,
}

debug_only!(Session { id, member, expires_at, ends_at });

/// A session as its owner sees it in a list. Fields as in [`Session`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Session")]
pub struct SessionRow {
    pub id: SessionId,
    pub created_at: UnixSeconds,
    pub last_seen_at: UnixSeconds,
    pub expires_at: UnixSeconds,
    pub ends_at: UnixSeconds,
    pub user_agent: Option<String>,
}

/// A new skey for a session that goes on.
#[derive(Clone)]
pub struct Refresh {
    /// Which session.
    pub id: SessionId,
    /// The hash that must stand there.
    pub old_hash: [u8; 32],
    /// The hash that shall.
    pub new_hash: [u8; 32],
    /// The instant of the refresh.
    pub seen_at: UnixSeconds,
    /// When the session ends if unused, from now on.
    pub expires_at: UnixSeconds,
}

debug_only!(Refresh { id, seen_at, expires_at });
