//! What is told to others: in the transaction of what happened, in order, and no more than is wanted.

use serde_json::{Value, json};

use super::sample::{DAY, NOW, hash, log_in, login, member_id, phone};
use crate::feed::Heard;
use crate::model::{
    Attempt, AttemptOutcome, By, ChangeMember, DeliveryFilter, DeliveryState, DisabledReason, DueDelivery, Effect,
    EventType, EventTypes, MOST_WEBHOOKS, MemberId, Profile, SessionId, Status, Subject, Trust, UnixSeconds, Webhook,
    WebhookChange, WechatEvent,
};
use crate::store::Store;

/// More than is ever due here.
const MANY: u32 = 1000;

fn webhook(number: i64, types: Option<&[EventType]>) -> Webhook {
    Webhook {
        id: member_id(number).0,
        url: format!("https://{number}.example.com/"),
        types: types.map(|types| types.iter().copied().collect()),
        description: None,
        sealed_secret: number.to_be_bytes().to_vec(),
        previous: None,
        created_at: NOW - DAY,
        disabled: None,
    }
}

async fn create(store: &dyn Store, webhook: Webhook) -> Webhook {
    assert!(store.create_webhook(webhook.clone(), By::COMMAND).await.expect("a write"));
    webhook
}

/// The deliveries whose turn it is.
async fn due(store: &dyn Store, now: UnixSeconds) -> Vec<DueDelivery> {
    store.due_deliveries(now, MANY).await.expect("a read").deliveries
}

async fn settle(store: &dyn Store, delivery: &DueDelivery, at: UnixSeconds, outcome: AttemptOutcome) {
    let is_delivered = outcome == AttemptOutcome::Delivered;
    let (status, error) = if is_delivered { (Some(204), None) } else { (Some(500), Some("status")) };
    store.settle_delivery(delivery.id, Attempt { at, status, error, outcome }).await.expect("a write");
}

/// Delivers all there is, one by one: what the receivers read, oldest first.
async fn delivered(store: &dyn Store, now: UnixSeconds) -> Vec<(String, Value)> {
    let mut read = Vec::new();
    loop {
        let mut turn = due(store, now).await;
        turn.sort_by_key(|delivery| delivery.id);
        let Some(first) = turn.first() else { return read };
        settle(store, first, now, AttemptOutcome::Delivered).await;
        read.push((first.kind.clone(), serde_json::from_str(&first.data).expect("JSON")));
    }
}

fn kinds(read: &[(String, Value)]) -> Vec<&str> {
    read.iter().map(|(kind, _)| kind.as_str()).collect()
}

async fn rename(store: &dyn Store, member: MemberId, name: &str) {
    let profile = Profile { nick_name: Some(name.to_owned()), ..Profile::default() };
    store.change_profile(member, profile, NOW).await.expect("a write");
}

pub async fn what_nobody_wants_is_not_written(store: &dyn Store) {
    log_in(store, login("o1", 1, NOW)).await;
    create(store, webhook(1, Some(&[EventType::MemberErased]))).await;
    log_in(store, login("o2", 2, NOW)).await;
    assert!(store.deliveries(DeliveryFilter::default(), MANY).await.expect("a read").is_empty());
}

pub async fn each_kind_is_told_in_the_order_it_happened(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    store.bind_phone(phone(id, 138, 1, Trust::Hash, NOW)).await.expect("a write");
    rename(store, id, "n").await;
    store.end_session(id, SessionId(1), NOW).await.expect("a write");
    let about = |mut more: Value| {
        more["appid"] = json!("wx0000000000000001");
        more["member_id"] = json!(id.to_string());
        more
    };
    let session = json!("0000000000000001");
    assert_eq!(
        delivered(store, NOW).await,
        [
            ("member.created".to_owned(), about(json!({}))),
            ("session.created".to_owned(), about(json!({ "session_id": session }))),
            ("phone.bound".to_owned(), about(json!({ "trust": "hash" }))),
            ("member.updated".to_owned(), about(json!({ "changed": ["nickName"] }))),
            ("session.ended".to_owned(), about(json!({ "session_id": session, "cause": "ended" }))),
        ]
    );
}

pub async fn what_operators_change_is_told(store: &dyn Store) {
    create(store, webhook(1, Some(&[EventType::MemberUpdated, EventType::SessionEnded]))).await;
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let change = |status, note| ChangeMember {
        member: id,
        status,
        note,
        attributes: None,
        revision: None,
        by: By::COMMAND,
        now: NOW,
    };
    let blocked = change(Some(Status::Blocked), Some("n".to_owned()));
    for _ in 0..2 {
        store.change_member(blocked.clone()).await.expect("a write");
    }
    store.revoke_sessions(id, None, By::COMMAND, NOW).await.expect("a write");
    let told = delivered(store, NOW).await;
    assert_eq!(kinds(&told), ["member.updated", "session.ended"], "what changes nothing is not told");
    assert_eq!(told[0].1["changed"], json!(["status", "note"]));
}

pub async fn a_webhook_gets_the_kinds_it_wants(store: &dyn Store) {
    let (one, other) = (webhook(1, Some(&[EventType::SessionCreated])), webhook(2, Some(&[EventType::MemberCreated])));
    create(store, one.clone()).await;
    create(store, other.clone()).await;
    log_in(store, login("o1", 1, NOW)).await;
    let due = due(store, NOW).await;
    let got: Vec<_> = due.iter().map(|delivery| (delivery.webhook.id, delivery.kind.as_str())).collect();
    assert_eq!(got, [(one.id, "session.created"), (other.id, "member.created")]);
    let change = WebhookChange { types: Some(None), ..WebhookChange::default() };
    store.change_webhook(one.id, change, By::COMMAND, NOW).await.expect("a write").expect("a webhook");
    log_in(store, login("o2", 2, NOW)).await;
    assert_eq!(kinds(&delivered(store, NOW).await).len(), 2 + 3, "from the change on it gets both");
}

pub async fn what_is_refused_or_repeated_is_not_told(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    let first = login("o1", 1, NOW);
    log_in(store, first.clone()).await;
    log_in(store, first).await;
    store.record_login(login("o2", 1, NOW)).await.expect_err("the id of another session");
    rename(store, member_id(99), "nobody").await;
    assert!(!store.end_session(member_id(1), SessionId(7), NOW).await.expect("a write"));
    assert_eq!(kinds(&delivered(store, NOW).await), ["member.created", "session.created"]);
}

pub async fn what_wechat_says_is_told_without_its_content(store: &dyn Store) {
    create(store, webhook(1, Some(&[EventType::WechatEvent, EventType::MemberUpdated]))).await;
    let mut with_name = login("o1", 1, NOW);
    with_name.profile = Some(Profile { nick_name: Some("canary".to_owned()), ..Profile::default() });
    let id = log_in(store, with_name).await.member.id;
    let event = |number: i64, openid: &str, effect| WechatEvent {
        url: hash(100 + number),
        message: hash(200 + number),
        digest: hash(300 + number),
        appid: "wx0000000000000001".to_owned(),
        event: "an_event".to_owned(),
        subject: Some(Subject { openid: openid.to_owned(), pseudonym: hash(9) }),
        sealed_content: Some(b"canary".to_vec()),
        happened_at: NOW,
        effect,
        now: NOW,
    };
    let withdraw = Effect::Withdraw { phone: true, profile: true };
    for event in [event(1, "o1", withdraw), event(1, "o1", withdraw), event(2, "canary", Effect::Keep)] {
        store.receive_event(event).await.expect("a write");
    }
    let read = delivered(store, NOW).await;
    let about = |effect: &str, member: Option<MemberId>| json!({ "appid": "wx0000000000000001", "member_id": member, "event": "an_event", "effect": effect });
    assert_eq!(
        kinds(&read),
        ["wechat.event", "member.updated", "wechat.event"],
        "a phone that is not there is not gone"
    );
    assert_eq!((&read[0].1, &read[2].1), (&about("withdrawn", Some(id)), &about("none", None)));
    assert_eq!(read[1].1["changed"], json!(["nickName"]));
}

pub async fn a_field_that_changed_is_named(store: &dyn Store) {
    create(store, webhook(1, Some(&[EventType::MemberUpdated]))).await;
    log_in(store, login("o1", 1, NOW)).await;
    let mut again = login("o1", 2, NOW);
    again.unionid = Some("u1".to_owned());
    let text = |text: &str| Some(text.to_owned());
    again.profile = Some(Profile { city: text("c"), language: text("zh_CN"), ..Profile::default() });
    log_in(store, again.clone()).await;
    again.session.id = SessionId(3);
    log_in(store, again).await;
    let read = delivered(store, NOW).await;
    assert_eq!(read.len(), 1, "the third login brought nothing new");
    assert_eq!(read[0].1["changed"], json!(["unionid", "city", "language"]));
}

pub async fn a_session_that_yields_or_expires_is_told_so(store: &dyn Store) {
    create(store, webhook(1, Some(&[EventType::SessionEnded]))).await;
    for id in 1..=2 {
        log_in(store, login("o1", id, NOW)).await;
    }
    let mut third = login("o1", 3, NOW);
    third.max_sessions = 2;
    log_in(store, third).await;
    let later = NOW + 8 * DAY;
    store.end_session(member_id(1), SessionId(2), later).await.expect("a write");
    while store.purge(later, MANY).await.expect("a write").more {}
    let read = delivered(store, later).await;
    let mut ends: Vec<_> = read.iter().map(|(_, data)| (data["session_id"].clone(), data["cause"].clone())).collect();
    ends.sort_by_key(|(session, _)| session.to_string());
    let end = |id: i64, cause: &str| (json!(SessionId(id)), json!(cause));
    assert_eq!(ends, [end(1, "yielded"), end(2, "expired"), end(3, "expired")]);
}

pub async fn of_an_erased_member_only_the_end_is_told(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    let (id, other) =
        (log_in(store, login("o1", 1, NOW)).await.member.id, log_in(store, login("o2", 2, NOW)).await.member.id);
    let first = due(store, NOW).await.into_iter().find(|delivery| delivery.member == Some(id)).expect("its turn");
    store.erase_member(id, hash(9), By::COMMAND, NOW).await.expect("a write").expect("a member");
    settle(store, &first, NOW, AttemptOutcome::Delivered).await;
    let read = delivered(store, NOW).await;
    let of = |member: MemberId| read.iter().filter(move |(_, data)| data["member_id"] == json!(member));
    assert_eq!(of(id).map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["member.erased"]);
    assert_eq!(of(other).count(), 2);
}

pub async fn events_of_one_member_have_their_turn_one_after_the_other(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    let one = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    let turn = due(store, NOW).await;
    let whose: Vec<_> = turn.iter().map(|delivery| (delivery.member, delivery.kind.as_str())).collect();
    assert_eq!(whose, [(Some(one), "member.created"), (Some(other), "member.created")]);
    settle(store, &turn[1], NOW, AttemptOutcome::Delivered).await;
    let whose: Vec<_> = due(store, NOW).await.into_iter().map(|delivery| (delivery.member, delivery.kind)).collect();
    let expected = [(Some(one), "member.created".to_owned()), (Some(other), "session.created".to_owned())];
    assert_eq!(whose, expected, "one waits for nobody but itself");
}

pub async fn one_that_failed_keeps_its_place(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    log_in(store, login("o1", 1, NOW)).await;
    let first = due(store, NOW).await.remove(0);
    settle(store, &first, NOW, AttemptOutcome::Again(NOW + 5)).await;
    let waiting = store.due_deliveries(NOW + 4, MANY).await.expect("a read");
    assert_eq!((waiting.deliveries.len(), waiting.next_at), (0, Some(NOW + 5)));
    let again = due(store, NOW + 5).await;
    assert_eq!(again.len(), 1, "the one behind it still waits");
    assert_eq!((again[0].id, again[0].attempts, again[0].first_at), (first.id, 1, Some(NOW)));
    settle(store, &again[0], NOW + 5, AttemptOutcome::Delivered).await;
    settle(store, &again[0], NOW + 6, AttemptOutcome::Again(NOW + 9)).await;
    assert_eq!(kinds(&delivered(store, NOW + 5).await), ["session.created"], "what is settled stays so");
}

pub async fn one_that_was_given_up_disables_its_webhook_alone(store: &dyn Store) {
    let (gone, other) = (create(store, webhook(1, None)).await, create(store, webhook(2, None)).await);
    log_in(store, login("o1", 1, NOW)).await;
    let first = due(store, NOW).await.remove(0);
    assert_eq!(first.webhook.id, gone.id);
    settle(store, &first, NOW + 1, AttemptOutcome::Disabled(DisabledReason::Gone)).await;
    let after = store.webhook(gone.id).await.expect("a read").expect("a webhook");
    assert_eq!(after.disabled, Some((NOW + 1, DisabledReason::Gone)));
    assert!(due(store, NOW + 1).await.iter().all(|delivery| delivery.webhook.id == other.id));
    log_in(store, login("o2", 2, NOW)).await;
    let of_gone = DeliveryFilter { webhook: Some(gone.id), ..DeliveryFilter::default() };
    let rows = store.deliveries(of_gone, MANY).await.expect("a read");
    let states: Vec<_> = rows.iter().map(|row| (row.kind.as_str(), row.state)).collect();
    let expected = [("session.created", DeliveryState::Pending), ("member.created", DeliveryState::Failed)];
    assert_eq!(states, expected, "what happens afterwards is not for it");
}

pub async fn what_waits_goes_on_when_its_webhook_is_enabled(store: &dyn Store) {
    let hook = create(store, webhook(1, None)).await;
    let enabled = |is_enabled| WebhookChange { is_enabled: Some(is_enabled), ..WebhookChange::default() };
    log_in(store, login("o1", 1, NOW)).await;
    let off =
        store.change_webhook(hook.id, enabled(false), By::COMMAND, NOW).await.expect("a write").expect("a webhook");
    assert_eq!(off.disabled, Some((NOW, DisabledReason::Operator)));
    log_in(store, login("o2", 2, NOW)).await;
    assert!(due(store, NOW).await.is_empty());
    store.change_webhook(hook.id, enabled(true), By::COMMAND, NOW).await.expect("a write").expect("a webhook");
    assert_eq!(kinds(&delivered(store, NOW).await), ["member.created", "session.created"]);
}

pub async fn a_delivery_is_sent_again_before_later_ones(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let first = due(store, NOW).await.remove(0);
    settle(store, &first, NOW, AttemptOutcome::Delivered).await;
    rename(store, id, "n").await;
    assert!(store.resend_delivery(first.id, By::COMMAND, NOW).await.expect("a write"));
    assert!(store.resend_delivery(first.id, By::COMMAND, NOW).await.expect("a write"), "repeated, it changes nothing");
    let under_way = due(store, NOW).await;
    assert_eq!(under_way.len(), 1, "one at a time");
    assert_eq!(kinds(&delivered(store, NOW).await), ["session.created", "member.created", "member.updated"]);
    assert!(store.resend_delivery(first.id, By::COMMAND, NOW + 9).await.expect("a write"));
    let again = due(store, NOW + 9).await;
    assert_eq!((again.len(), again[0].event, again[0].attempts), (1, first.event, 0));
    let unknown = crate::model::DeliveryId(i64::MAX);
    assert!(!store.resend_delivery(unknown, By::COMMAND, NOW).await.expect("a write"));
}

pub async fn deliveries_are_listed_newest_first(store: &dyn Store) {
    let hook = create(store, webhook(1, Some(&[EventType::SessionCreated]))).await;
    for id in 1..=4 {
        log_in(store, login(&format!("o{id}"), id, NOW + id)).await;
    }
    let turn = due(store, NOW + 9).await;
    settle(store, &turn[0], NOW + 9, AttemptOutcome::Delivered).await;
    settle(store, &turn[1], NOW + 9, AttemptOutcome::Again(NOW + 20)).await;
    let list = async |filter| store.deliveries(filter, 3).await.expect("a read");
    let page = list(DeliveryFilter::default()).await;
    assert_eq!(page.iter().map(|row| row.happened_at).collect::<Vec<_>>(), [4, 3, 2].map(|after| NOW + after));
    let failed = &page[2];
    assert_eq!((failed.state, failed.attempts, failed.status), (DeliveryState::Pending, 1, Some(500)));
    assert_eq!((failed.error.as_deref(), failed.next_at), (Some("status"), Some(NOW + 20)));
    let rest = list(DeliveryFilter { before: Some(page[2].id), ..DeliveryFilter::default() }).await;
    assert_eq!((rest.len(), rest[0].state, rest[0].next_at), (1, DeliveryState::Delivered, None));
    let pending = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
    assert_eq!(list(pending).await.len(), 3);
    let of = |id| DeliveryFilter { webhook: Some(id), ..DeliveryFilter::default() };
    assert_eq!((list(of(hook.id)).await.len(), list(of(member_id(9).0)).await.len()), (3, 0));
}

pub async fn webhooks_are_kept_changed_and_deleted(store: &dyn Store) {
    let (one, two) = (create(store, webhook(1, None)).await, create(store, webhook(2, Some(&[]))).await);
    create(store, one.clone()).await;
    let other = Webhook { url: "https://other.example.com/".to_owned(), ..one.clone() };
    store.create_webhook(other, By::COMMAND).await.expect_err("another one with the same id");
    assert_eq!(store.webhooks().await.expect("a read"), [one.clone(), two.clone()]);
    let change = WebhookChange {
        url: Some("https://new.example.com/".to_owned()),
        types: Some(Some(EventTypes::ALL)),
        description: Some(Some("ours".to_owned())),
        ..WebhookChange::default()
    };
    let changed = store.change_webhook(two.id, change, By::COMMAND, NOW).await.expect("a write").expect("a webhook");
    assert_eq!((changed.types, changed.description.as_deref()), (Some(EventTypes::ALL), Some("ours")));
    assert_eq!(store.webhook(two.id).await.expect("a read"), Some(changed));
    log_in(store, login("o1", 1, NOW)).await;
    assert!(store.delete_webhook(two.id, By::COMMAND, NOW).await.expect("a write"));
    assert!(!store.delete_webhook(two.id, By::COMMAND, NOW).await.expect("a write"));
    assert_eq!(store.webhooks().await.expect("a read"), std::slice::from_ref(&one));
    let rows = store.deliveries(DeliveryFilter::default(), MANY).await.expect("a read");
    assert!(!rows.is_empty() && rows.iter().all(|row| row.webhook == one.id));
    while store.purge_deliveries(NOW, 1, MANY).await.expect("a write") {}
    assert_eq!(kinds(&delivered(store, NOW).await), ["member.created", "session.created"]);
    assert!(store.change_webhook(two.id, WebhookChange::default(), By::COMMAND, NOW).await.expect("a write").is_none());
}

pub async fn a_secret_that_was_rotated_signs_for_a_while(store: &dyn Store) {
    let hook = create(store, webhook(1, None)).await;
    let rotate = |secret: &[u8], until| WebhookChange { secret: Some((secret.to_vec(), until)), ..Default::default() };
    for (secret, before) in [(&b"second"[..], &hook.sealed_secret[..]), (b"third", b"second")] {
        let change = rotate(secret, NOW + DAY);
        let after = store.change_webhook(hook.id, change, By::COMMAND, NOW).await.expect("a write").expect("a webhook");
        assert_eq!((after.sealed_secret, after.previous), (secret.to_vec(), Some((before.to_vec(), NOW + DAY))));
    }
}

pub async fn there_are_only_so_many_webhooks(store: &dyn Store) {
    for number in 1..=MOST_WEBHOOKS {
        create(store, webhook(number.into(), None)).await;
    }
    assert!(!store.create_webhook(webhook(1000, None), By::COMMAND).await.expect("a write"));
    assert!(store.delete_webhook(member_id(1).0, By::COMMAND, NOW).await.expect("a write"));
    create(store, webhook(1000, None)).await;
}

pub async fn what_was_settled_goes_after_a_week(store: &dyn Store) {
    create(store, webhook(1, None)).await;
    log_in(store, login("o1", 1, NOW)).await;
    delivered(store, NOW).await;
    log_in(store, login("o2", 2, NOW)).await;
    let left = async |now| {
        while store.purge_deliveries(now, 1, MANY).await.expect("a write") {}
        store.deliveries(DeliveryFilter::default(), MANY).await.expect("a read").len()
    };
    assert_eq!(left(NOW + 7 * DAY - 1).await, 4);
    assert_eq!(left(NOW + 7 * DAY).await, 2, "what is pending stays");
    let off = WebhookChange { is_enabled: Some(false), ..WebhookChange::default() };
    store.change_webhook(member_id(1).0, off, By::COMMAND, NOW).await.expect("a write");
    assert_eq!(left(NOW + 7 * DAY).await, 0, "unless nobody wants it");
}

pub async fn a_backlog_disables_its_webhook(store: &dyn Store) {
    let hook = create(store, webhook(1, None)).await;
    log_in(store, login("o1", 1, NOW)).await;
    store.purge_deliveries(NOW, 1, 2).await.expect("a write");
    assert_eq!(store.webhook(hook.id).await.expect("a read"), Some(hook.clone()));
    store.purge_deliveries(NOW, 1, 1).await.expect("a write");
    let after = store.webhook(hook.id).await.expect("a read").expect("a webhook");
    assert_eq!(after.disabled, Some((NOW, DisabledReason::Backlog)));
}

pub async fn a_listener_hears_what_was_committed(store: &dyn Store) {
    let wanted = [EventType::MemberCreated, EventType::MemberErased].into_iter().collect();
    let mut listener = store.listen(wanted).expect("an outbox");
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    store.record_login(login("o2", 1, NOW)).await.expect_err("the id of another session");
    store.erase_member(id, hash(9), By::COMMAND, NOW).await.expect("a write").expect("a member");
    for kind in [EventType::MemberCreated, EventType::MemberErased] {
        let Some(Heard::Event(event)) = listener.next().await else { panic!("an event") };
        assert_eq!((event.happened.kind(), event.member, event.happened_at), (kind, Some(id), NOW));
    }
    assert!(store.deliveries(DeliveryFilter::default(), MANY).await.expect("a read").is_empty());
}
