use super::{Member, MemberId, MemberKey, Profile, SessionId, UnixSeconds, debug_only};

/// The session that a login opens.
#[derive(Clone)]
pub struct NewSession {
    /// Chosen by the caller; later ones are greater.
    pub id: SessionId,
    /// SHA-256 of the skey's random half.
    pub skey_hash: [u8; 32],
    /// When it ends if unused.
    pub expires_at: UnixSeconds,
    /// When it ends in any case.
    pub ends_at: UnixSeconds,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

debug_only!(NewSession { id, expires_at, ends_at });

/// A login that WeChat confirmed.
#[derive(Clone)]
pub struct Login {
    /// Who, by WeChat's word.
    pub member: MemberKey,
    /// Their id if they are new; a known member keeps theirs.
    pub new_member_id: MemberId,
    /// By WeChat's word, where it said one.
    pub unionid: Option<String>,
    /// The `session_key` of this login, sealed by the caller.
    pub sealed_key: Vec<u8>,
    /// What the login brought of the profile.
    pub profile: Option<Profile>,
    /// Whether WeChat warned of the person: the audit says so, as `login.risky`.
    pub is_risky: bool,
    /// The session to open.
    pub session: NewSession,
    /// How many live sessions the member may have, this one included (which is kept even if this is 0).
    pub max_sessions: u32,
    /// The instant of the login.
    pub now: UnixSeconds,
}

debug_only!(Login { session });

/// What became of a login.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every login is the large one, and it is moved once")]
pub enum LoginOutcome {
    /// The session is open.
    Session(LoggedIn),
    /// The member is blocked; nothing was written.
    Blocked,
}

/// An opened session's surroundings.
#[derive(Debug)]
pub struct LoggedIn {
    /// The member as they are now.
    pub member: Member,
    /// Whether this login made them.
    pub is_new: bool,
    /// Live sessions of theirs that yielded to this one.
    pub ended: Vec<SessionId>,
}

/// A `session_key` that a login brought.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// As the caller sealed it.
    pub sealed: Vec<u8>,
    /// When the login was.
    pub obtained_at: UnixSeconds,
}

debug_only!(SealedKey { obtained_at });
