//! What a store says of a session at once.

use super::sample::{CAP, DAY, EVER, NOW, hash, log_in, login, member_id, phone};
use crate::model::{By, Identified, Identity, Profile, Refresh, SessionId, Trust, UnixSeconds};
use crate::store::Store;

/// A store may always ask to be asked; but it contradicts neither itself nor what is stored.
async fn agree(store: &dyn Store, ids: impl IntoIterator<Item = i64>) {
    for id in ids.into_iter().map(SessionId) {
        let stored = store.session(id).await.expect("a read");
        let hash = stored.as_ref().map_or([0; 32], |session| session.skey_hash);
        match (store.identify(id, &hash, EVER), stored.map(Identity::from)) {
            (Identified::Ask, _) | (Identified::Absent, None) => {}
            (Identified::Known(said), Some(stored)) => {
                assert!(said == stored, "{id}: {said:?} is said, {stored:?} is stored");
            }
            (said, stored) => panic!("{id}: {said:?} is said, {stored:?} is stored"),
        }
    }
}

pub async fn what_is_identified_is_what_is_stored(store: &dyn Store) {
    let mut first = login("o1", 1, NOW);
    first.unionid = Some("u1".to_owned());
    let member = log_in(store, first).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    agree(store, 0..4).await;
    let named = Profile { nick_name: Some("小明".to_owned()), ..Profile::default() };
    store.change_profile(member, named, NOW + 1).await.expect("a write");
    agree(store, 0..4).await;
    store.bind_phone(phone(member, 138, 1, Trust::Code, NOW + 2)).await.expect("a write");
    agree(store, 0..4).await;
    let pictured = Profile { avatar_url: Some("https://a/".to_owned()), ..Profile::default() };
    store.change_profile(other, pictured, NOW + 1).await.expect("a write");
    agree(store, 0..4).await;
    store.touch_session(SessionId(1), NOW + DAY, NOW + 8 * DAY).await.expect("a write");
    agree(store, 0..4).await;
    let (old_hash, new_hash) = (hash(1), hash(9));
    let refresh = Refresh { id: SessionId(1), old_hash, new_hash, seen_at: NOW + DAY, expires_at: NOW + 8 * DAY };
    assert!(store.refresh_session(refresh).await.expect("a write"));
    agree(store, 0..4).await;
    for id in 3..=2 + i64::from(CAP) {
        let mut again = login("o1", id, NOW + DAY);
        again.unionid = Some("u2".to_owned());
        again.profile = Some(Profile { nick_name: Some("明".repeat(200)), ..Profile::default() });
        log_in(store, again).await;
        agree(store, 0..20).await;
    }
    assert!(store.end_session(member, SessionId(5), NOW + DAY).await.expect("a write"));
    agree(store, 0..20).await;
    store.end_sessions(member, NOW + DAY).await.expect("a write");
    agree(store, 0..20).await;
    log_in(store, login("o1", 30, NOW + DAY)).await;
    store.erase_member(member, hash(7), By::MEMBER, NOW).await.expect("a write");
    agree(store, 0..40).await;
    while store.purge(NOW + 7 * DAY, 2).await.expect("a write").more {
        agree(store, 0..40).await;
    }
    agree(store, 0..40).await;
    assert!(store.member(other).await.expect("a read").is_some());
}

pub async fn sessions_are_identified_whatever_the_order_of_their_ids(store: &dyn Store) {
    for id in [500, 7, 900, 1, 499, 501] {
        log_in(store, login(&format!("o{}", id % 4), id, NOW)).await;
    }
    agree(store, [1, 2, 7, 8, 499, 500, 501, 502, 900, 901]).await;
}

pub async fn another_skey_or_a_session_past_its_end_identifies_nobody(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    let is_known = |skey_hash: &[u8; 32], now: UnixSeconds| match store.identify(SessionId(1), skey_hash, now) {
        Identified::Known(_) => true,
        Identified::Absent => false,
        Identified::Ask => *skey_hash == hash(1) && now < NOW + 7 * DAY,
    };
    assert!(is_known(&hash(1), NOW + 7 * DAY - 1));
    assert!(!is_known(&hash(1), NOW + 7 * DAY), "unused for seven days");
    for byte in 0..16 {
        let mut other = hash(1);
        other[byte] ^= 1;
        assert!(!is_known(&other, NOW), "byte {byte}");
    }
    assert!(store.end_session(member_id(1), SessionId(1), NOW).await.expect("a write"));
    for now in [EVER, NOW] {
        for skey_hash in [[0; 32], hash(1)] {
            assert!(!matches!(store.identify(SessionId(1), &skey_hash, now), Identified::Known(_)), "ended");
        }
    }
}
