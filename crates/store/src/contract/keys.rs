//! The session keys of a member.

use super::sample::{NOW, hash, log_in, login};
use crate::model::{MemberId, SessionId, UnixSeconds};
use crate::store::Store;

/// Which logins' keys are usable, newest first.
async fn usable(store: &dyn Store, member: MemberId, now: UnixSeconds) -> Vec<i64> {
    let keys = store.session_keys(member, now).await.expect("a read");
    keys.iter().map(|key| i64::from_be_bytes(key.sealed.as_slice().try_into().expect("8 bytes"))).collect()
}

pub async fn at_most_three_keys_are_kept(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    log_in(store, login("o2", 9, NOW)).await;
    assert_eq!(usable(store, member, NOW).await, [1]);
    for (id, kept) in [(2, vec![2, 1]), (3, vec![3, 2, 1]), (4, vec![4, 3, 2]), (5, vec![5, 4, 3])] {
        log_in(store, login("o1", id, NOW + id)).await;
        assert_eq!(usable(store, member, NOW + id).await, kept);
    }
    let held = store.export(member, hash(9), NOW).await.expect("a read").expect("a member").session_keys_obtained_at;
    assert_eq!(held, [NOW + 5, NOW + 4, NOW + 3], "no more is held than is usable");
}

pub async fn after_ten_minutes_only_the_newest_key_is_usable(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    log_in(store, login("o1", 2, NOW + 100)).await;
    assert_eq!(usable(store, member, NOW + 599).await, [2, 1]);
    assert_eq!(usable(store, member, NOW + 600).await, [2]);
    assert_eq!(usable(store, member, NOW + 100_000).await, [2]);
}

pub async fn a_login_after_ten_minutes_leaves_one_key(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    log_in(store, login("o1", 2, NOW + 600)).await;
    let held =
        store.export(member, hash(9), NOW + 600).await.expect("a read").expect("a member").session_keys_obtained_at;
    assert_eq!(held, [NOW + 600]);
}

pub async fn a_key_outlives_the_end_of_its_session(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    log_in(store, login("o1", 2, NOW + 10)).await;
    assert!(store.end_session(member, SessionId(1), NOW + 20).await.expect("a write"));
    store.purge(NOW + 30, 100).await.expect("a write");
    assert_eq!(usable(store, member, NOW + 30).await, [2, 1], "what was encrypted before the logout still opens");
    store.end_sessions(member, NOW + 40).await.expect("a write");
    log_in(store, login("o1", 3, NOW + 50)).await;
    assert_eq!(usable(store, member, NOW + 50).await, [3, 2, 1]);
    store.purge(NOW + 700, 100).await.expect("a write");
    assert_eq!(usable(store, member, NOW + 700).await, [3]);
}

pub async fn the_newest_key_stays_while_another_session_lives(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    log_in(store, login("o1", 2, NOW + 10)).await;
    assert!(store.end_session(member, SessionId(2), NOW + 20).await.expect("a write"));
    for at in [NOW + 1000, NOW + 2000] {
        store.purge(at, 100).await.expect("a write");
        assert_eq!(usable(store, member, at).await, [2], "WeChat knows the newest only, whichever device asks");
    }
}
