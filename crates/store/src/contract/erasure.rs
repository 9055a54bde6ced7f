//! Erasing a member, and giving out all that is held.

use super::sample::{NOW, begin, hash, log_in, login, phone};
use crate::model::{
    AuditRow, BindPhone, By, Effect, EventRow, Export, ExportedProof, FailureRow, Session, SessionId, SessionRow,
    Subject, Trust, UnixSeconds, WechatEvent,
};
use crate::store::Store;

pub async fn nothing_of_an_erased_member_is_left(store: &dyn Store) {
    let mut expired = login("o1", 1, NOW);
    expired.session.expires_at = NOW;
    let id = log_in(store, expired).await.member.id;
    log_in(store, login("o1", 2, NOW)).await;
    store.bind_phone(phone(id, 138, 1, Trust::Code, NOW)).await.expect("a write");
    store.bind_phone(phone(id, 139, 2, Trust::Code, NOW)).await.expect("a write");
    let mut ended = store.erase_member(id, hash(9), By::MEMBER, NOW).await.expect("a write").expect("a member");
    ended.sort_unstable();
    assert_eq!(ended, [SessionId(1), SessionId(2)]);
    assert!(store.member(id).await.expect("a read").is_none());
    assert!(store.session(SessionId(2)).await.expect("a read").is_none());
    assert!(store.session_keys(id, NOW).await.expect("a read").is_empty());
    assert!(store.used_proof(hash(1)).await.expect("a read").is_none());
    assert!(store.export(id, hash(9), NOW).await.expect("a read").is_none());
    assert!(store.erase_member(id, hash(9), By::MEMBER, NOW).await.expect("a write").is_none(), "there is nobody left");
}

pub async fn others_stay_when_one_is_erased(store: &dyn Store) {
    let erased = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    let bind = BindPhone { session: SessionId(2), ..phone(other, 138, 1, Trust::Code, NOW) };
    store.bind_phone(bind).await.expect("a write");
    let before = store.export(other, hash(9), NOW).await.expect("a read");
    store.erase_member(erased, hash(9), By::MEMBER, NOW).await.expect("a write");
    assert_eq!(store.export(other, hash(9), NOW).await.expect("a read"), before);
    assert!(store.used_proof(hash(1)).await.expect("a read").is_some());
}

pub async fn an_erased_person_may_come_back_as_another_member(store: &dyn Store) {
    for (id, at) in [(1, NOW), (2, NOW + 10)] {
        let logged_in = log_in(store, login("o1", id, at)).await;
        assert!(logged_in.is_new);
        let export = store.export(logged_in.member.id, hash(9), at).await.expect("a read").expect("a member");
        assert!(export.audit.is_empty(), "what was done about the erased one is not theirs");
        store.erase_member(logged_in.member.id, hash(9), By::MEMBER, at).await.expect("a write").expect("a member");
    }
}

pub async fn an_export_holds_everything(store: &dyn Store) {
    let mut expired = login("o1", 1, NOW);
    expired.session.expires_at = NOW;
    let id = log_in(store, expired).await.member.id;
    log_in(store, login("o1", 2, NOW + 60)).await;
    store.bind_phone(phone(id, 138, 1, Trust::Hash, NOW + 60)).await.expect("a write");
    store.bind_phone(phone(id, 139, 2, Trust::Hash, NOW + 70)).await.expect("a write");
    let failed = begin(store, 9, NOW + 75).await;
    store.fail_opening(failed, "padding").await.expect("a write");
    begin(store, 8, NOW + 75).await;
    store.receive_event(event()).await.expect("a write");
    let mut sessions = Vec::new();
    for session in [2, 1] {
        let session = store.session(SessionId(session)).await.expect("a read").expect("a session");
        sessions.push(row(session));
    }
    let expected = Export {
        exported_at: NOW + 90,
        member: store.member(id).await.expect("a read").expect("a member"),
        sessions,
        session_keys_obtained_at: vec![NOW + 60, NOW],
        audit: vec![AuditRow {
            at: NOW + 70,
            actor: "member".to_owned(),
            action: "phone.changed".to_owned(),
            detail: None,
        }],
        failures: vec![FailureRow { began_at: NOW + 75, cause: Some("padding".to_owned()) }],
        failed_requests: Vec::new(),
        proofs: [(2, NOW + 430), (1, NOW + 420)].map(proof).into(),
        events: vec![EventRow {
            event: "an_event".to_owned(),
            happened_at: NOW + 79,
            received_at: NOW + 80,
            sealed_content: Some(b"content".to_vec()),
        }],
        avatar: None,
        plugin_entries: Vec::new(),
    };
    assert_eq!(store.export(id, hash(9), NOW + 90).await.expect("a read"), Some(expected));
}

fn proof((number, usable_until): (i64, UnixSeconds)) -> ExportedProof {
    ExportedProof { session: SessionId(1), sealed_answer: format!("answer {number}").into_bytes(), usable_until }
}

/// About `o1`, by the name under which its export is asked for.
fn event() -> WechatEvent {
    WechatEvent {
        url: hash(1),
        message: hash(2),
        digest: hash(3),
        appid: "wx0000000000000001".to_owned(),
        event: "an_event".to_owned(),
        subject: Some(Subject { openid: "o1".to_owned(), pseudonym: hash(9) }),
        sealed_content: Some(b"content".to_vec()),
        happened_at: NOW + 79,
        effect: Effect::Keep,
        now: NOW + 80,
    }
}

fn row(session: Session) -> SessionRow {
    let Session { id, created_at, last_seen_at, expires_at, ends_at, user_agent, .. } = session;
    SessionRow { id, created_at, last_seen_at, expires_at, ends_at, user_agent }
}
