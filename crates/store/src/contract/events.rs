//! What WeChat's message push says: kept once, with its effect.

use super::sample::{DAY, NOW, hash, log_in, login, phone};
use crate::model::{
    Effect, Identified, Member, MemberId, Profile, Purged, Received, SessionId, Subject, Trust, WechatEvent,
};
use crate::store::Store;

/// Event `number` about `o1`, whose pseudonym is `hash(9)`.
fn event(number: i64, effect: Effect) -> WechatEvent {
    WechatEvent {
        url: hash(100 + number),
        message: hash(200 + number),
        digest: hash(300 + number),
        appid: "wx0000000000000001".to_owned(),
        event: "an_event".to_owned(),
        subject: Some(Subject { openid: "o1".to_owned(), pseudonym: hash(9) }),
        sealed_content: Some(format!("content {number}").into_bytes()),
        happened_at: NOW,
        effect,
        now: NOW + 1,
    }
}

async fn receive(store: &dyn Store, event: WechatEvent) -> Received {
    store.receive_event(event).await.expect("a write")
}

/// `o1` with all that an event may take.
async fn whole_member(store: &dyn Store) -> MemberId {
    let mut login = login("o1", 1, NOW);
    login.profile = Some(Profile {
        nick_name: Some("n".to_owned()),
        avatar_url: Some("a".to_owned()),
        city: Some("c".to_owned()),
        ..Profile::default()
    });
    let id = log_in(store, login).await.member.id;
    store.bind_phone(phone(id, 138, 1, Trust::Code, NOW)).await.expect("a write");
    id
}

async fn member(store: &dyn Store, id: MemberId) -> Member {
    store.member(id).await.expect("a read").expect("a member")
}

async fn audit(store: &dyn Store, id: MemberId) -> Vec<String> {
    let export = store.export(id, hash(9), NOW).await.expect("a read").expect("a member");
    export.audit.into_iter().map(|row| format!("{}: {}", row.actor, row.action)).collect()
}

/// How many events about `o1` are kept, as their own member sees it.
async fn kept(store: &dyn Store, id: MemberId) -> usize {
    store.export(id, hash(9), NOW).await.expect("a read").expect("a member").events.len()
}

pub async fn an_event_is_kept_and_changes_nothing_by_itself(store: &dyn Store) {
    let id = whole_member(store).await;
    let before = member(store, id).await;
    assert_eq!(receive(store, event(1, Effect::Keep)).await, Received::Now(Some(id)));
    assert_eq!(member(store, id).await, before);
    assert!(audit(store, id).await.is_empty());
    assert_eq!(kept(store, id).await, 1);
}

pub async fn consent_that_is_withdrawn_takes_its_kind_alone(store: &dyn Store) {
    let id = whole_member(store).await;
    let phone = Effect::Withdraw { phone: true, profile: false };
    let profile = Effect::Withdraw { phone: false, profile: true };
    receive(store, event(1, profile)).await;
    let left = member(store, id).await;
    assert_eq!((&left.profile.nick_name, &left.profile.avatar_url), (&None, &None));
    assert_eq!(left.profile.city.as_deref(), Some("c"));
    assert!(left.phone.is_some());
    receive(store, event(2, phone)).await;
    let left = member(store, id).await;
    assert_eq!((left.phone, left.updated_at), (None, NOW + 1));
    assert_eq!(audit(store, id).await, ["wechat: phone.withdrawn", "wechat: profile.withdrawn"]);
    assert!(store.session(SessionId(1)).await.expect("a read").is_some(), "the login stays");
}

pub async fn a_withdrawn_number_is_in_no_answer_and_its_proof_brings_it_not_back(store: &dyn Store) {
    let id = whole_member(store).await;
    receive(store, event(1, Effect::Withdraw { phone: true, profile: false })).await;
    let proof = store.used_proof(hash(1)).await.expect("a read").expect("a proof that is remembered");
    assert!(proof.sealed_answer.is_empty());
    store.bind_phone(phone(id, 138, 1, Trust::Code, NOW + 2)).await.expect("a write");
    assert_eq!(member(store, id).await.phone, None);
    store.bind_phone(phone(id, 138, 2, Trust::Code, NOW + 3)).await.expect("a write");
    assert!(member(store, id).await.phone.is_some(), "a new consent is a new proof");
}

pub async fn a_cleared_profile_is_cleared_for_every_check(store: &dyn Store) {
    let id = whole_member(store).await;
    receive(store, event(1, Effect::ClearProfile)).await;
    assert_eq!(member(store, id).await.profile.nick_name, None);
    if let Identified::Known(identity) = store.identify(SessionId(1), &hash(1), NOW) {
        assert_eq!(identity.nick_name, None);
    }
    assert_eq!(audit(store, id).await, ["wechat: profile.cleared"]);
}

pub async fn a_member_who_left_is_erased_with_their_events(store: &dyn Store) {
    let id = whole_member(store).await;
    receive(store, event(1, Effect::Keep)).await;
    assert_eq!(receive(store, event(2, Effect::Erase)).await, Received::Now(Some(id)));
    assert!(store.member(id).await.expect("a read").is_none());
    assert!(store.session(SessionId(1)).await.expect("a read").is_none());
    assert!(!matches!(store.identify(SessionId(1), &hash(1), NOW), Identified::Known(_)));
    let late = WechatEvent { happened_at: NOW - 1, ..event(3, Effect::Keep) };
    assert_eq!(receive(store, late).await, Received::Now(None));
    let back = log_in(store, login("o1", 2, NOW + 5)).await.member.id;
    assert_eq!(kept(store, back).await, 0, "nothing is left that names them, nor comes later");
    receive(store, event(4, Effect::Keep)).await;
    assert_eq!(kept(store, back).await, 1);
}

pub async fn somebody_who_left_without_being_a_member_is_forgotten_too(store: &dyn Store) {
    assert_eq!(receive(store, event(1, Effect::Keep)).await, Received::Now(None));
    assert_eq!(receive(store, event(2, Effect::Erase)).await, Received::Now(None));
    let id = whole_member(store).await;
    assert_eq!(kept(store, id).await, 0);
}

pub async fn an_event_has_one_effect_however_often_it_comes(store: &dyn Store) {
    let id = whole_member(store).await;
    let withdraw = event(1, Effect::Withdraw { phone: true, profile: false });
    assert_eq!(receive(store, withdraw.clone()).await, Received::Now(Some(id)));
    store.bind_phone(phone(id, 138, 2, Trust::Code, NOW + 2)).await.expect("a write");
    assert_eq!(receive(store, withdraw.clone()).await, Received::Before, "the same push");
    let again = WechatEvent { url: hash(7), message: hash(8), ..withdraw.clone() };
    assert_eq!(receive(store, again).await, Received::Before, "the same event in another push");
    assert_eq!(receive(store, WechatEvent { message: hash(8), ..withdraw }).await, Received::Mismatch);
    assert!(member(store, id).await.phone.is_some());
    assert_eq!((audit(store, id).await.len(), kept(store, id).await), (1, 1));
}

pub async fn an_event_is_about_one_app_and_perhaps_nobody(store: &dyn Store) {
    let id = whole_member(store).await;
    let before = member(store, id).await;
    let elsewhere = WechatEvent { appid: "wx0000000000000002".to_owned(), ..event(1, Effect::Erase) };
    assert_eq!(receive(store, elsewhere).await, Received::Now(None));
    assert_eq!(receive(store, WechatEvent { subject: None, ..event(2, Effect::Erase) }).await, Received::Now(None));
    assert_eq!(member(store, id).await, before);
}

pub async fn old_events_and_pushes_go(store: &dyn Store) {
    receive(store, event(1, Effect::Keep)).await;
    let arrived = NOW + 1;
    assert_eq!(store.purge(arrived + 600, 100).await.expect("a write"), Purged::default());
    let purged = store.purge(arrived + 601, 100).await.expect("a write");
    assert_eq!(purged, Purged { pushes: 1, ..Purged::default() });
    assert_eq!(receive(store, event(1, Effect::Keep)).await, Received::Before, "the event is known for longer");
    let purged = store.purge(arrived + 30 * DAY, 100).await.expect("a write");
    assert_eq!(purged, Purged { events: 1, pushes: 1, ..Purged::default() });
}
