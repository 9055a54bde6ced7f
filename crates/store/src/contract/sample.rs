//! What the cases are made of.

use uuid::Uuid;

use crate::model::{
    ApiToken, BindPhone, LoggedIn, Login, LoginOutcome, MemberId, MemberKey, NewSession, Opening, OpeningId, SessionId,
    Trust, UnixSeconds,
};
use crate::store::Store;

pub(super) const NOW: UnixSeconds = UnixSeconds(1_794_395_200);
/// Earlier than any session ends.
pub(super) const EVER: UnixSeconds = UnixSeconds(0);
pub(super) const DAY: i64 = 86_400;
pub(super) const CAP: u32 = 10;

/// A login of `openid` that opens session `id`, 7 days long and at most 30.
pub(super) fn login(openid: &str, id: i64, now: UnixSeconds) -> Login {
    Login {
        member: MemberKey { appid: "wx0000000000000001".to_owned(), openid: openid.to_owned() },
        new_member_id: member_id(id),
        unionid: None,
        sealed_key: id.to_be_bytes().to_vec(),
        profile: None,
        is_risky: false,
        session: NewSession {
            id: SessionId(id),
            skey_hash: hash(id),
            expires_at: now + 7 * DAY,
            ends_at: now + 30 * DAY,
            user_agent: Some("contract".to_owned()),
        },
        max_sessions: CAP,
        now,
    }
}

pub(super) fn member_id(number: i64) -> MemberId {
    MemberId(Uuid::from_u128(u128::from(number.unsigned_abs())))
}

/// A hash that differs for each number.
pub(super) fn hash(number: i64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    hash
}

/// Records a login that must not be refused.
pub(super) async fn log_in(store: &dyn Store, login: Login) -> LoggedIn {
    match store.record_login(login).await.expect("a login that can be recorded") {
        LoginOutcome::Session(logged_in) => logged_in,
        LoginOutcome::Blocked => panic!("a member whom nobody blocked is blocked"),
    }
}

/// Reserves a try that must be granted.
pub(super) async fn begin(store: &dyn Store, subject: i64, now: UnixSeconds) -> OpeningId {
    match store.begin_opening(hash(subject), now).await.expect("a try that can be reserved") {
        Opening::Granted(id) => id,
        Opening::Spent { .. } => panic!("the budget is spent too early"),
    }
}

/// Number `number` for a member, proved by `proof`.
pub(super) fn phone(member: MemberId, number: i64, proof: i64, trust: Trust, now: UnixSeconds) -> BindPhone {
    BindPhone {
        member,
        session: SessionId(1),
        digest: hash(proof),
        sealed_answer: format!("answer {proof}").into_bytes(),
        phone_sealed: format!("number {number} by {proof}").into_bytes(),
        phone_index: hash(number),
        trust,
        may_replace: true,
        opening: None,
        usable_until: now + 360,
        now,
    }
}

pub(super) fn api_token(number: i64) -> ApiToken {
    ApiToken {
        id: member_id(number).0,
        name: format!("token {number}"),
        hash: hash(number),
        scopes: vec!["introspect".to_owned(), "members:read".to_owned()],
        created_at: NOW - number,
        expires_at: (number % 2 == 0).then_some(NOW + DAY),
    }
}
