//! What operators see and change.

use uuid::Uuid;

use super::sample::{DAY, NOW, api_token, hash, log_in, login, member_id, phone};
use crate::model::{
    AuditLine, AuditQuery, By, ChangeMember, Changed, Member, MemberId, MemberQuery, Page, Profile, Purged, SessionId,
    Status, Trust,
};
use crate::store::Store;

const APPIDS: [&str; 2] = ["wx0000000000000001", "wx0000000000000002"];

fn everybody() -> MemberQuery {
    MemberQuery {
        appids: APPIDS.map(str::to_owned).to_vec(),
        phone_index: None,
        openid: None,
        nick_name: None,
        status: None,
        after: None,
        limit: 100,
    }
}

fn all_lines() -> AuditQuery {
    AuditQuery { member: None, actor: None, action: None, after: None, limit: 100 }
}

fn nothing_of(member: MemberId) -> ChangeMember {
    ChangeMember { member, status: None, note: None, attributes: None, revision: None, by: operator(), now: NOW + 60 }
}

/// Somebody with a token, from outside.
fn operator() -> By {
    By::token(Uuid::from_u128(7), Some([203, 0, 113, 7].into()))
}

async fn done(store: &dyn Store, change: ChangeMember) -> Member {
    match store.change_member(change).await.expect("a write") {
        Changed::Done(member) => member,
        refused => panic!("{refused:?}"),
    }
}

/// The openids of a page.
async fn found(store: &dyn Store, query: MemberQuery) -> (Vec<String>, Option<i64>) {
    let Page { rows, next } = store.members(query).await.expect("a read");
    (rows.into_iter().map(|member| member.key.openid).collect(), next)
}

async fn lines(store: &dyn Store, query: AuditQuery) -> Vec<AuditLine> {
    store.audit(query).await.expect("a read").rows
}

/// `o1` to `o5`, who are called 小明, Ann, annabel, 小红 and nothing; the last one is of another app.
async fn five(store: &dyn Store) -> Vec<MemberId> {
    let mut ids = Vec::new();
    for (id, name) in [(1, Some("小明")), (2, Some("Ann")), (3, Some("annabel")), (4, Some("小红")), (5, None)] {
        let mut login = login(&format!("o{id}"), id, NOW);
        login.profile = name.map(|name| Profile { nick_name: Some(name.to_owned()), ..Profile::default() });
        APPIDS[usize::from(id == 5)].clone_into(&mut login.member.appid);
        ids.push(log_in(store, login).await.member.id);
    }
    ids
}

pub async fn members_are_listed_newest_first_and_page_by_page(store: &dyn Store) {
    five(store).await;
    let mut query = MemberQuery { limit: 2, ..everybody() };
    for page in [vec!["o5", "o4"], vec!["o3", "o2"], vec!["o1"]] {
        let (openids, next) = found(store, query.clone()).await;
        assert_eq!(
            (openids.iter().map(String::as_str).collect::<Vec<_>>(), next.is_none()),
            (page.clone(), page == ["o1"])
        );
        query.after = next;
    }
    let first = found(store, MemberQuery { limit: 2, ..everybody() }).await;
    log_in(store, login("o6", 6, NOW)).await;
    let second = found(store, MemberQuery { limit: 2, after: first.1, ..everybody() }).await;
    assert_eq!(second.0, ["o3", "o2"], "who joins meanwhile moves nobody to the next page");
}

pub async fn members_are_found_by_all_that_is_asked_for(store: &dyn Store) {
    let ids = five(store).await;
    store.bind_phone(phone(ids[0], 138, 1, Trust::Code, NOW)).await.expect("a write");
    done(store, ChangeMember { status: Some(Status::Blocked), ..nothing_of(ids[2]) }).await;
    let (named, all) = (|name: &str| MemberQuery { nick_name: Some(name.to_owned()), ..everybody() }, everybody);
    for (query, expected) in [
        (all(), vec!["o5", "o4", "o3", "o2", "o1"]),
        (MemberQuery { appids: vec![APPIDS[1].to_owned()], ..all() }, vec!["o5"]),
        (MemberQuery { appids: Vec::new(), ..all() }, vec![]),
        (MemberQuery { openid: Some("o2".to_owned()), ..all() }, vec!["o2"]),
        (MemberQuery { openid: Some("o".to_owned()), ..all() }, vec![]),
        (MemberQuery { openid: Some("O2".to_owned()), ..all() }, vec![]),
        (MemberQuery { openid: Some("o5".to_owned()), appids: vec![APPIDS[0].to_owned()], ..all() }, vec![]),
        (MemberQuery { phone_index: Some(hash(138)), ..all() }, vec!["o1"]),
        (MemberQuery { phone_index: Some(hash(139)), ..all() }, vec![]),
        (MemberQuery { phone_index: Some(hash(138)), openid: Some("o2".to_owned()), ..all() }, vec![]),
        (MemberQuery { status: Some(Status::Blocked), ..all() }, vec!["o3"]),
        (MemberQuery { status: Some(Status::Active), ..all() }, vec!["o5", "o4", "o2", "o1"]),
        (named("小"), vec!["o4", "o1"]),
        (named("小明"), vec!["o1"]),
        (named("明"), vec![]),
        (named("aNN"), vec!["o3", "o2"]),
        (named("ANNA"), vec!["o3"]),
        (named("%"), vec![]),
        (named("_nn"), vec![]),
        (named("*"), vec![]),
        (MemberQuery { status: Some(Status::Active), ..named("ann") }, vec!["o2"]),
    ] {
        assert_eq!(
            found(store, query.clone()).await,
            (expected.into_iter().map(str::to_owned).collect(), None),
            "{query:?}"
        );
    }
}

pub async fn a_change_replaces_what_it_gives_and_is_audited(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let given = ChangeMember {
        status: Some(Status::Blocked),
        note: Some("a regular".to_owned()),
        attributes: Some(r#"{"level":3,"vip":true}"#.to_owned()),
        ..nothing_of(id)
    };
    let changed = done(store, given.clone()).await;
    assert_eq!((changed.status, changed.note.as_deref(), changed.revision), (Status::Blocked, Some("a regular"), 1));
    assert_eq!((changed.attributes.as_str(), changed.updated_at), (r#"{"level":3,"vip":true}"#, NOW + 60));
    assert_eq!(store.member(id).await.expect("a read"), Some(changed.clone()));
    assert_eq!(done(store, given).await, changed, "the same again is no change");
    let next = ChangeMember {
        status: Some(Status::Active),
        note: Some(String::new()),
        attributes: Some(r#"{"level":4,"vip":true}"#.to_owned()),
        ..nothing_of(id)
    };
    assert_eq!(done(store, next).await.revision, 2);
    assert_eq!(done(store, ChangeMember { attributes: Some("{}".to_owned()), ..nothing_of(id) }).await.note, None);
    let said: Vec<_> = lines(store, all_lines())
        .await
        .into_iter()
        .map(|line| {
            assert_eq!((line.member, line.row.at, line.origin.as_deref()), (Some(id), NOW + 60, Some("203.0.113.7")));
            assert_eq!(line.row.actor, "token:00000000-0000-0000-0000-000000000007");
            (line.row.action, line.row.detail.unwrap_or_default())
        })
        .collect();
    let said: Vec<_> = said.iter().map(|(action, detail)| (action.as_str(), detail.as_str())).collect();
    assert_eq!(
        said,
        [
            ("member.changed", r#"{"attributes":["level","vip"]}"#),
            ("member.unblocked", r#"{"attributes":["level"],"note":"removed","status":"active"}"#),
            ("member.blocked", r#"{"attributes":["level","vip"],"note":"set","status":"blocked"}"#),
        ]
    );
}

pub async fn a_change_of_an_older_revision_is_left_alone(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let note = |note: &str, revision| ChangeMember { note: Some(note.to_owned()), revision, ..nothing_of(id) };
    assert_eq!(done(store, note("one", Some(0))).await.revision, 1);
    assert_eq!(store.change_member(note("two", Some(0))).await.expect("a write"), Changed::Stale);
    assert_eq!(done(store, note("three", None)).await.revision, 2, "who names none has the last word");
    assert_eq!(lines(store, all_lines()).await.len(), 2);
    let gone = ChangeMember { member: member_id(9), ..note("four", Some(0)) };
    assert_eq!(store.change_member(gone).await.expect("a write"), Changed::Gone);
}

pub async fn a_blocked_member_is_so_in_every_session_until_unblocked(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    for status in [Status::Blocked, Status::Active] {
        done(store, ChangeMember { status: Some(status), ..nothing_of(id) }).await;
        let session = store.session(SessionId(1)).await.expect("a read").expect("a session");
        assert_eq!(session.member.status, status);
        if let crate::model::Identified::Known(identity) = store.identify(SessionId(1), &hash(1), NOW) {
            assert_eq!(identity.status, status);
        }
    }
}

pub async fn revoked_sessions_are_audited_if_there_were_any(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    for session in 2..=4 {
        log_in(store, login("o1", session, NOW)).await;
    }
    log_in(store, login("o2", 5, NOW)).await;
    let revoke = async |only: Option<i64>| {
        store.revoke_sessions(id, only.map(SessionId), operator(), NOW).await.expect("a write")
    };
    assert_eq!((revoke(Some(2)).await, revoke(Some(2)).await, revoke(Some(5)).await), (1, 0, 0));
    assert_eq!((revoke(None).await, revoke(None).await), (3, 0));
    assert!(store.session(SessionId(5)).await.expect("a read").is_some(), "that of somebody else");
    let said: Vec<_> =
        lines(store, all_lines()).await.into_iter().map(|line| (line.row.action, line.row.detail)).collect();
    let said_so = |action: &str, detail: &str| (action.to_owned(), Some(detail.to_owned()));
    assert_eq!(
        said,
        [said_so("sessions.ended", r#"{"sessions":3}"#), said_so("session.ended", r#"{"session":"0000000000000002"}"#),]
    );
}

pub async fn the_audit_is_listed_by_whom_by_what_and_page_by_page(store: &dyn Store) {
    let ids = five(store).await;
    let token = api_token(1);
    store.create_api_token(token.clone(), By::COMMAND).await.expect("a write");
    for id in &ids[..2] {
        assert!(store.note_export(*id, operator(), NOW).await.expect("a write"));
    }
    assert!(!store.note_export(member_id(99), operator(), NOW).await.expect("a write"));
    store.revoke_api_token(token.id, operator(), NOW).await.expect("a write");
    store.erase_member(ids[1], hash(9), By::COMMAND, NOW).await.expect("a write").expect("a member");
    let actions = async |query: AuditQuery| -> Vec<String> {
        lines(store, query).await.into_iter().map(|line| line.row.action).collect()
    };
    let all = ["member.erased", "token.revoked", "member.exported", "member.exported", "token.created"];
    assert_eq!(actions(all_lines()).await, all);
    let (by, what) = (Some(operator().actor.to_string()), Some("member.exported".to_owned()));
    assert_eq!(actions(AuditQuery { actor: by.clone(), ..all_lines() }).await, all[1..4]);
    assert_eq!(actions(AuditQuery { action: what.clone(), ..all_lines() }).await, all[2..4]);
    assert_eq!(actions(AuditQuery { member: Some(ids[0]), ..all_lines() }).await, all[3..4]);
    assert!(
        actions(AuditQuery { member: Some(ids[1]), ..all_lines() }).await.is_empty(),
        "who was erased is not to be found"
    );
    assert!(actions(AuditQuery { actor: Some("member".to_owned()), action: what, ..all_lines() }).await.is_empty());
    let (mut after, mut seen) = (None, 0);
    loop {
        let page = store.audit(AuditQuery { after, limit: 2, ..all_lines() }).await.expect("a read");
        seen += page.rows.len();
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(page.rows.len(), 2);
    }
    assert_eq!(seen, all.len());
}

pub async fn what_stays_of_an_erased_member_says_nothing_of_them(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    let attributes = Some(r#"{"a name":1}"#.to_owned());
    done(store, ChangeMember { status: Some(Status::Blocked), attributes, ..nothing_of(id) }).await;
    store.erase_member(id, hash(9), operator(), NOW).await.expect("a write").expect("a member");
    let left = lines(store, all_lines()).await;
    let details: Vec<_> = left.iter().map(|line| (line.member, line.pseudonym, line.row.detail.as_deref())).collect();
    assert_eq!(details, [(None, Some(hash(9)), None), (None, Some(hash(9)), Some(r#"{"status":"blocked"}"#))]);
}

pub async fn the_audit_is_kept_for_180_days(store: &dyn Store) {
    let id = log_in(store, login("o1", 1, NOW)).await.member.id;
    for day in [0, 1, 2] {
        store.note_export(id, operator(), NOW + day * DAY).await.expect("a write");
    }
    store.purge(NOW + 180 * DAY, 100).await.expect("a write");
    assert_eq!(lines(store, all_lines()).await.len(), 3);
    for (limit, audit) in [(1, 1), (100, 1), (100, 0)] {
        let purged = store.purge(NOW + 182 * DAY, limit).await.expect("a write");
        assert_eq!(purged, Purged { audit, more: limit == 1, ..Purged::default() });
    }
    assert_eq!(lines(store, all_lines()).await.len(), 1);
}
