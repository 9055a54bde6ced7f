//! D14: a process that is killed while it makes the schema.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use wxgate_store::{LATEST_SCHEMA, Snapshot, SqliteStore};

use crate::disk::put_under;
use crate::long;
use crate::support::{Bench, Process, get, program, until};

/// Fewer writes than this make no schema.
const FEW: usize = 20;
/// Writes from one kill to the next, in the normal run and in the long one.
const STEP: [usize; 2] = [3, 1];

/// Starts a server that is killed at this write; whether it served before that came.
async fn serves_before(bench: &Bench, write: usize) -> bool {
    let mut serve = program(bench.dir());
    put_under(serve.arg("serve"), bench.dir(), &[("DISK_KILL_AT", &write.to_string())]);
    let mut process = Process::spawn(serve, "");
    until("an end or a beginning", || {
        let serves = process.stderr().contains("\"listening\"");
        (serves || process.status().is_some()).then_some(serves)
    })
    .await
}

#[tokio::test]
async fn migration_kill9() {
    let bench = Bench::new().await;
    let mut write = 1;
    while !serves_before(&bench, write).await {
        let server = bench.serve().await;
        // WeChat lets nobody log in more than a hundred times a minute.
        let skey = server.login(&bench.code(&format!("user{write}"))).await;
        server.kill().await;
        let server = bench.serve().await;
        let session = server.public.send(get("/v1/session").bearer(&skey)).await;
        assert_eq!((session.status, server.stop().await.code), (200, Some(0)), "killed at write {write}");
        fs::remove_dir_all(bench.data()).unwrap();
        write += long(STEP);
    }
    assert!(write > FEW, "all was made after {write} writes");
}

/// Members of the large old database: some megabytes.
const MEMBERS: i64 = 20_000;
/// Kills of its upgrade, in the normal run and in the long one, so far apart that they reach beyond its end.
const KILLS: [usize; 2] = [8, 80];
const FAR: usize = 4_000;

/// A data directory of the first schema, with many members.
fn make_old(bench: &Bench) {
    SqliteStore::make_old(&bench.data(), 1).unwrap();
    let insert = "
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
        INSERT INTO members (id, appid, openid, nick_name, created_at, last_login_at, updated_at)
        SELECT randomblob(16), 'wx', 'o' || n, hex(randomblob(60)), 1, 1, 1 FROM numbers";
    let database = Connection::open(bench.data().join("wxgate.db")).unwrap();
    assert_eq!(u64::try_from(database.execute(insert, [MEMBERS]).unwrap()), Ok(MEMBERS.unsigned_abs()));
    let key = bench.data().join("wxgate.key");
    fs::write(&key, wxgate_crypto::Vault::generate_key_file().as_bytes()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn the_upgrade_of_a_large_database_may_be_killed_anywhere() {
    let bench = Bench::new().await;
    let mut has_served = false;
    for kill in 1..=long(KILLS) {
        make_old(&bench);
        has_served |= serves_before(&bench, kill * FAR / long(KILLS)).await;
        let server = bench.serve().await;
        let skey = server.login(&bench.code("alice")).await;
        assert_eq!(server.public.send(get("/v1/session").bearer(&skey)).await.status, 200);
        server.stop().await;
        let now = Snapshot::open(&bench.data().join("wxgate.db")).unwrap();
        assert_eq!(now.schema_version().unwrap(), LATEST_SCHEMA);
        assert_eq!(now.counts().unwrap()["members"], MEMBERS.unsigned_abs() + 1);
        let copy = bench.data().join("wxgate.db.schema-1");
        let then = Snapshot::open(&copy).unwrap();
        then.check().unwrap();
        assert_eq!((then.schema_version().unwrap(), then.counts().unwrap()["members"]), (1, MEMBERS.unsigned_abs()));
        assert!(!bench.data().join(".wxgate.db.snapshot").exists());
        fs::remove_dir_all(bench.data()).unwrap();
    }
    assert!(has_served, "the last kill comes after the end");
}
