use std::sync::Arc;

use super::{MemberId, Session, SessionId, Status, UnixSeconds, debug_only};

/// Bytes of the skey's hash that an index in memory keeps: 128 bits of the hash of 256 random ones cannot be met by trying.
pub(crate) const HASH_BYTES: usize = 16;

/// What a store says at once about who a session is of.
#[derive(Debug)]
pub enum Identified {
    /// The live session, whether its member is blocked or not: the caller judges.
    Known(Identity),
    /// There is no such session, it is not live, or its skey is another one: never told apart, by time neither.
    Absent,
    /// Not at hand: [`session`](crate::Store::session) knows.
    Ask,
}

/// A session and whose it is, as far as a check needs it. Fields as in [`Session`] and its member; `member_since` is when
/// the member was made.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Session and Member")]
pub struct Identity {
    pub session: SessionId,
    pub member: MemberId,
    pub appid: Arc<str>,
    pub openid: Box<str>,
    pub unionid: Option<Box<str>>,
    pub nick_name: Option<Box<str>>,
    pub status: Status,
    pub member_since: UnixSeconds,
    /// As of the [`Member`](super::Member).
    pub shows_more: bool,
    pub created_at: UnixSeconds,
    pub last_seen_at: UnixSeconds,
    pub expires_at: UnixSeconds,
    pub ends_at: UnixSeconds,
}

debug_only!(Identity { session, member, status, expires_at, ends_at });

/// What an index keeps of a hash.
pub(crate) fn shortened(skey_hash: &[u8; 32]) -> [u8; HASH_BYTES] {
    let mut kept = [0; HASH_BYTES];
    kept.copy_from_slice(&skey_hash[..HASH_BYTES]);
    kept
}

impl From<Session> for Identity {
    fn from(session: Session) -> Self {
        let member = session.member;
        Self {
            member_since: member.created_at,
            shows_more: member.shows_more(),
            session: session.id,
            member: member.id,
            appid: member.key.appid.into(),
            openid: member.key.openid.into(),
            unionid: member.unionid.map(String::into),
            nick_name: member.profile.nick_name.map(String::into),
            status: member.status,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_it_is_is_not_printed() {
        let identity = Identity {
            session: SessionId(1),
            member: MemberId(uuid::Uuid::nil()),
            appid: "canary".into(),
            openid: "canary".into(),
            unionid: None,
            nick_name: Some("canary".into()),
            status: Status::Active,
            member_since: UnixSeconds(0),
            shows_more: false,
            created_at: UnixSeconds(0),
            last_seen_at: UnixSeconds(0),
            expires_at: UnixSeconds(0),
            ends_at: UnixSeconds(0),
        };
        assert!(!format!("{identity:?}").contains("canary"));
    }
}
