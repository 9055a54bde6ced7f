use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::{MemberId, Session, SessionId, Status, UnixSeconds, debug_only};

/// Bytes of the skey's hash that an index in memory keeps: 128 bits of the hash of 256 random ones cannot be met by trying.
pub(crate) const HASH_BYTES: usize = 16;

/// What a store says at once about who a session is of.
#[derive(Debug)]
pub enum Identified {
    /// The session as it stands, whether it expired or its member is blocked: the caller judges.
    Known(Identity),
    /// There is no such session.
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
    pub(crate) hash: [u8; HASH_BYTES],
}

debug_only!(Identity { session, member, status, expires_at, ends_at });

impl Identity {
    /// Whether the session's skey has this hash, as far as it is kept: its first 128 bits at least. In constant time.
    pub fn has_hash(&self, skey_hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(&shortened(skey_hash)).into()
    }
}

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
            hash: shortened(&session.skey_hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_hash_is_another_skey() {
        let mut hash = [7; 32];
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
            hash: shortened(&hash),
        };
        assert!(identity.has_hash(&hash));
        for byte in 0..HASH_BYTES {
            hash[byte] ^= 1;
            assert!(!identity.has_hash(&hash), "byte {byte}");
            hash[byte] ^= 1;
        }
        assert!(!format!("{identity:?}").contains("canary"));
    }
}
