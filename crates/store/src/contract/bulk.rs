//! Members by the thousand.

use serde_json::json;

use super::sample::{DAY, NOW, hash, log_in, login, member_id, phone};
use crate::model::{
    AuditQuery, By, EventTypes, Import, ImportOutcome, Imported, ImportedPhone, Member, MemberId, MemberKey, Profile,
    Status, Trust, UnixSeconds,
};
use crate::store::Store;

const APPID: &str = "wx0000000000000001";

/// `o{number}` with all that can be said of a member.
fn whole(number: i64) -> Imported {
    let text = |text: &str| Some(format!("{text} {number}"));
    Imported {
        id: member_id(number),
        unionid: text("union"),
        profile: Profile {
            nick_name: text("name"),
            avatar_url: text("picture"),
            gender: Some(2),
            country: text("country"),
            province: text("province"),
            city: text("city"),
            language: text("language"),
        },
        phone: Some(imported_phone(number)),
        status: Status::Blocked,
        note: text("note"),
        attributes: Some(format!(r#"{{"number":{number}}}"#)),
        created_at: Some(NOW - 30 * DAY),
        last_login_at: Some(NOW - 20 * DAY),
        updated_at: Some(NOW - 10 * DAY),
        revision: 3,
        ..bare(number)
    }
}

/// `o{number}`, of whom nothing else is known.
fn bare(number: i64) -> Imported {
    Imported {
        key: MemberKey { appid: APPID.to_owned(), openid: format!("o{number}") },
        id: member_id(1000 + number),
        unionid: None,
        profile: Profile::default(),
        phone: None,
        status: Status::Active,
        note: None,
        attributes: None,
        created_at: None,
        last_login_at: None,
        updated_at: None,
        revision: 0,
        pseudonym: hash(number),
    }
}

fn imported_phone(number: i64) -> ImportedPhone {
    let sealed = format!("number {number}").into_bytes();
    ImportedPhone { sealed, index: hash(number), trust: Trust::Hash, bound_at: NOW - 15 * DAY }
}

async fn import_at(store: &dyn Store, members: Vec<Imported>, now: UnixSeconds) -> Vec<ImportOutcome> {
    store.import_members(Import { members, is_told: false, by: By::COMMAND, now }).await.expect("a write")
}

async fn import(store: &dyn Store, members: Vec<Imported>) -> Vec<ImportOutcome> {
    import_at(store, members, NOW).await
}

async fn there(store: &dyn Store, id: MemberId) -> Member {
    store.member(id).await.expect("a read").expect("a member")
}

async fn actions(store: &dyn Store) -> Vec<String> {
    let all = AuditQuery { member: None, actor: None, action: None, after: None, limit: 100 };
    store.audit(all).await.expect("a read").rows.into_iter().map(|line| line.row.action).collect()
}

pub async fn members_are_exported_oldest_first_and_page_by_page(store: &dyn Store) {
    for number in 1..=5 {
        let mut login = login(&format!("o{number}"), number, NOW);
        if number == 3 {
            "wx0000000000000002".clone_into(&mut login.member.appid);
        }
        log_in(store, login).await;
    }
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = store.export_page(vec![APPID.to_owned()], after, 2).await.expect("a read");
        pages.push(page.rows.into_iter().map(|member| member.key.openid).collect::<Vec<_>>().join(" "));
        after = page.next;
        if after.is_none() {
            break;
        }
        if pages.len() == 1 {
            log_in(store, login("o6", 6, NOW)).await;
        }
    }
    assert_eq!(pages, ["o1 o2", "o4 o5", "o6"], "who joins meanwhile comes at the end, and others are of another app");
}

pub async fn an_export_of_all_is_in_the_audit(store: &dyn Store) {
    let detail = json!({ "phones": "whole" });
    store.note_export_of_all(detail.clone(), By::COMMAND, NOW).await.expect("a write");
    let all = AuditQuery { member: None, actor: None, action: None, after: None, limit: 100 };
    let line = store.audit(all).await.expect("a read").rows.remove(0).row;
    assert_eq!((line.action.as_str(), line.detail), ("members.exported", Some(detail.to_string())));
}

pub async fn an_import_adds_members_as_they_were_and_repeating_it_changes_nothing(store: &dyn Store) {
    let outcomes = import(store, vec![whole(1), whole(2)]).await;
    assert_eq!(outcomes, [1, 2].map(|number| ImportOutcome::Added(member_id(number))));
    let expected = whole(1);
    let member = there(store, member_id(1)).await;
    assert_eq!((&member.key, &member.unionid, &member.profile), (&expected.key, &expected.unionid, &expected.profile));
    assert_eq!(
        (member.status, &member.note, Some(&member.attributes)),
        (expected.status, &expected.note, expected.attributes.as_ref())
    );
    let instants = [member.created_at, member.last_login_at, member.updated_at].map(Some);
    assert_eq!(instants, [expected.created_at, expected.last_login_at, expected.updated_at]);
    assert_eq!(member.revision, 3);
    let number = member.phone.clone().expect("a number");
    assert_eq!((number.sealed, number.trust, number.bound_at), (b"number 1".to_vec(), Trust::Hash, NOW - 15 * DAY));
    let again = import(store, vec![whole(1), whole(2)]).await;
    assert_eq!(again, [1, 2].map(|number| ImportOutcome::Same(member_id(number))));
    assert_eq!(there(store, member_id(1)).await, member);
}

pub async fn what_is_not_said_of_a_new_member_is_as_at_a_first_login(store: &dyn Store) {
    let seen = Imported { last_login_at: Some(NOW - DAY), ..bare(2) };
    import(store, vec![bare(1), seen, bare(1)]).await;
    let [member, seen] = [there(store, member_id(1001)).await, there(store, member_id(1002)).await];
    assert_eq!((member.created_at, member.last_login_at, member.updated_at), (NOW, NOW, NOW));
    assert_eq!((seen.created_at, seen.last_login_at, seen.updated_at), (NOW - DAY, NOW - DAY, NOW - DAY));
    assert_eq!((member.attributes.as_str(), member.status, member.revision), ("{}", Status::Active, 0));
    let back = log_in(store, login("o1", 7, NOW)).await;
    assert_eq!((back.is_new, back.member.id), (false, member.id), "their login finds them");
}

pub async fn an_import_fills_what_is_lacking_and_replaces_nothing(store: &dyn Store) {
    let named = |name: &str| Some(Profile { nick_name: Some(name.to_owned()), ..Profile::default() });
    let mut first = login("o1", 1, NOW - 5 * DAY);
    first.profile = named("chosen");
    let known = log_in(store, first).await.member;
    store.bind_phone(phone(known.id, 7, 1, Trust::Code, NOW - 4 * DAY)).await.expect("a write");
    assert_eq!(import(store, vec![whole(1)]).await, [ImportOutcome::Filled(known.id)]);
    let filled = there(store, known.id).await;
    assert_eq!((filled.profile.nick_name.as_deref(), filled.profile.city.as_deref()), (Some("chosen"), Some("city 1")));
    assert_eq!(filled.phone.as_ref().expect("a number").trust, Trust::Code);
    assert_eq!((filled.status, filled.note.as_deref(), filled.revision), (Status::Active, Some("note 1"), 1));
    assert_eq!((filled.created_at, filled.last_login_at), (NOW - 30 * DAY, known.last_login_at));
    assert_eq!(filled.updated_at, NOW);
    assert_eq!(filled.unionid.as_deref(), Some("union 1"));
    let session = store.identify(crate::SessionId(1), &hash(1), NOW);
    if let crate::Identified::Known(identity) = session {
        assert_eq!(identity.unionid.as_deref(), Some("union 1"), "also for who checks a session");
    }
    assert_eq!(import(store, vec![whole(1), bare(1)]).await, [ImportOutcome::Same(known.id); 2]);
    let mut other = login("o2", 2, NOW);
    other.profile = named("two");
    let other = log_in(store, other).await.member;
    import(store, vec![whole(2)]).await;
    let found = there(store, other.id).await.phone.expect("a number");
    assert_eq!((found.sealed, found.trust), (b"number 2".to_vec(), Trust::Hash));
}

pub async fn who_was_erased_stays_so_unless_what_comes_is_later(store: &dyn Store) {
    let gone = log_in(store, login("o1", 1, NOW - DAY)).await.member.id;
    store.erase_member(gone, hash(1), By::MEMBER, NOW).await.expect("a write");
    let since = |created_at| Imported { created_at, ..bare(1) };
    for created_at in [None, Some(NOW - 9 * DAY), Some(NOW)] {
        assert_eq!(import(store, vec![since(created_at)]).await, [ImportOutcome::Erased], "{created_at:?}");
    }
    // Who came back gets nothing of what was before, either.
    let back = log_in(store, login("o1", 2, NOW + 60)).await.member;
    assert_eq!(import(store, vec![whole(1)]).await, [ImportOutcome::Erased]);
    assert_eq!(there(store, back.id).await, back);
    let later = Imported { note: Some("later".to_owned()), ..since(Some(NOW + 60)) };
    assert_eq!(import(store, vec![later]).await, [ImportOutcome::Filled(back.id)]);
}

pub async fn an_id_of_somebody_else_is_not_taken(store: &dyn Store) {
    import(store, vec![bare(1)]).await;
    let thief = Imported { id: member_id(1001), ..bare(2) };
    assert_eq!(
        import(store, vec![thief, bare(3)]).await,
        [ImportOutcome::IdTaken, ImportOutcome::Added(member_id(1003))]
    );
    assert_eq!(there(store, member_id(1001)).await.key.openid, "o1");
}

pub async fn others_are_told_of_an_import_only_if_it_says_so(store: &dyn Store) {
    let mut heard = store.listen(EventTypes::ALL).expect("an outbox");
    let told = |members, is_told| Import { members, is_told, by: By::COMMAND, now: NOW };
    log_in(store, login("o1", 1, NOW)).await;
    import(store, vec![whole(1), whole(2)]).await;
    log_in(store, login("o3", 3, NOW)).await;
    store.import_members(told(vec![whole(3), whole(4), bare(5)], true)).await.expect("a write");
    store.import_members(told(vec![whole(3), bare(5)], true)).await.expect("a write");
    let expected = [
        "member.created",
        "session.created",
        "member.created",
        "session.created",
        "member.updated",
        "phone.bound",
        "member.created",
        "phone.bound",
        "member.created",
    ];
    for kind in expected {
        let crate::Heard::Event(event) = heard.next().await.expect("an event") else { panic!("nothing is missed") };
        assert_eq!(event.happened.kind().as_str(), kind);
    }
}

pub async fn a_try_says_what_would_become_of_each_and_writes_nothing(store: &dyn Store) {
    let gone = log_in(store, login("o4", 4, NOW)).await.member.id;
    store.erase_member(gone, hash(4), By::MEMBER, NOW).await.expect("a write");
    import(store, vec![bare(1), whole(2)]).await;
    let before = actions(store).await;
    let rows = vec![whole(1), whole(2), whole(3), whole(4), Imported { id: member_id(1001), ..bare(5) }];
    let tried = store.try_import(rows.clone()).await.expect("a read");
    assert_eq!((store.member(member_id(3)).await.expect("a read"), actions(store).await), (None, before));
    assert_eq!(there(store, member_id(1001)).await.note, None);
    assert_eq!(
        tried,
        [
            ImportOutcome::Filled(member_id(1001)),
            ImportOutcome::Same(member_id(2)),
            ImportOutcome::Added(member_id(3)),
            ImportOutcome::Erased,
            ImportOutcome::IdTaken,
        ]
    );
    assert_eq!(import(store, rows).await, tried);
}

pub async fn an_import_is_in_the_audit_once_an_hour(store: &dyn Store) {
    for (number, now) in [(1, NOW), (2, NOW + 3599), (2, NOW + 4000), (3, NOW + 7000)] {
        import_at(store, vec![bare(number)], now).await;
    }
    assert_eq!(actions(store).await, ["members.imported"; 2]);
}
