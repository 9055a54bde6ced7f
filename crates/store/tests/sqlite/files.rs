use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;
use wxgate_store::{LATEST_SCHEMA, Settings, SqliteStore, Store, examine};

use crate::{log_in, login, open, refusal, stranger};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn file_modes() {
    let parent = TempDir::new().unwrap();
    let data_dir = parent.path().join("a/wxgate-data");
    let store = open(&data_dir);
    log_in(&store, login("o1", 1)).await;
    assert_eq!(mode(&data_dir), 0o700);
    for file in ["wxgate.db", "wxgate.db-wal", "wxgate.db-shm", "wxgate.lock"] {
        assert_eq!(mode(&data_dir.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_file_that_others_may_touch_is_refused() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    for file in ["wxgate.db", "wxgate.db-wal", "wxgate.db-shm"] {
        let path = dir.path().join(file);
        for loose in [0o640, 0o620, 0o604, 0o602, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(loose)).unwrap();
            let sentence = examine(dir.path()).unwrap_err().to_string();
            let named = [path.to_str().unwrap(), &format!("{loose:04o}"), "chmod 600"];
            assert!(named.iter().all(|word| sentence.contains(word)), "{sentence}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    drop(store);
    fs::set_permissions(dir.path().join("wxgate.db"), Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(SqliteStore::open(&Settings::default(), dir.path())).contains("chmod 600"));
}

#[test]
fn a_link_in_place_of_the_database_is_refused() {
    let (dir, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    drop(open(elsewhere.path()));
    symlink(elsewhere.path().join("wxgate.db"), dir.path().join("wxgate.db")).unwrap();
    assert!(refusal(SqliteStore::open(&Settings::default(), dir.path())).contains("ordinary file"));
}

#[test]
fn second_instance_refused() {
    let dir = TempDir::new().unwrap();
    let first = open(dir.path());
    let sentence = refusal(SqliteStore::open(&Settings::default(), dir.path()));
    assert!(sentence.contains(dir.path().canonicalize().unwrap().to_str().unwrap()), "{sentence}");
    assert!(sentence.contains("wxgate.lock"), "{sentence}");
    drop(first);
    open(dir.path());
}

#[tokio::test]
async fn a_closed_store_lets_go_of_its_directory() {
    let dir = TempDir::new().unwrap();
    let first = open(dir.path());
    first.close().await;
    open(dir.path());
}

#[tokio::test]
async fn a_look_beside_the_server_sees_all_and_makes_nothing() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wxgate.db");
    assert!(examine(dir.path()).unwrap_err().to_string().contains("wxgate.db"));
    assert!(!path.exists());
    let store = open(dir.path());
    assert!(examine(dir.path()).unwrap().sealed.is_empty());
    log_in(&store, login("o1", 1)).await;
    let files = || fs::read_dir(dir.path()).unwrap().count();
    let before = files();
    let found = examine(dir.path()).unwrap();
    assert_eq!((found.schema_version, found.faults.len(), files()), (LATEST_SCHEMA, 0, before));
    assert_eq!((found.sealed.len(), found.sealed[0].openid.as_str()), (1, "o1"));
    log_in(&store, login("o1", 2)).await;
}

#[test]
fn what_is_no_database_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wxgate.db");
    fs::write(&path, "no database, and long enough to be seen as none by its first page".repeat(100)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert!(refusal(SqliteStore::open(&Settings::default(), dir.path())).contains("wxgate.db"));
}

#[test]
fn settings_out_of_range_are_refused_by_name_and_without_secrets() {
    let dir = TempDir::new().unwrap();
    let refused = |settings| refusal(SqliteStore::open(&settings, dir.path()));
    assert!(refused(Settings { queue: 0, ..Settings::default() }).contains("store.queue"));
    assert!(refused(Settings { queue: usize::MAX, ..Settings::default() }).contains("store.queue"));
    assert!(refused(Settings { readers: 0, ..Settings::default() }).contains("store.readers"));
    let elsewhere = Settings { url: "postgres://u:canary@db/x".to_owned(), ..Settings::default() };
    let sentence = refused(elsewhere);
    assert!(sentence.contains("postgres") && !sentence.contains("canary"), "{sentence}");
}

#[tokio::test]
async fn being_ready_is_found_out_by_writing() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let writing = stranger(&dir);
    writing.execute_batch("PRAGMA user_version = 77").unwrap();
    store.ready().await.unwrap();
    let version: u32 = writing.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, store.ready().await.unwrap().schema_version, "the probe is a real write");
}
