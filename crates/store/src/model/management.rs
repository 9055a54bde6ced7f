use super::{By, Member, MemberId, Status, UnixSeconds, debug_only};

/// A part of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for. They may be fewer, or none, though more follow: no page looks at too much.
    pub rows: Vec<T>,
    /// What the next page is asked for with; `None` at the end.
    pub next: Option<i64>,
}

/// Which members are listed: those for whom all holds that is given.
#[derive(Clone)]
pub struct MemberQuery {
    /// Members of these apps.
    pub appids: Vec<String>,
    /// With a number that has this keyed hash.
    pub phone_index: Option<[u8; 32]>,
    /// With this openid.
    pub openid: Option<String>,
    /// Whose nickname begins so; `A` to `Z` are as good as `a` to `z`.
    pub nick_name: Option<String>,
    /// Who are so.
    pub status: Option<Status>,
    /// `next` of the page before; `None` for the first one.
    pub after: Option<i64>,
    /// How many; at least 1.
    pub limit: u32,
}

debug_only!(MemberQuery { appids, status, after, limit });

/// What an operator changes of a member. `None` leaves as it is.
#[derive(Clone)]
pub struct ChangeMember {
    /// Whom.
    pub member: MemberId,
    /// May they?
    pub status: Option<Status>,
    /// The operator's words; an empty text takes them away.
    pub note: Option<String>,
    /// The team's own data in place of all there was: the text of a JSON object.
    pub attributes: Option<String>,
    /// The revision that is changed; another one is left alone.
    pub revision: Option<i64>,
    /// Who says so.
    pub by: By,
    /// The instant of the change.
    pub now: UnixSeconds,
}

debug_only!(ChangeMember { member, status, revision, by });

/// What became of a [`ChangeMember`].
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is the large one, and it is moved once")]
pub enum Changed {
    /// So they are now.
    Done(Member),
    /// Somebody changed them meanwhile. Nothing was written.
    Stale,
    /// There is no such member.
    Gone,
}

/// Which lines of the audit are listed: those for which all holds that is given.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    /// About this member.
    pub member: Option<MemberId>,
    /// By this actor, as [`Actor`](super::Actor) writes it.
    pub actor: Option<String>,
    /// That say this.
    pub action: Option<String>,
    /// `next` of the page before; `None` for the first one.
    pub after: Option<i64>,
    /// How many; at least 1.
    pub limit: u32,
}

/// That somebody was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// A keyed hash of app and person.
    pub pseudonym: [u8; 32],
    /// When.
    pub erased_at: UnixSeconds,
}
