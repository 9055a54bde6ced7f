use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::JoinSet;
use wxgate_store::{LoginOutcome, SqliteStore, Store};

use crate::{NOW, log_in, login, open};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_writes_beside_the_server() {
    let dir = TempDir::new().unwrap();
    let server = Arc::new(open(dir.path()));
    let command = Arc::new(SqliteStore::open_shared(dir.path()).unwrap());
    let mut logins = JoinSet::new();
    for id in 1..=40 {
        let store = Arc::clone(if id % 2 == 0 { &server } else { &command });
        logins.spawn(async move { store.record_login(login(&format!("o{id}"), id)).await.unwrap() });
    }
    assert_eq!(logins.join_all().await.len(), 40);
    let member = log_in(&command, login("o1", 100)).await;
    assert!(!member.is_new, "both see one database");
    assert_eq!(server.sessions(member.member.id, NOW).await.unwrap().len(), 2);
    command.close().await;
    log_in(&server, login("o1", 101)).await;
}
