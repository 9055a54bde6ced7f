use super::{By, MemberId, MemberKey, Profile, Status, Trust, UnixSeconds, debug_only};

/// One member of many that come from elsewhere. What is not given is `None`.
#[derive(Clone, PartialEq, Eq)]
pub struct Imported {
    /// WeChat's names for them.
    pub key: MemberKey,
    /// For a new member.
    pub id: MemberId,
    /// As WeChat gave it elsewhere.
    pub unionid: Option<String>,
    /// What they show.
    pub profile: Profile,
    /// Their number.
    pub phone: Option<ImportedPhone>,
    /// For a new member.
    pub status: Status,
    /// The operator's words.
    pub note: Option<String>,
    /// The team's own data: the text of a JSON object.
    pub attributes: Option<String>,
    /// The first login.
    pub created_at: Option<UnixSeconds>,
    /// The last login.
    pub last_login_at: Option<UnixSeconds>,
    /// The last change, for a new member.
    pub updated_at: Option<UnixSeconds>,
    /// For a new member.
    pub revision: i64,
    /// Their name where no personal data may stand.
    pub pseudonym: [u8; 32],
}

debug_only!(Imported { id });

/// A number that comes from elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedPhone {
    /// The number, sealed by the caller.
    pub sealed: Vec<u8>,
    /// Its entry for exact search.
    pub index: [u8; 32],
    /// How it was proved.
    pub trust: Trust,
    /// When it was bound.
    pub bound_at: UnixSeconds,
}

debug_only!(ImportedPhone { trust, bound_at });

/// Members that come from elsewhere together.
#[derive(Clone, Debug)]
pub struct Import {
    /// Who they are.
    pub members: Vec<Imported>,
    /// Whether others are told of it by events.
    pub is_told: bool,
    /// Who says so.
    pub by: By,
    /// The instant of the import.
    pub now: UnixSeconds,
}

/// What became of an [`Imported`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// They are new here.
    Added(MemberId),
    /// They were here, and something that they lacked was filled in.
    Filled(MemberId),
    /// They were here and lacked nothing.
    Same(MemberId),
    /// They were erased here, and what is said of them is not known to be of a later time.
    Erased,
    /// Their id is another member's.
    IdTaken,
}
