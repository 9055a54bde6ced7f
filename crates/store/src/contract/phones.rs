//! Phone numbers and the proofs of them.

use super::sample::{NOW, begin, hash, log_in, login, member_id, phone};
use crate::model::{AuditRow, BindPhone, Bound, BoundPhone, Member, MemberId, SessionId, Trust, UsedProof};
use crate::store::Store;

async fn bind(store: &dyn Store, bind: BindPhone) -> Member {
    match store.bind_phone(bind).await.expect("a write") {
        Bound::Done(member) => member,
        refused => panic!("{refused:?}"),
    }
}

async fn audited(store: &dyn Store, member: MemberId) -> Vec<AuditRow> {
    store.export(member, hash(9), NOW).await.expect("a read").expect("a member").audit
}

pub async fn a_number_is_bound_with_its_proof(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let asked = phone(id, 138, 1, Trust::Code, NOW + 9);
    let member = bind(store, asked.clone()).await;
    let bound = BoundPhone { sealed: asked.phone_sealed, trust: Trust::Code, bound_at: NOW + 9 };
    assert_eq!((member.phone.as_ref(), member.updated_at), (Some(&bound), NOW + 9));
    assert_eq!(store.member(id).await.expect("a read"), Some(member));
    let proof = UsedProof { member: id, session: SessionId(1), sealed_answer: asked.sealed_answer };
    assert_eq!(store.used_proof(hash(1)).await.expect("a read"), Some(proof));
    assert_eq!(store.used_proof(hash(2)).await.expect("a read"), None);
    assert!(audited(store, id).await.is_empty(), "a first number is no change");
}

pub async fn a_proof_is_accepted_once(store: &dyn Store) {
    let first = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    let before = bind(store, phone(first, 138, 1, Trust::Hash, NOW)).await;
    for (member, session) in [(first, SessionId(1)), (other, SessionId(2))] {
        let replay = BindPhone { session, ..phone(member, 139, 1, Trust::Code, NOW + 1) };
        let replay = store.bind_phone(replay).await.expect("a write");
        let Bound::UsedBefore(proof) = replay else { panic!("{replay:?}") };
        assert_eq!((proof.member, proof.session, proof.sealed_answer), (first, SessionId(1), b"answer 1".to_vec()));
    }
    assert_eq!(store.member(first).await.expect("a read"), Some(before));
    assert!(store.member(other).await.expect("a read").expect("a member").phone.is_none());
}

pub async fn trust_in_a_number_never_falls(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let steps = [(1, Trust::Local, Trust::Local), (2, Trust::Code, Trust::Code), (3, Trust::Hash, Trust::Code)];
    for (proof, given, stands) in steps {
        let member = bind(store, phone(id, 138, proof, given, NOW + proof)).await;
        let bound = member.phone.as_ref().map(|phone| (phone.trust, phone.bound_at));
        assert_eq!(bound, Some((stands, NOW + 1)));
        assert_eq!(store.member(id).await.expect("a read"), Some(member));
    }
    assert!(audited(store, id).await.is_empty());
}

pub async fn another_number_replaces_the_first_and_is_audited(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    bind(store, phone(id, 138, 1, Trust::Code, NOW)).await;
    let stale = BindPhone { may_replace: false, ..phone(id, 139, 2, Trust::Code, NOW + 4) };
    assert!(matches!(store.bind_phone(stale).await.expect("a write"), Bound::LoginTooOld));
    assert_eq!(store.used_proof(hash(2)).await.expect("a read"), None, "the proof is still good");
    let member = bind(store, phone(id, 139, 2, Trust::Local, NOW + 5)).await;
    let bound = BoundPhone { sealed: b"number 139 by 2".to_vec(), trust: Trust::Local, bound_at: NOW + 5 };
    assert_eq!(member.phone, Some(bound), "a new number has the trust of its own proof");
    let line = AuditRow { at: NOW + 5, actor: "member".to_owned(), action: "phone.changed".to_owned(), detail: None };
    assert_eq!(audited(store, id).await, [line]);
    bind(store, BindPhone { may_replace: false, ..phone(id, 139, 3, Trust::Code, NOW + 6) }).await;
    assert_eq!(audited(store, id).await.len(), 1, "the same number is no change");
}

pub async fn an_ended_session_binds_nothing(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    store.end_session(id, SessionId(1), NOW).await.expect("a write");
    let late = store.bind_phone(phone(id, 138, 1, Trust::Code, NOW)).await.expect("a write");
    assert!(matches!(late, Bound::Gone));
    assert!(store.member(id).await.expect("a read").expect("a member").phone.is_none());
}

pub async fn one_number_may_be_of_two_members(store: &dyn Store) {
    let first = log_in(store, login("o1", 1, NOW)).await.member.id;
    let second = log_in(store, login("o2", 2, NOW)).await.member.id;
    bind(store, phone(first, 138, 1, Trust::Code, NOW)).await;
    bind(store, BindPhone { session: SessionId(2), ..phone(second, 138, 2, Trust::Code, NOW) }).await;
    for id in [first, second] {
        assert!(store.member(id).await.expect("a read").expect("a member").phone.is_some());
    }
}

pub async fn a_binding_releases_its_try(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    for proof in 1..=6 {
        let opening = Some(begin(store, 1, NOW).await);
        bind(store, BindPhone { opening, ..phone(id, 138, proof, Trust::Hash, NOW) }).await;
    }
}

pub async fn nothing_is_bound_to_a_member_who_is_gone(store: &dyn Store) {
    let outcome = store.bind_phone(phone(member_id(7), 138, 1, Trust::Code, NOW)).await.expect("a write");
    assert!(matches!(outcome, Bound::Gone), "{outcome:?}");
    assert_eq!(store.used_proof(hash(1)).await.expect("a read"), None);
}
