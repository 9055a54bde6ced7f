use std::fs;

use tempfile::TempDir;
use uuid::Uuid;
use wxgate_store::{
    Avatar, AvatarId, BindPhone, By, ChangeMember, Effect, KeepAvatar, Login, Management, Member, MemberId, MemberKey,
    Profile, Received, SessionId, SqliteStore, Store, Subject, Trust, WechatEvent,
};

use crate::{NOW, log_in, login, open, stranger};

const CANARIES: [&str; 11] = [
    "canary-openid",
    "canary-unionid",
    "canary-nickname",
    "canary-phone",
    "canary-answer",
    "canary-agent",
    "canary-index--------------------",
    "canary-event",
    "canary-note",
    "canary-attribute",
    "canary-picture",
];

/// The canaries that are in any file of the store.
fn found(dir: &TempDir) -> Vec<&'static str> {
    let files = fs::read_dir(dir.path()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let bytes = files.collect::<Vec<_>>().concat();
    let holds = |canary: &&str| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
    CANARIES.into_iter().filter(holds).collect()
}

/// An event about the first canary.
fn event(number: u8, effect: Effect) -> WechatEvent {
    WechatEvent {
        url: [number; 32],
        message: [number; 32],
        digest: [number; 32],
        appid: login("", 1).member.appid,
        event: "an_event".to_owned(),
        subject: Some(Subject { openid: CANARIES[0].to_owned(), pseudonym: [9; 32] }),
        sealed_content: Some(CANARIES[7].as_bytes().to_vec()),
        happened_at: NOW,
        effect,
        now: NOW,
    }
}

/// What an operator says of the canary: as the note, and as the name of an attribute, which the audit tells of.
fn noted(member: MemberId) -> ChangeMember {
    ChangeMember {
        member,
        status: None,
        note: Some(CANARIES[8].to_owned()),
        attributes: Some(format!(r#"{{"{}":1}}"#, CANARIES[9])),
        revision: None,
        by: By::COMMAND,
        now: NOW,
    }
}

/// A member all of whose data is canaries, among many others.
async fn canary(store: &SqliteStore) -> Member {
    for id in 1..=150 {
        log_in(store, login(&format!("canary-o{id}"), id)).await;
    }
    let mut first = login(CANARIES[0], 1000);
    first.unionid = Some(CANARIES[1].to_owned());
    first.profile = Some(Profile { nick_name: Some(CANARIES[2].to_owned()), ..Profile::default() });
    first.session.user_agent = Some(CANARIES[5].to_owned());
    let member = log_in(store, first).await.member;
    let bind = BindPhone {
        member: member.id,
        session: SessionId(1000),
        digest: [1; 32],
        sealed_answer: CANARIES[4].as_bytes().to_vec(),
        phone_sealed: CANARIES[3].as_bytes().to_vec(),
        phone_index: CANARIES[6].as_bytes().try_into().unwrap(),
        trust: Trust::Code,
        may_replace: true,
        opening: None,
        usable_until: NOW + 360,
        now: NOW,
    };
    store.bind_phone(bind).await.unwrap();
    store.receive_event(event(1, Effect::Keep)).await.unwrap();
    let avatar = Avatar { id: AvatarId([1; 16]), picture: CANARIES[10].as_bytes().to_vec(), kept_at: NOW };
    store
        .keep_avatar(KeepAvatar { member: member.id, avatar, avatar_url: "/v1/avatars/1".to_owned(), check: None })
        .await
        .unwrap();
    store.change_member(noted(member.id)).await.unwrap();
    for id in 151..=300 {
        log_in(store, login(&format!("canary-o{id}"), id)).await;
    }
    member
}

#[tokio::test]
async fn an_erased_members_bytes_leave_the_files() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = canary(&store).await;
    assert_eq!(found(&dir), CANARIES);
    store.erase_member(member.id, [9; 32], By::MEMBER, NOW).await.unwrap().unwrap();
    assert_eq!(found(&dir), [""; 0]);
}

#[tokio::test]
async fn what_wechat_takes_back_leaves_the_files() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    canary(&store).await;
    store.receive_event(event(2, Effect::Withdraw { phone: true, profile: false })).await.unwrap();
    let left = ["canary-openid", "canary-unionid", "canary-nickname", "canary-agent", "canary-event"];
    assert_eq!(found(&dir), [&left[..], &CANARIES[8..]].concat());
    store.receive_event(event(3, Effect::ClearProfile)).await.unwrap();
    let left = ["canary-openid", "canary-unionid", "canary-agent", "canary-event"];
    assert_eq!(found(&dir), [&left[..], &CANARIES[8..10]].concat());
    assert!(matches!(store.receive_event(event(4, Effect::Erase)).await.unwrap(), Received::Now(Some(_))));
    store.receive_event(event(5, Effect::Keep)).await.unwrap();
    assert_eq!(found(&dir), [""; 0]);
}

#[tokio::test]
async fn a_reader_who_holds_the_log_only_delays_it() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = canary(&store).await;
    let reader = stranger(&dir);
    reader.execute_batch("BEGIN; SELECT count(*) FROM members").unwrap();
    store.erase_member(member.id, [9; 32], By::MEMBER, NOW).await.unwrap().unwrap();
    assert_eq!(found(&dir), CANARIES, "the reader still sees what was");
    reader.execute_batch("COMMIT").unwrap();
    store.ready().await.unwrap();
    assert_eq!(found(&dir), [""; 0]);
}

#[tokio::test]
async fn what_stays_of_an_erased_member_names_nobody() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = canary(&store).await;
    let id = member.id.0.as_bytes();
    let connection = stranger(&dir);
    connection
        .execute("INSERT INTO audit (happened_at, actor, action, member_id) VALUES (1, 'x', 'y', ?)", [id])
        .unwrap();
    store.erase_member(member.id, [9; 32], By::COMMAND, NOW).await.unwrap().unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(
        count(
            "SELECT count(*) FROM audit WHERE member_id IS NULL AND pseudonym = unhex(replace(hex(zeroblob(32)), '00', '09'))"
        ),
        3
    );
    assert_eq!(count("SELECT count(*) FROM audit WHERE action = 'member.erased' AND actor = 'command'"), 1);
    assert_eq!(count("SELECT erased_at FROM erasures"), NOW.0);
}

#[tokio::test]
async fn a_note_that_is_replaced_leaves_the_files() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = canary(&store).await;
    let without = ChangeMember { note: Some(String::new()), attributes: Some("{}".to_owned()), ..noted(member.id) };
    store.change_member(without).await.unwrap();
    let left = found(&dir);
    assert!(!left.contains(&"canary-note"), "{left:?}");
    assert!(left.contains(&"canary-attribute"), "the audit names what was there until the member is erased");
}

/// What another process would find if this one were killed now.
fn backup(dir: &TempDir) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in ["wxgate.db", "wxgate.db-wal"] {
        fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn pseudonym(key: &MemberKey) -> [u8; 32] {
    let mut pseudonym = [0; 32];
    let openid = key.openid.as_bytes();
    pseudonym[..openid.len()].copy_from_slice(openid);
    pseudonym
}

#[tokio::test]
async fn restore_does_not_revive() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let mut first = canary(&store).await;
    let [gone, back] = ["o-gone", "o-back"].map(|openid| login(openid, if openid == "o-gone" { 2_000 } else { 2_001 }));
    let (gone, old) = (log_in(&store, gone).await.member, log_in(&store, back.clone()).await.member);
    // They leave and come back before the backup is made: that they left must not cost them what they are now.
    store.erase_member(old.id, pseudonym(&old.key), By::MEMBER, NOW).await.unwrap().unwrap();
    let back = Login { new_member_id: MemberId(Uuid::now_v7()), now: NOW + 1, ..back };
    let back = log_in(&store, back).await.member;
    let backup = backup(&dir);
    first.key.openid = CANARIES[0].to_owned();
    for erased in [&first, &gone] {
        // An event is about the canary by the pseudonym that all tests here give them.
        let name = if erased.id == first.id { [9; 32] } else { pseudonym(&erased.key) };
        store.erase_member(erased.id, name, By::MEMBER, NOW + 2).await.unwrap().unwrap();
    }
    let journal = store.erasures().await.unwrap();
    assert_eq!(journal.len(), 3);
    drop(store);

    let restored = open(backup.path());
    assert!(restored.member(first.id).await.unwrap().is_some() && found(&backup).len() == CANARIES.len());
    let name = |key: &MemberKey| if key.openid == CANARIES[0] { [9; 32] } else { pseudonym(key) };
    assert_eq!(restored.erase_again(journal.clone(), name, NOW + 3).await.unwrap(), 2);
    for id in [first.id, gone.id, old.id] {
        assert!(restored.member(id).await.unwrap().is_none());
    }
    assert_eq!(restored.member(back.id).await.unwrap(), Some(back), "whoever came back is not the one who left");
    assert_eq!(found(&backup), [""; 0]);
    assert_eq!(restored.erase_again(journal, name, NOW + 4).await.unwrap(), 0);
    let known: Vec<_> = restored.erasures().await.unwrap().iter().map(|erasure| erasure.pseudonym).collect();
    assert!(known.contains(&[9; 32]) && known.len() == 3, "and the next restore knows it too");
}
