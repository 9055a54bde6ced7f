use std::fs;

use tempfile::TempDir;
use wxgate_store::{
    BindPhone, By, Effect, Member, Profile, Received, SessionId, SqliteStore, Store, Subject, Trust, WechatEvent,
};

use crate::{NOW, log_in, login, open, stranger};

const CANARIES: [&str; 8] = [
    "canary-openid",
    "canary-unionid",
    "canary-nickname",
    "canary-phone",
    "canary-answer",
    "canary-agent",
    "canary-index--------------------",
    "canary-event",
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
    assert_eq!(found(&dir), ["canary-openid", "canary-unionid", "canary-nickname", "canary-agent", "canary-event"]);
    store.receive_event(event(3, Effect::ClearProfile)).await.unwrap();
    assert_eq!(found(&dir), ["canary-openid", "canary-unionid", "canary-agent", "canary-event"]);
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
        2
    );
    assert_eq!(count("SELECT count(*) FROM audit WHERE action = 'member.erased' AND actor = 'command'"), 1);
    assert_eq!(count("SELECT erased_at FROM erasures"), NOW.0);
}
