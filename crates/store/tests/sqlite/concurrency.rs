use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;
use wxgate_store::{
    ApiToken, By, DeliveryFilter, EventType, EventTypes, Identified, LoginOutcome, Management, Outbox, Profile,
    SessionId, SqliteStore, Store, Webhook,
};

use crate::{NOW, log_in, login, open, skey_hash};

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

#[tokio::test]
async fn what_a_command_changes_is_what_the_server_says_of_it() {
    let dir = TempDir::new().unwrap();
    let server = open(dir.path());
    let (kept, gone) = (log_in(&server, login("o1", 1)).await.member, log_in(&server, login("o2", 2)).await.member);
    let command = SqliteStore::open_shared(dir.path()).unwrap();
    assert!(command.end_session(kept.id, SessionId(1), NOW).await.unwrap());
    log_in(&command, login("o1", 3)).await;
    let named = Profile { nick_name: Some("n".to_owned()), ..Profile::default() };
    command.change_profile(kept.id, named, NOW).await.unwrap();
    command.erase_member(gone.id, [9; 32], By::COMMAND, NOW).await.unwrap().unwrap();
    assert_eq!(server.sessions(kept.id, NOW).await.unwrap().len(), 1);
    assert!(matches!(server.identify(SessionId(1), &skey_hash(1), NOW), Identified::Absent));
    assert!(matches!(server.identify(SessionId(2), &skey_hash(2), NOW), Identified::Absent));
    assert!(
        matches!(server.identify(SessionId(3), &skey_hash(3), NOW), Identified::Known(found) if found.nick_name.as_deref() == Some("n"))
    );
}

#[tokio::test]
async fn what_a_command_ends_has_ended_for_the_server_when_the_command_is_answered() {
    let dir = TempDir::new().unwrap();
    let server = open(dir.path());
    let member = log_in(&server, login("o1", 1)).await.member;
    let command = SqliteStore::open_shared(dir.path()).unwrap();
    assert!(command.end_session(member.id, SessionId(1), NOW).await.unwrap());
    assert!(matches!(server.identify(SessionId(1), &skey_hash(1), NOW), Identified::Absent));
}

#[tokio::test]
async fn a_token_that_a_command_revokes_is_revoked_when_the_command_is_answered() {
    let dir = TempDir::new().unwrap();
    let server = open(dir.path());
    let command = SqliteStore::open_shared(dir.path()).unwrap();
    let token = ApiToken {
        id: Uuid::now_v7(),
        name: "n".to_owned(),
        hash: [1; 32],
        scopes: vec!["introspect".to_owned()],
        created_at: NOW,
        expires_at: None,
    };
    command.create_api_token(token.clone(), By::COMMAND).await.unwrap();
    assert_eq!(server.api_token(token.id).await.unwrap().as_deref(), Some(&token));
    assert!(command.revoke_api_token(token.id, By::COMMAND, NOW).await.unwrap());
    assert_eq!(server.api_token(token.id).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_command_does_is_told_to_webhooks_too() {
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
    let command = SqliteStore::open_shared(dir.path()).unwrap();
    assert!(command.end_session(member.id, SessionId(1), NOW).await.unwrap());
    server.deliveries_changed().await;
    let due = server.due_deliveries(NOW, 9).await.unwrap().deliveries;
    assert_eq!(due.iter().map(|delivery| delivery.kind.as_str()).collect::<Vec<_>>(), ["session.ended"]);
    command.close().await;
    server.close().await;
    let server = open(dir.path());
    log_in(&server, login("o1", 2)).await;
    assert!(server.end_session(member.id, SessionId(2), NOW).await.unwrap());
    let queued = server.deliveries(DeliveryFilter::default(), 9).await.unwrap();
    assert_eq!(queued.len(), 2, "a restart forgets nothing");
}

#[tokio::test]
async fn a_command_waits_for_no_server_where_none_runs() {
    let dir = TempDir::new().unwrap();
    let server = open(dir.path());
    let member = log_in(&server, login("o1", 1)).await.member;
    server.close().await;
    drop(server);
    let command = SqliteStore::open_shared(dir.path()).unwrap();
    assert!(command.end_session(member.id, SessionId(1), NOW).await.unwrap());
    command.close().await;
    let server = open(dir.path());
    assert!(server.session(SessionId(1)).await.unwrap().is_none());
}
