use std::sync::Arc;

use futures_util::FutureExt;
use tempfile::TempDir;

use super::*;
use crate::model::{Login, MemberId, MemberKey, NewSession, Status};
use crate::settings::Settings;
use crate::sqlite::SqliteStore;
use crate::store::Store;

const AT: u32 = 1_794_395_200;
/// Of everybody's skey.
const HASH: [u8; 32] = [7; 32];

fn opened(id: i64, owner: u32) -> Change {
    let hash = shortened(&HASH);
    let row = Row { hash, owner, created_at: AT, last_seen_at: AT, expires_at: AT + 60, ends_at: AT + 600 };
    let person = Person {
        id: MemberId(Uuid::from_u128(owner.into())),
        appid: "wx1".into(),
        openid: format!("o{owner}").into(),
        unionid: None,
        nick_name: None,
        status: Status::Active,
        since: AT,
        shows_more: false,
    };
    Change::Opened { id: SessionId(id), row, person }
}

fn word(index: &Index, id: i64) -> &'static str {
    match index.identify(SessionId(id), &HASH, UnixSeconds(AT.into())) {
        Identified::Known(_) => "known",
        Identified::Absent => "absent",
        Identified::Ask => "ask",
    }
}

fn complete() -> State {
    State::new(Phase::Complete)
}

#[test]
fn what_is_committed_while_it_loads_is_done_on_what_was_loaded() {
    let index = Index::loading(1 << 20);
    index.apply(vec![Change::Gone { id: SessionId(1) }, opened(3, 2), Change::Ended { id: SessionId(2) }]);
    assert_eq!([1, 2, 3].map(|id| word(&index, id)), ["ask"; 3]);
    assert!(index.of_member(1).is_none() && index.expired(UnixSeconds(i64::MAX), 9).is_none());
    let mut loaded = complete();
    for change in [opened(1, 1), opened(2, 1), opened(3, 2)] {
        loaded.apply(change);
    }
    index.publish(loaded);
    assert_eq!([1, 2, 3, 4].map(|id| word(&index, id)), ["absent", "absent", "known", "absent"]);
    assert_eq!(index.of_member(2).map(|rows| rows.len()), Some(1));
}

#[test]
fn above_its_limit_it_forgets_the_oldest_and_says_so() {
    let index = Index::loading(100_000);
    index.publish(complete());
    for id in 1..=5000 {
        index.apply(vec![opened(id, u32::try_from(id).unwrap())]);
        index.shrink();
    }
    assert!(!index.is_full() && !index.is_complete());
    assert_eq!([1, 5000, 5001].map(|id| word(&index, id)), ["ask", "known", "absent"]);
    index.apply(vec![Change::Gone { id: SessionId(5000) }, Change::Gone { id: SessionId(1) }, opened(2, 2)]);
    assert_eq!([1, 2, 5000].map(|id| word(&index, id)), ["ask", "ask", "absent"]);
    assert!(index.of_member(5000).is_none(), "the file may know more");
}

#[test]
fn expired_sessions_are_found() {
    let index = Index::loading(1 << 30);
    index.publish(complete());
    for id in 1..=2000 {
        index.apply(vec![opened(id, 1)]);
    }
    let used = |id, expires_at| Change::Used { id: SessionId(id), seen_at: AT, expires_at, hash: None };
    index.apply(vec![used(1000, AT + 700), used(1001, AT + 100), Change::Ended { id: SessionId(3) }]);
    let expired = |seconds: u32, limit| index.expired(UnixSeconds((AT + seconds).into()), limit).unwrap();
    assert_eq!(expired(59, 10), []);
    assert_eq!(expired(60, 3), [1, 2, 4].map(SessionId));
    assert_eq!(expired(60, 9999).len(), 1997);
    assert_eq!(expired(100, 9999).len(), 1998);
    assert_eq!(expired(600, 9999).len(), 1999);
}

#[test]
fn a_look_for_expired_sessions_goes_on_where_the_last_one_ended() {
    let index = Index::loading(1 << 30);
    index.publish(complete());
    let used = |id, expires_at| Change::Used { id: SessionId(id), seen_at: AT, expires_at, hash: None };
    for id in 1..=2000 {
        index.apply(vec![opened(id, 1), used(id, if id % 500 == 0 { AT + 10 } else { AT + 500 })]);
    }
    let expired = |limit| index.expired(UnixSeconds((AT + 10).into()), limit).unwrap();
    assert_eq!(expired(3), [500, 1000, 1500].map(SessionId));
    index.apply([500, 1000, 1500].map(|id| Change::Gone { id: SessionId(id) }).into());
    index.apply(vec![used(7, AT + 10)]);
    assert_eq!(expired(3), [2000, 7].map(SessionId), "what expired behind it is found as well");
    assert_eq!(expired(1), [SessionId(2000)]);
}

/// A login of member `number`, in that member's only session.
fn login(number: i64) -> Login {
    let at = UnixSeconds(AT.into());
    Login {
        member: MemberKey { appid: "wx1".to_owned(), openid: format!("o{number}") },
        new_member_id: MemberId(Uuid::from_u128(u128::from(number.unsigned_abs()))),
        unionid: None,
        sealed_key: vec![1; 8],
        profile: None,
        is_risky: false,
        session: NewSession {
            id: SessionId(number),
            skey_hash: HASH,
            expires_at: at + 60,
            ends_at: at + 60,
            user_agent: None,
        },
        max_sessions: 2,
        now: at,
    }
}

#[tokio::test]
async fn a_store_knows_its_sessions_again_after_a_reopening() {
    // Less than all, and more than the run that the newest are in: the idle writer lets go of what is above it.
    const ROOM: usize = 40_000;
    let dir = TempDir::new().unwrap();
    let settings = |index_max_bytes| Settings { index_max_bytes, ..Settings::default() };
    let open = |bytes| Arc::new(SqliteStore::open(&settings(bytes), dir.path()).unwrap());
    let store = open(1 << 20);
    for number in 1..=700 {
        store.record_login(login(number)).await.unwrap();
    }
    let gone = store.member(MemberId(Uuid::from_u128(5))).await.unwrap().unwrap();
    store.end_sessions(gone.id, UnixSeconds(AT.into())).await.unwrap();
    drop(store);
    let indexed = "SELECT count(*) FROM sqlite_schema WHERE name = 'sessions_by_member'";
    for (bytes, oldest, has_index) in [(1 << 20, "known", false), (ROOM, "ask", true), (1 << 20, "known", false)] {
        let store = open(bytes);
        store.index.settled().await;
        assert_eq!([1, 700, 701].map(|id| word(&store.index, id)), [oldest, "known", "absent"], "{bytes}");
        assert_ne!(word(&store.index, 5), "known");
        assert!(store.session(SessionId(1)).await.unwrap().is_some());
        let found: bool = store.read(|conn| conn.query_row(indexed, [], |row| row.get(0))).await.unwrap();
        assert_eq!(found, has_index, "the file has an index only while memory does not hold all");
        drop(store);
    }
}

#[tokio::test]
async fn a_check_is_answered_from_the_file_while_the_index_loads() {
    let dir = TempDir::new().unwrap();
    let mut store = SqliteStore::open(&Settings::default(), dir.path()).unwrap();
    store.record_login(login(1)).await.unwrap();
    store.index = Arc::new(Index::loading(1 << 20));
    assert_eq!(word(&store.index, 1), "ask");
    let asked = store.session(SessionId(1)).now_or_never().expect("it waits for nothing");
    assert_eq!(asked.unwrap().map(|session| session.id), Some(SessionId(1)));
    assert!(
        store.sessions(MemberId(Uuid::nil()), UnixSeconds(0)).now_or_never().is_none(),
        "all of a member's must wait"
    );
}
