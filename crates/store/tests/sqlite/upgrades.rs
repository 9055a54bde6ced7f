use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::Connection;
use tempfile::TempDir;
use wxgate_store::{LATEST_SCHEMA, Settings, Snapshot, SqliteStore, Store, UnixSeconds, examine, schema_version};

use crate::{NOW, log_in, login, open, refusal, stranger};

/// A database of the first schema, with one member.
fn old(dir: &Path) {
    SqliteStore::make_old(dir, 1).unwrap();
    let member = "
        INSERT INTO members (id, appid, openid, created_at, last_login_at, updated_at)
        VALUES (randomblob(16), 'a', 'kept', 1, 1, 1)";
    Connection::open(dir.join("wxgate.db")).unwrap().execute(member, []).unwrap();
}

fn snapshot(dir: &Path) -> PathBuf {
    dir.join("wxgate.db.schema-1")
}

fn openids(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut select = connection.prepare("SELECT openid FROM members").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_upgrade_keeps_what_was_there_before_for_its_user_alone() {
    let dir = TempDir::new().unwrap();
    assert_eq!(schema_version(dir.path()).unwrap(), None);
    old(dir.path());
    assert_eq!(schema_version(dir.path()).unwrap(), Some(1));
    drop(open(dir.path()));
    assert_eq!(schema_version(dir.path()).unwrap(), Some(LATEST_SCHEMA));
    assert_eq!(openids(&snapshot(dir.path())), ["kept"]);
    let kept = Snapshot::open(&snapshot(dir.path())).unwrap();
    kept.check().unwrap();
    assert_eq!(kept.schema_version().unwrap(), 1);
    assert_eq!(fs::metadata(snapshot(dir.path())).unwrap().permissions().mode() & 0o7777, 0o600);
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("snapshot")), "{names:?}");
    fs::remove_file(snapshot(dir.path())).unwrap();
    drop(open(dir.path()));
    assert!(!snapshot(dir.path()).exists(), "nothing is upgraded, and nothing kept");
}

#[test]
fn a_new_store_has_nothing_to_keep() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path()));
    assert!(fs::read_dir(dir.path()).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().contains("schema")));
}

#[test]
fn without_a_snapshot_nothing_is_changed() {
    let dir = TempDir::new().unwrap();
    old(dir.path());
    // A directory in its place: the snapshot cannot be put there, whoever runs this.
    fs::create_dir_all(snapshot(dir.path()).join("x")).unwrap();
    let sentence = refusal(SqliteStore::open(&Settings::default(), dir.path()));
    assert!(sentence.contains("no snapshot could be taken"), "{sentence}");
    assert_eq!(schema_version(dir.path()).unwrap(), Some(1));
    assert!(!dir.path().join(".wxgate.db.snapshot").exists());
}

#[test]
fn a_failed_migration_changes_nothing() {
    let dir = TempDir::new().unwrap();
    old(dir.path());
    stranger(&dir).execute_batch("CREATE TABLE avatars (in_the_way)").unwrap();
    let sentence = refusal(SqliteStore::open(&Settings::default(), dir.path()));
    assert!(sentence.contains("nothing was changed"), "{sentence}");
    assert_eq!(schema_version(dir.path()).unwrap(), Some(1));
    assert_eq!(openids(&dir.path().join("wxgate.db")), ["kept"]);
}

#[test]
fn a_newer_schema_is_refused_with_the_way_back() {
    let dir = TempDir::new().unwrap();
    old(dir.path());
    drop(open(dir.path()));
    let later = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 VALUES (99, 'later', '2026-01-01T00:00:00Z', '1')";
    stranger(&dir).execute(later, []).unwrap();
    let sentence = refusal(SqliteStore::open(&Settings::default(), dir.path()));
    let way_back = snapshot(&dir.path().canonicalize().unwrap());
    assert!(sentence.contains("schema is 99") && sentence.contains(way_back.to_str().unwrap()), "{sentence}");
    assert_eq!(examine(dir.path()).unwrap().schema_version, 99);
    for file in ["wxgate.db", "wxgate.db-wal", "wxgate.db-shm"] {
        fs::remove_file(dir.path().join(file)).ok();
    }
    fs::rename(snapshot(dir.path()), dir.path().join("wxgate.db")).unwrap();
    drop(open(dir.path()));
    assert_eq!(openids(&dir.path().join("wxgate.db")), ["kept"], "the way back is one");

    let dir = TempDir::new().unwrap();
    drop(open(dir.path()));
    stranger(&dir).execute(later, []).unwrap();
    assert!(refusal(SqliteStore::open(&Settings::default(), dir.path())).contains("backup from before the upgrade"));
}

#[tokio::test]
async fn a_snapshot_goes_after_a_week() {
    let dir = TempDir::new().unwrap();
    old(dir.path());
    let store = open(dir.path());
    log_in(&store, login("o1", 1)).await;
    let made = |at: i64| {
        let file = File::options().write(true).open(snapshot(dir.path())).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap())).unwrap();
    };
    let week = 7 * 86_400;
    made(NOW.0 - week);
    store.purge(NOW, 10).await.unwrap();
    assert!(snapshot(dir.path()).exists());
    store.purge(UnixSeconds(NOW.0 + 1), 10).await.unwrap();
    assert!(!snapshot(dir.path()).exists());
}
