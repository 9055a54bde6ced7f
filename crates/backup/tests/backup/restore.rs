//! What a restore puts where, who is in its way, and who does not come back by it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use wxgate_backup::{Error, Journal, Out};
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::{By, Erasure, LATEST_SCHEMA, Settings, Snapshot, SqliteStore, Store, UnixSeconds};

use crate::{APPID, Bench, NOW, names};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn openids(data: &Path) -> Vec<String> {
    let connection = Connection::open(data.join("wxgate.db")).unwrap();
    let mut select = connection.prepare("SELECT openid FROM members ORDER BY openid").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_restored_directory_is_one_that_a_server_opens_with_what_is_sealed_in_it() {
    let bench = Bench::with(&["alice", "bob"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    let dir = bench.dir.path().join("a/b");
    let restored = bench.restore_to(&dir, false, Vec::new()).await.unwrap();
    assert_eq!((restored.erased, restored.journal, restored.set_aside), (0, Journal::None, None));
    assert_eq!((mode(&dir), mode(&dir.join("wxgate.key")), mode(&dir.join("wxgate.db"))), (0o700, 0o600, 0o600));
    assert_eq!(names(&dir), ["wxgate.db", "wxgate.key", "wxgate.lock"]);
    let vault = Vault::parse_key_file(&fs::read_to_string(dir.join("wxgate.key")).unwrap()).unwrap();
    let store = SqliteStore::open(&Settings::default(), &dir).unwrap();
    let member =
        store.session(wxgate_store::SessionId(i64::from(crate::number_of("bob")))).await.unwrap().unwrap().member;
    let sealed = member.phone.unwrap().sealed;
    assert_eq!(**vault.open(Purpose::Phone, APPID, "bob", &sealed).unwrap(), *b"13800000000");
}

#[tokio::test]
async fn data_that_is_there_is_in_the_way_unless_it_is_set_aside() {
    let bench = Bench::with(&["alice"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    let store = bench.open();
    bench.log_in(&store, "carol").await;
    let taken = bench.restore_to(&bench.data(), true, Vec::new()).await.unwrap_err();
    assert!(taken.to_string().contains("another wxgate uses this data directory"), "{taken}");
    store.close().await;
    drop(store);
    assert!(matches!(bench.restore_to(&bench.data(), false, Vec::new()).await, Err(Error::NotEmpty(_))));
    assert_eq!(openids(&bench.data()), ["alice", "carol"]);
    let restored = bench.restore_to(&bench.data(), true, Vec::new()).await.unwrap();
    assert_eq!(openids(&bench.data()), ["alice"]);
    assert_eq!(openids(&restored.set_aside.unwrap()), ["alice", "carol"]);
}

#[tokio::test]
async fn a_directory_of_something_else_is_left_alone() {
    let bench = Bench::with(&["alice"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    let dir = bench.dir.path().join("home");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("thesis.txt"), "").unwrap();
    assert!(matches!(bench.restore_to(&dir, false, Vec::new()).await, Err(Error::NotEmpty(_))));
}

#[tokio::test]
async fn a_file_that_is_no_good_leaves_nothing_behind() {
    let bench = Bench::with(&["alice"]).await;
    let mut bytes = bench.backup();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(bench.file(), bytes).unwrap();
    let dir = bench.dir.path().join("new");
    assert!(matches!(bench.restore_to(&dir, false, Vec::new()).await, Err(Error::CutOff { .. })));
    assert!(!dir.exists());
    let before = names(&bench.data());
    assert!(bench.restore_to(&bench.data(), true, Vec::new()).await.is_err());
    assert_eq!(names(&bench.data()), before);
    assert_eq!(openids(&bench.data()), ["alice"]);
}

#[tokio::test]
async fn of_two_restores_at_once_one_is_refused() {
    let bench = Bench::with(&["alice"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    let dir = bench.dir.path().join("new");
    fs::create_dir(&dir).unwrap();
    let first = wxgate_store::Lock::take(&dir).unwrap();
    let refused = bench.restore_to(&dir, false, Vec::new()).await.unwrap_err();
    assert!(refused.to_string().contains("another wxgate uses this data directory"), "{refused}");
    drop(first);
    bench.restore_to(&dir, false, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn restore_does_not_revive() {
    let bench = Bench::with(&["alice", "bob", "carol"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    let (store, vault) = (bench.open(), bench.vault());
    for (openid, at) in [("bob", 10), ("carol", 10)] {
        let id = bench.log_in(&store, openid).await;
        store.erase_member(id, vault.pseudonym(APPID, openid), By::MEMBER, UnixSeconds(NOW + at)).await.unwrap();
    }
    store.close().await;
    drop(store);
    let restored = bench.restore_to(&bench.data(), true, Vec::new()).await.unwrap();
    assert_eq!((restored.erased, restored.journal), (2, Journal::Applied));
    assert_eq!(openids(&bench.data()), ["alice"]);
    let bytes = fs::read(bench.data().join("wxgate.db")).unwrap();
    assert!(!bytes.windows(5).any(|window| window == b"carol"), "they are not in its free space either");
    let journal = Snapshot::open(&bench.data().join("wxgate.db")).unwrap().erasures().unwrap();
    assert_eq!(journal.len(), 2, "and the next restore knows it, too");

    let elsewhere = bench.dir.path().join("elsewhere");
    let line = Erasure { pseudonym: vault.pseudonym(APPID, "alice"), erased_at: UnixSeconds(NOW + 1) };
    let restored = bench.restore_to(&elsewhere, false, vec![line]).await.unwrap();
    assert_eq!((restored.erased, restored.journal), (1, Journal::None));
    assert_eq!(openids(&elsewhere), ["bob", "carol"]);
}

#[tokio::test]
async fn who_came_back_after_an_erasure_stays() {
    let bench = Bench::with(&["alice"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    let line = Erasure { pseudonym: bench.vault().pseudonym(APPID, "alice"), erased_at: UnixSeconds(NOW - 1) };
    let dir = bench.dir.path().join("new");
    assert_eq!(bench.restore_to(&dir, false, vec![line]).await.unwrap().erased, 0);
    assert_eq!(openids(&dir), ["alice"]);
}

#[tokio::test]
async fn a_damaged_or_foreign_database_gives_no_journal_and_says_so() {
    let bench = Bench::with(&["alice"]).await;
    bench.create(Out::File(&bench.file())).unwrap();
    fs::write(bench.data().join("wxgate.db"), vec![0x5a; 8192]).unwrap();
    let restored = bench.restore_to(&bench.data(), true, Vec::new()).await.unwrap();
    assert_eq!(restored.journal, Journal::Unreadable);

    let other = Bench::new();
    let store = other.open();
    let id = other.log_in(&store, "alice").await;
    store.erase_member(id, other.vault().pseudonym(APPID, "alice"), By::MEMBER, UnixSeconds(NOW)).await.unwrap();
    store.close().await;
    drop(store);
    let restored = bench.restore_to(&other.data(), true, Vec::new()).await.unwrap();
    assert_eq!((restored.journal, restored.erased), (Journal::OtherKey, 0));
}

#[tokio::test]
async fn an_older_schema_is_brought_up_to_date() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.data()).unwrap();
    SqliteStore::make_old(&bench.data(), 1).unwrap();
    assert_eq!(bench.create(Out::File(&bench.file())).unwrap().manifest.schema_version, 1);
    let dir = bench.dir.path().join("new");
    assert_eq!(bench.restore_to(&dir, false, Vec::new()).await.unwrap().schema_version, LATEST_SCHEMA);
    SqliteStore::open(&Settings::default(), &dir).unwrap();
    assert_eq!(names(&dir).iter().filter(|name| name.contains("schema")).count(), 0, "no copy of a copy");
}
