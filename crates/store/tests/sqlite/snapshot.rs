use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use tempfile::TempDir;
use wxgate_store::{Error, LATEST_SCHEMA, Snapshot, Store};

use crate::{NOW, log_in, login, open, stranger};

fn members(snapshot: &Snapshot) -> u64 {
    snapshot.counts().unwrap()["members"]
}

#[tokio::test]
async fn a_copy_is_whole_private_and_of_one_moment() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    for id in 1..=300 {
        log_in(&store, login(&format!("o{id}"), id)).await;
    }
    let to = dir.path().join("copy");
    // Who writes while it is copied is not in it, and is not kept waiting.
    let beside = stranger(&dir);
    // So that it is copied in several steps.
    beside.execute_batch("CREATE TABLE ballast (x); INSERT INTO ballast VALUES (randomblob(3000000))").unwrap();
    let mut renamed = 0;
    let copy = Snapshot::take(dir.path(), &to, &mut |_, _| {
        if renamed == 0 {
            renamed += beside.execute("UPDATE members SET nick_name = 'late'", []).unwrap();
        }
    });
    let copy = copy.unwrap();
    copy.check().unwrap();
    assert_eq!((members(&copy), copy.schema_version().unwrap()), (300, LATEST_SCHEMA));
    assert_eq!(renamed, 300);
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(!dir.path().join("copy-wal").exists(), "it needs no log");
    let late = rusqlite::Connection::open(&to).unwrap();
    let late = late.query_row("SELECT count(*) FROM members WHERE nick_name = 'late'", [], |row| row.get::<_, i64>(0));
    assert_eq!(late.unwrap(), 0);
    assert!(matches!(Snapshot::take(dir.path(), &to, &mut |_, _| {}), Err(Error::Refused(_))), "it is there already");
}

/// Another process may move the log only up to a lock that this one has on the log's index; and a lock is lost when its
/// process closes the file by another descriptor.
#[tokio::test]
async fn a_copy_keeps_its_moment_also_from_other_processes() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let beside = stranger(&dir);
    beside.execute_batch("CREATE TABLE ballast (x); INSERT INTO ballast VALUES (randomblob(5000000))").unwrap();
    let index = fs::metadata(dir.path().join("wxgate.db-shm")).unwrap().ino();
    // SQLite: bytes 123 to 127 are the readers'; 123 is of those who need nothing of the log.
    let readers = || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let fields = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let of_index = fields.filter(|fields| fields[5].ends_with(&format!(":{index}")));
        of_index.filter(|fields| ["123", "124", "125", "126", "127"].contains(&fields[6])).count()
    };
    assert_eq!(readers(), 0);
    let mut steps = 0;
    let copy = Snapshot::take(dir.path(), &dir.path().join("copy"), &mut |_, _| {
        steps += 1;
        assert!(readers() > 0, "at step {steps}");
    });
    copy.unwrap().check().unwrap();
    assert!(steps > 2);
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_copy_that_holds_up_the_log_for_too_long_lets_go_and_begins_anew() {
    const LOG: &str = "wxgate.db-wal";
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let beside = stranger(&dir);
    let large = "
        PRAGMA wal_autocheckpoint = 0;
        CREATE TABLE ballast (x);
        CREATE TABLE busy (x);
        INSERT INTO ballast VALUES (randomblob(20000000));
        INSERT INTO busy VALUES (randomblob(3000000));
        PRAGMA wal_checkpoint(TRUNCATE)";
    beside.execute_batch(large).unwrap();
    let (mut steps, mut begun, mut longest) = (0, 0, 0);
    let copy = Snapshot::take(dir.path(), &dir.path().join("copy"), &mut |done, _| {
        steps += 1;
        begun += u32::from(done == 256 * 4096);
        if begun < 3 {
            beside.execute("UPDATE busy SET x = randomblob(3000000)", []).unwrap();
        }
        longest = longest.max(fs::metadata(dir.path().join(LOG)).unwrap().len());
    });
    copy.unwrap().check().unwrap();
    assert!(begun >= 2, "it began {begun} times");
    assert!(longest < 32 << 20, "{longest} bytes: the writer would have waited");
    store.ready().await.unwrap();
}

#[tokio::test]
async fn damage_is_found_in_a_copy() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    log_in(&store, login("o1", 1)).await;
    let to = dir.path().join("copy");
    let copy = Snapshot::take(dir.path(), &to, &mut |_, _| {}).unwrap();
    assert_eq!(copy.sealed().unwrap().len(), 1);
    drop(copy);
    let mut bytes = fs::read(&to).unwrap();
    bytes[4096..8192].fill(0x5a);
    fs::write(&to, bytes).unwrap();
    let found = Snapshot::open(&to).unwrap().check().unwrap_err().to_string();
    assert!(found.contains("damaged"), "{found}");
    store.purge(NOW, 1).await.unwrap();
}
