use tempfile::TempDir;
use wxgate_store::{LoginOutcome, Opening, SessionId, Status, Store};

use crate::{log_in, login, open, stranger};

#[tokio::test]
async fn a_blocked_member_is_told_so_and_nothing_is_written() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = log_in(&store, login("o1", 1)).await.member;
    stranger(&dir).execute("UPDATE members SET status = 'blocked'", []).unwrap();
    let before = store.export(member.id, [9; 32], member.created_at).await.unwrap();
    let mut again = login("o1", 2);
    again.unionid = Some("u1".to_owned());
    assert!(matches!(store.record_login(again).await.unwrap(), LoginOutcome::Blocked));
    assert_eq!(store.export(member.id, [9; 32], member.created_at).await.unwrap(), before);
    let session = store.session(SessionId(1)).await.unwrap().unwrap();
    assert_eq!(session.member.status, Status::Blocked, "the caller sees it at the next request");
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_reopening() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = log_in(&store, login("o1", 1)).await.member;
    assert!(store.end_session(member.id, SessionId(1), member.created_at).await.unwrap());
    log_in(&store, login("o1", 2)).await;
    for _ in 0..5 {
        let opening = store.begin_opening([7; 32], member.created_at).await.unwrap();
        let Opening::Granted(id) = opening else { panic!("{opening:?}") };
        store.fail_opening(id, "padding").await.unwrap();
        store.begin_opening([8; 32], member.created_at).await.unwrap();
    }
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.member(member.id).await.unwrap().as_ref(), Some(&member));
    assert!(store.session(SessionId(1)).await.unwrap().is_none(), "an ended session stays ended");
    assert!(store.session(SessionId(2)).await.unwrap().is_some());
    let opening = store.begin_opening([7; 32], member.created_at).await.unwrap();
    assert!(matches!(opening, Opening::Spent { .. }), "a restart frees no budget");
    let opening = store.begin_opening([8; 32], member.created_at).await.unwrap();
    assert!(matches!(opening, Opening::Granted(_)), "what was under way then is over, and nobody's failure");
}

#[tokio::test]
async fn who_logs_in_again_and_again_leaves_rows_for_the_live_sessions_and_the_usable_keys_alone() {
    for (most, rows) in [(10, 10), (2, 4), (1, 4)] {
        let dir = TempDir::new().unwrap();
        let store = open(dir.path());
        let mut member = None;
        for n in 1..=50 {
            let login = wxgate_store::Login { max_sessions: most, ..login("o1", n) };
            member = Some(log_in(&store, login).await.member);
        }
        let member = member.unwrap();
        let count = "SELECT count(*) FROM sessions";
        assert_eq!(stranger(&dir).query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), rows);
        assert_eq!(store.session_keys(member.id, member.created_at).await.unwrap().len(), 3);
        assert!(store.session(SessionId(50)).await.unwrap().is_some());
        assert!(store.session(SessionId(40)).await.unwrap().is_none());
    }
}
