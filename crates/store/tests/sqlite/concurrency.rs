use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;
use wxgate_store::{By, DeliveryFilter, EventType, EventTypes, LoginOutcome, Outbox, SessionId, Store, Webhook};

use crate::{NOW, log_in, login, open, stranger};

/// D5: a transaction that began by reading cannot write once another wrote; the store's begin as writers.
#[tokio::test]
async fn busy_snapshot_never() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let (reader, upgrading) = (stranger(&dir), stranger(&dir));
    let read = |connection: &rusqlite::Connection| {
        connection.execute_batch("BEGIN").unwrap();
        connection.query_row("SELECT count(*) FROM members", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(read(&upgrading), 0);
    for id in 1..=50 {
        log_in(&store, login(&format!("o{id}"), id)).await;
        assert_eq!(read(&reader), id, "who reads now sees it, and is in nobody's way");
        let again = log_in(&store, login("o1", 100 + id)).await;
        assert!(store.end_session(again.member.id, SessionId(100 + id), NOW).await.unwrap());
        reader.execute_batch("COMMIT").unwrap();
    }
    let refused = upgrading.execute("DELETE FROM members", []).unwrap_err();
    let rusqlite::Error::SqliteFailure(error, _) = refused else { panic!("{refused:?}") };
    assert_eq!(
        error.extended_code,
        rusqlite::ffi::SQLITE_BUSY_SNAPSHOT,
        "what would become of one that began by reading"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_logins_of_a_new_openid_make_one_member_with_ten_sessions() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(open(dir.path()));
    let mut logins = JoinSet::new();
    for id in 1..=64 {
        let store = Arc::clone(&store);
        logins.spawn(async move { store.record_login(login("o1", id)).await.unwrap() });
    }
    let (mut new, mut members) = (0, Vec::new());
    for outcome in logins.join_all().await {
        let LoginOutcome::Session(logged_in) = outcome else { panic!("blocked") };
        new += usize::from(logged_in.is_new);
        members.push(logged_in.member.id);
    }
    members.dedup();
    assert_eq!((new, members.len()), (1, 1));
    assert_eq!(store.sessions(members[0], NOW).await.unwrap().len(), 10);
}

#[tokio::test]
async fn what_webhooks_want_outlives_a_restart() {
    let dir = TempDir::new().unwrap();
    let server = open(dir.path());
    let member = log_in(&server, login("o1", 1)).await.member;
    let kinds = EventTypes::from_iter([EventType::SessionEnded]);
    let webhook = Webhook {
        id: Uuid::now_v7(),
        url: "https://example.com/".to_owned(),
        types: Some(kinds),
        description: None,
        sealed_secret: vec![1],
        previous: None,
        created_at: NOW,
        disabled: None,
    };
    assert!(server.create_webhook(webhook, By::COMMAND).await.unwrap());
    assert!(server.end_session(member.id, SessionId(1), NOW).await.unwrap());
    let due = server.due_deliveries(NOW, 9).await.unwrap().deliveries;
    assert_eq!(due.iter().map(|delivery| delivery.kind.as_str()).collect::<Vec<_>>(), ["session.ended"]);
    server.close().await;
    let server = open(dir.path());
    log_in(&server, login("o1", 2)).await;
    assert!(server.end_session(member.id, SessionId(2), NOW).await.unwrap());
    let queued = server.deliveries(DeliveryFilter::default(), 9).await.unwrap();
    assert_eq!(queued.len(), 2, "a restart forgets nothing");
}
