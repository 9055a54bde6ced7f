//! Sessions after the login.

use super::sample::{DAY, NOW, hash, log_in, login, member_id};
use crate::model::{Refresh, SessionId, SessionRow, UnixSeconds};
use crate::store::Store;

const ID: SessionId = SessionId(1);

fn refresh(old: i64, new: i64, seen_at: UnixSeconds) -> Refresh {
    Refresh { id: ID, old_hash: hash(old), new_hash: hash(new), seen_at, expires_at: seen_at + 7 * DAY }
}

pub async fn a_session_comes_back_as_it_was_opened(store: &dyn Store) {
    let opened = login("o1", 1, NOW);
    let member = log_in(store, opened.clone()).await.member;
    let session = store.session(ID).await.expect("a read").expect("a session");
    assert_eq!((session.id, session.skey_hash, &session.member), (ID, opened.session.skey_hash, &member));
    assert_eq!((session.created_at, session.last_seen_at), (NOW, NOW));
    assert_eq!((session.expires_at, session.ends_at), (opened.session.expires_at, opened.session.ends_at));
    assert_eq!(session.user_agent, opened.session.user_agent);
    assert!(store.session(SessionId(2)).await.expect("a read").is_none());
}

pub async fn an_expired_session_is_given_as_stored(store: &dyn Store) {
    let mut past = login("o1", 1, NOW);
    past.session.expires_at = NOW - 1;
    log_in(store, past).await;
    assert_eq!(store.session(ID).await.expect("a read").map(|session| session.expires_at), Some(NOW - 1));
}

pub async fn a_use_moves_the_expiry(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    store.touch_session(ID, NOW + DAY, NOW + 8 * DAY).await.expect("a write");
    let session = store.session(ID).await.expect("a read").expect("a session");
    assert_eq!((session.last_seen_at, session.expires_at, session.ends_at), (NOW + DAY, NOW + 8 * DAY, NOW + 30 * DAY));
    assert_eq!(session.created_at, NOW);
}

pub async fn a_late_use_changes_nothing(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    store.touch_session(ID, NOW + 700, NOW + 700 + 7 * DAY).await.expect("a write");
    let session = store.session(ID).await.expect("a read");
    store.touch_session(ID, NOW + 600, NOW + 600 + 7 * DAY).await.expect("a write");
    assert_eq!(store.session(ID).await.expect("a read"), session);
}

pub async fn a_use_revives_no_expired_session(store: &dyn Store) {
    let (unused, mut over) = (login("o1", 1, NOW), login("o1", 2, NOW));
    over.session.ends_at = NOW + DAY;
    for login in [unused, over] {
        let (id, session) = (login.session.id, login.session.clone());
        log_in(store, login).await;
        let end = session.expires_at.min(session.ends_at);
        store.touch_session(id, end, end + 7 * DAY).await.expect("a write");
        assert_eq!(store.session(id).await.expect("a read").map(|session| session.last_seen_at), Some(NOW));
    }
}

pub async fn a_refresh_replaces_the_hash_it_knows(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    assert!(!store.refresh_session(refresh(7, 8, NOW + 1)).await.expect("a write"));
    assert!(store.refresh_session(refresh(1, 2, NOW + 1)).await.expect("a write"));
    assert!(store.refresh_session(refresh(1, 2, NOW + 1)).await.expect("a write"), "repeating it is as good");
    assert!(!store.refresh_session(refresh(1, 3, NOW + 1)).await.expect("a write"), "only one refresh wins");
    let session = store.session(ID).await.expect("a read").expect("a session");
    assert_eq!(session.skey_hash, hash(2));
    assert_eq!((session.last_seen_at, session.expires_at), (NOW + 1, NOW + 1 + 7 * DAY));
}

pub async fn a_refresh_revives_no_expired_session(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    assert!(!store.refresh_session(refresh(1, 2, NOW + 7 * DAY)).await.expect("a write"));
    assert_eq!(store.session(ID).await.expect("a read").map(|session| session.skey_hash), Some(hash(1)));
}

pub async fn a_session_ends_for_its_owner_only(store: &dyn Store) {
    let owner = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    assert!(!store.end_session(other, ID, NOW).await.expect("a write"));
    assert!(store.session(ID).await.expect("a read").is_some());
    assert!(store.end_session(owner, ID, NOW).await.expect("a write"));
    assert!(store.session(ID).await.expect("a read").is_none());
    assert!(!store.end_session(owner, ID, NOW).await.expect("a write"), "it has ended already");
}

pub async fn ending_an_expired_session_ends_nothing(store: &dyn Store) {
    let owner = log_in(store, login("o1", 1, NOW)).await.member.id;
    assert!(!store.end_session(owner, ID, NOW + 7 * DAY).await.expect("a write"));
}

pub async fn all_sessions_of_one_member_end(store: &dyn Store) {
    let mut expired = login("o1", 1, NOW);
    expired.session.expires_at = NOW;
    let owner = log_in(store, expired).await.member.id;
    log_in(store, login("o1", 2, NOW)).await;
    log_in(store, login("o1", 3, NOW)).await;
    log_in(store, login("o2", 4, NOW)).await;
    assert_eq!(store.end_sessions(owner, NOW).await.expect("a write"), 2);
    assert_eq!(store.end_sessions(owner, NOW).await.expect("a write"), 0);
    for (id, stays) in [(1, false), (2, false), (3, false), (4, true)] {
        assert_eq!(store.session(SessionId(id)).await.expect("a read").is_some(), stays, "{id}");
    }
    assert!(store.member(owner).await.expect("a read").is_some());
}

pub async fn the_list_holds_live_sessions_newest_first(store: &dyn Store) {
    let owner = log_in(store, login("o1", 1, NOW)).await.member.id;
    let (mut unused, mut over) = (login("o1", 2, NOW), login("o1", 3, NOW));
    unused.session.expires_at = NOW + 60;
    over.session.ends_at = NOW + 60;
    log_in(store, unused).await;
    log_in(store, over).await;
    log_in(store, login("o1", 4, NOW)).await;
    log_in(store, login("o2", 5, NOW)).await;
    let row = |id| SessionRow {
        id: SessionId(id),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + 7 * DAY,
        ends_at: NOW + 30 * DAY,
        user_agent: Some("contract".to_owned()),
    };
    assert_eq!(store.sessions(owner, NOW + 60).await.expect("a read"), [row(4), row(1)]);
    assert_eq!(store.sessions(owner, NOW).await.expect("a read").len(), 4);
    assert!(store.sessions(member_id(99), NOW).await.expect("a read").is_empty());
}
