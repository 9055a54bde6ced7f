//! Logging in.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::future::join_all;
use tokio::task::consume_budget;

use super::sample::{CAP, DAY, NOW, hash, log_in, login, member_id};
use crate::error::Error;
use crate::model::{Login, LoginOutcome, MemberId, Profile, SessionId, Status};
use crate::store::Store;

pub async fn a_first_login_makes_a_member(store: &dyn Store) {
    let mut first = login("o1", 1, NOW);
    first.unionid = Some("u1".to_owned());
    first.profile = Some(Profile { nick_name: Some("小明".to_owned()), gender: Some(1), ..Profile::default() });
    let logged_in = log_in(store, first.clone()).await;
    let member = logged_in.member;
    assert!(logged_in.is_new && logged_in.ended.is_empty());
    assert_eq!((member.id, &member.key, &member.unionid), (member_id(1), &first.member, &first.unionid));
    assert_eq!(Some(&member.profile), first.profile.as_ref());
    assert_eq!((member.status, member.attributes.as_str()), (Status::Active, "{}"));
    assert_eq!([member.created_at, member.last_login_at, member.updated_at], [NOW; 3]);
    assert!(member.phone.is_none() && member.note.is_none());
    assert_eq!(store.member(member.id).await.expect("a read"), Some(member));
}

pub async fn a_known_member_keeps_their_id(store: &dyn Store) {
    let first = log_in(store, login("o1", 1, NOW)).await;
    let second = log_in(store, login("o1", 2, NOW + 1)).await;
    assert!(!second.is_new);
    assert_eq!(second.member, first.member);
    assert!(store.member(member_id(2)).await.expect("a read").is_none());
}

pub async fn one_openid_in_two_programs_is_two_members(store: &dyn Store) {
    let first = log_in(store, login("o1", 1, NOW)).await;
    let mut elsewhere = login("o1", 2, NOW);
    elsewhere.member.appid.push('2');
    let second = log_in(store, elsewhere).await;
    assert!(second.is_new && second.member.id != first.member.id);
}

pub async fn a_unionid_is_taken_once_and_never_replaced(store: &dyn Store) {
    for (id, said, stands) in
        [(1, None, None), (2, Some("u1"), Some("u1")), (3, None, Some("u1")), (4, Some("u2"), Some("u1"))]
    {
        let mut login = login("o1", id, NOW + id);
        login.unionid = said.map(str::to_owned);
        let member = log_in(store, login).await.member;
        assert_eq!(member.unionid.as_deref(), stands);
        assert_eq!(store.member(member.id).await.expect("a read"), Some(member));
    }
}

pub async fn another_unionid_is_said_in_the_audit_once_a_day(store: &dyn Store) {
    let conflicts = async |id| {
        let export = store.export(id, hash(9), NOW).await.expect("a read").expect("a member");
        export.audit.iter().filter(|row| row.action == "unionid.conflict").count()
    };
    let with = |id, unionid: &str, now| Login { unionid: Some(unionid.to_owned()), ..login("o1", id, now) };
    let id = log_in(store, with(1, "u1", NOW)).await.member.id;
    log_in(store, with(2, "u1", NOW + 1)).await;
    log_in(store, login("o1", 3, NOW + 2)).await;
    assert_eq!(conflicts(id).await, 0);
    for (session, at, expected) in [(4, NOW + 3, 1), (5, NOW + 4, 1), (6, NOW + 3 + DAY, 2)] {
        assert_eq!(log_in(store, with(session, "u2", at)).await.member.unionid.as_deref(), Some("u1"));
        assert_eq!(conflicts(id).await, expected);
    }
}

pub async fn a_login_replaces_the_given_profile_fields_only(store: &dyn Store) {
    let named = Profile { nick_name: Some("a".to_owned()), city: Some("b".to_owned()), ..Profile::default() };
    let mut first = login("o1", 1, NOW);
    first.profile = Some(named.clone());
    log_in(store, first).await;
    let mut second = login("o1", 2, NOW + 5);
    second.profile = Some(Profile { nick_name: Some("c".to_owned()), ..Profile::default() });
    let member = log_in(store, second).await.member;
    assert_eq!(member.profile, Profile { nick_name: Some("c".to_owned()), ..named });
    assert_eq!(member.updated_at, NOW + 5);
    assert_eq!(store.member(member.id).await.expect("a read"), Some(member));
}

pub async fn last_login_moves_once_a_day(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    for (id, at, last) in [(2, NOW + (DAY - 1), NOW), (3, NOW + DAY, NOW + DAY), (4, NOW, NOW + DAY)] {
        let member = log_in(store, login("o1", id, at)).await.member;
        assert_eq!(member.last_login_at, last);
        assert_eq!(member.updated_at, NOW, "a login alone changes nothing else");
        assert_eq!(store.member(member.id).await.expect("a read"), Some(member));
    }
}

pub async fn the_oldest_session_yields_above_the_cap(store: &dyn Store) {
    log_in(store, login("other", 100, NOW)).await;
    for id in 1..=i64::from(CAP) {
        assert!(log_in(store, login("o1", id, NOW)).await.ended.is_empty());
    }
    assert_eq!(log_in(store, login("o1", 11, NOW)).await.ended, [SessionId(1)]);
    assert!(store.session(SessionId(1)).await.expect("a read").is_none());
    let mut fewer = login("o1", 12, NOW);
    fewer.max_sessions = 2;
    let mut ended = log_in(store, fewer).await.ended;
    ended.sort_unstable();
    assert_eq!(ended, (2..=10).map(SessionId).collect::<Vec<_>>());
    assert!(store.session(SessionId(100)).await.expect("a read").is_some());
}

pub async fn expired_sessions_take_no_place_under_the_cap(store: &dyn Store) {
    let (mut unused, mut over) = (login("o1", 1, NOW), login("o1", 2, NOW));
    unused.session.expires_at = NOW + 60;
    over.session.ends_at = NOW + 60;
    log_in(store, unused).await;
    log_in(store, over).await;
    for id in 3..=12 {
        assert!(log_in(store, login("o1", id, NOW + 60)).await.ended.is_empty(), "{id}");
    }
}

pub async fn a_login_never_ends_its_own_session(store: &dyn Store) {
    let mut only = login("o1", 5, NOW);
    only.max_sessions = 1;
    log_in(store, only).await;
    // A clock that was set back makes a smaller id.
    let mut smaller = login("o1", 4, NOW);
    smaller.max_sessions = 0;
    assert_eq!(log_in(store, smaller).await.ended, [SessionId(5)]);
    assert!(store.session(SessionId(4)).await.expect("a read").is_some());
}

pub async fn a_repeated_login_changes_nothing(store: &dyn Store) {
    let first = log_in(store, login("o1", 1, NOW)).await;
    let second = log_in(store, login("o1", 1, NOW)).await;
    assert_eq!((second.is_new, &second.member), (false, &first.member));
    assert_eq!(store.sessions(first.member.id, NOW).await.expect("a read").len(), 1);
    assert_eq!(store.session_keys(first.member.id, NOW).await.expect("a read").len(), 1);
}

pub async fn a_session_id_of_another_login_is_a_conflict(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    let mut other_skey = login("o1", 1, NOW);
    other_skey.session.skey_hash = hash(2);
    let mut other_member = login("o2", 1, NOW);
    other_member.new_member_id = member_id(2);
    for clash in [other_skey, other_member] {
        let refused = store.record_login(clash).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    assert!(store.member(member_id(2)).await.expect("a read").is_none(), "nothing of a refused login stays");
    assert_eq!(store.session(SessionId(1)).await.expect("a read").map(|session| session.skey_hash), Some(hash(1)));
}

pub async fn logins_at_once_make_one_member(store: &dyn Store) {
    let logins = (1..=64).map(|id| store.record_login(login("o1", id, NOW)));
    let mut new = 0;
    let mut members = Vec::new();
    for outcome in join_all(logins).await {
        let LoginOutcome::Session(logged_in) = outcome.expect("a login that can be recorded") else {
            panic!("a member whom nobody blocked is blocked")
        };
        new += u32::from(logged_in.is_new);
        members.push(logged_in.member.id);
    }
    members.dedup();
    assert_eq!((new, members.len()), (1, 1), "exactly one login makes the member");
    assert_newest_stay(store, members[0]).await;
}

pub async fn logins_keep_their_order_where_their_task_is_to_give_way(store: &dyn Store) {
    // Without a pause behind it; tokio wakes those it makes wait then last first.
    poll_fn(|cx| {
        for _ in 0..1_000 {
            let _ = pin!(consume_budget()).poll(cx);
        }
        Poll::Ready(())
    })
    .await;
    let outcomes = join_all((1..=64).map(|id| store.record_login(login("o1", id, NOW)))).await;
    let Ok(LoginOutcome::Session(first)) = &outcomes[0] else { panic!("a login that can be recorded") };
    assert_newest_stay(store, first.member.id).await;
}

/// Of 64 logins in order.
async fn assert_newest_stay(store: &dyn Store, member: MemberId) {
    let live = store.sessions(member, NOW).await.expect("a read");
    assert_eq!(live.iter().map(|session| session.id.0).collect::<Vec<_>>(), (55..=64).rev().collect::<Vec<_>>());
}
