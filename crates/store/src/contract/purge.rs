//! Deleting what is over, and readiness.

use super::sample::{DAY, NOW, begin, hash, log_in, login, phone};
use crate::model::{Purged, SessionId, Trust};
use crate::store::Store;

pub async fn expired_sessions_go(store: &dyn Store) {
    let (mut unused, mut over) = (login("o1", 1, NOW), login("o1", 2, NOW));
    unused.session.expires_at = NOW + 60;
    over.session.ends_at = NOW + 60;
    log_in(store, unused).await;
    log_in(store, over).await;
    log_in(store, login("o1", 3, NOW)).await;
    assert_eq!(store.purge(NOW + 59, 100).await.expect("a write"), Purged::default());
    let purged = store.purge(NOW + 60, 100).await.expect("a write");
    assert_eq!(purged, Purged { sessions: 2, ..Purged::default() });
    for (id, stays) in [(1, false), (2, false), (3, true)] {
        assert_eq!(store.session(SessionId(id)).await.expect("a read").is_some(), stays, "{id}");
    }
}

pub async fn a_live_session_between_expired_ones_stays(store: &dyn Store) {
    for id in 1..=9 {
        let mut login = login(&format!("o{id}"), id, NOW);
        if id % 3 != 0 {
            login.session.expires_at = NOW + 60;
        }
        log_in(store, login).await;
    }
    assert_eq!(store.purge(NOW + 700, 100).await.expect("a write").sessions, 6);
    for id in 1..=9 {
        assert_eq!(store.session(SessionId(id)).await.expect("a read").is_some(), id % 3 == 0, "{id}");
    }
}

pub async fn old_failures_and_proofs_go(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    begin(store, 1, NOW).await;
    let failed = begin(store, 1, NOW).await;
    store.fail_opening(failed, "padding").await.expect("a write");
    begin(store, 1, NOW + DAY - 1).await;
    store.bind_phone(phone(id, 138, 1, Trust::Code, NOW)).await.expect("a write");
    assert_eq!(
        store.purge(NOW + 360, 100).await.expect("a write"),
        Purged::default(),
        "the proof can still be replayed"
    );
    assert_eq!(store.purge(NOW + 361, 100).await.expect("a write").proofs, 1);
    assert_eq!(store.used_proof(hash(1)).await.expect("a read"), None);
    let purged = store.purge(NOW + DAY, 100).await.expect("a write");
    assert_eq!(purged, Purged { failures: 2, ..Purged::default() });
}

pub async fn a_slice_is_no_larger_than_asked(store: &dyn Store) {
    for id in 1..=5 {
        log_in(store, login("o1", id, NOW)).await;
    }
    for (sessions, more) in [(2, true), (2, true), (1, false), (0, false)] {
        let purged = store.purge(NOW + 30 * DAY, 2).await.expect("a write");
        assert_eq!(purged, Purged { sessions, more, ..Purged::default() });
    }
}

pub async fn a_store_is_ready(store: &dyn Store) {
    let first = store.ready().await.expect("a store that can be written");
    assert!(first.schema_version > 0);
    assert_eq!(store.ready().await.expect("a store that can be written"), first);
}
