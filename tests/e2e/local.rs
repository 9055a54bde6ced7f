//! The server's own socket, and the commands that use it.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rusqlite::Connection;
use rustix::process::{Signal, geteuid};
use serde_json::Value;

use crate::support::{At, Bench, Server, get, program};

fn socket(bench: &Bench) -> std::path::PathBuf {
    bench.data().join("wxgate.sock")
}

async fn apps(bench: &Bench) -> Vec<Value> {
    let listed = bench.run(&["app", "list", "--json"], "").await;
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    serde_json::from_str(&listed.stdout).unwrap()
}

#[tokio::test]
async fn the_socket_is_its_users_alone_serves_without_a_token_and_goes_with_the_server() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let found = fs::symlink_metadata(socket(&bench)).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!((found.permissions().mode() & 0o777, found.uid()), (0o600, geteuid().as_raw()));
    assert_eq!(fs::metadata(bench.data()).unwrap().permissions().mode() & 0o777, 0o700);
    let at = At::Unix(socket(&bench));
    assert_eq!(at.send(get("/api/v1/apps")).await.status, 200);
    assert_eq!(server.internal.send(get("/api/v1/apps")).await.status, 401, "elsewhere a token is asked for");
    assert_eq!(at.send(get("/v1/session")).await.status, 404, "it is no listener for phones");
    assert_eq!(apps(&bench).await[0]["appid"], bench.appid());
    assert_eq!(server.stop().await.code, Some(0));
    assert!(!socket(&bench).exists());
    assert_eq!(apps(&bench).await[0]["appid"], bench.appid(), "without a server the command opens the file itself");
    assert!(!socket(&bench).exists());
}

#[tokio::test]
async fn the_socket_of_a_killed_server_is_replaced() {
    let bench = Bench::new().await;
    bench.serve().await.kill().await;
    assert!(socket(&bench).exists());
    assert_eq!(apps(&bench).await.len(), 1, "nobody answers there, and the directory is free");
    let server = bench.serve().await;
    assert_eq!(At::Unix(socket(&bench)).send(get("/healthz")).await.status, 200);
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn in_a_runtime_directory_the_commands_still_find_it() {
    let (bench, runtime) = (Bench::new().await, tempfile::tempdir().unwrap());
    let mut command = program(bench.dir());
    command.arg("serve").env("RUNTIME_DIRECTORY", runtime.path());
    let server = Server::start(command).await;
    assert!(runtime.path().join("wxgate.sock").exists() && socket(&bench).is_symlink());
    assert_eq!(apps(&bench).await.len(), 1);
    server.stop().await;
    assert!(!runtime.path().join("wxgate.sock").exists() && !socket(&bench).is_symlink());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_an_error_and_no_second_writer() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    server.signal(Signal::STOP);
    let hung = bench.run(&["app", "list"], "").await;
    server.signal(Signal::CONT);
    assert_eq!((hung.code, hung.stderr.contains("does not answer")), (Some(1), true), "{}", hung.stderr);
    fs::remove_file(socket(&bench)).unwrap();
    let locked = bench.run(&["app", "list"], "").await;
    assert_eq!((locked.code, locked.stderr.contains("wxgate.lock")), (Some(1), true), "{}", locked.stderr);
    // Somebody who takes the place and hangs up is no server either.
    let _stranger = UnixListener::bind(socket(&bench)).unwrap();
    let silent = bench.run(&["app", "list"], "").await;
    assert_eq!(silent.code, Some(1), "{}", silent.stderr);
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn who_only_looks_makes_nothing_where_nothing_is() {
    let bench = Bench::new().await;
    for arguments in [&["app", "list"][..], &["token", "list"], &["member", "list"], &["audit", "list"]] {
        let refused = bench.run(arguments, "").await;
        assert_eq!((refused.code, refused.stderr.contains("no server runs")), (Some(1), true), "{}", refused.stderr);
    }
    assert!(!bench.data().exists());
    let migrate = bench.run(&["migrate", "--check", "--json"], "").await;
    assert_eq!((migrate.code, migrate.stdout.contains(r#""schema":null"#)), (Some(0), true), "{}", migrate.stdout);
    assert!(!bench.data().exists());
}

#[tokio::test]
async fn a_command_needs_no_secret_that_only_the_server_gets() {
    let bench = Bench::new().await;
    let credentials = tempfile::tempdir().unwrap();
    let file = bench.dir().join("wxgate.toml");
    let text = fs::read_to_string(&file).unwrap();
    let without: String =
        text.lines().filter(|line| !line.starts_with("secret_file")).map(|line| line.to_owned() + "\n").collect();
    fs::write(&file, without).unwrap();
    fs::write(credentials.path().join("app_secret"), &bench.apps[0].secret).unwrap();
    let mut command = program(bench.dir());
    command.arg("serve").env("CREDENTIALS_DIRECTORY", credentials.path());
    let server = Server::start(command).await;
    assert_eq!(apps(&bench).await.len(), 1);
    server.stop().await;
    let alone = bench.run(&["app", "list"], "").await;
    assert_eq!((alone.code, alone.stderr.contains("app.secret")), (Some(78), true), "{}", alone.stderr);
}

/// Puts a database of the first released schema in place of today's.
fn released(database: &Path) {
    const HISTORY: &str = "refinery_schema_history";
    let sql = [
        include_str!("../../migrations/sqlite/0001_members_and_sessions.sql"),
        include_str!("../../migrations/sqlite/0002_wechat_events.sql"),
        include_str!("../../migrations/sqlite/0003_avatars.sql"),
    ];
    let today = Connection::open(database).unwrap();
    let table = format!("SELECT sql FROM sqlite_schema WHERE name = '{HISTORY}'");
    let table: String = today.query_row(&table, [], |row| row.get(0)).unwrap();
    let old = database.with_file_name("old");
    today.execute("ATTACH ? AS old", [old.to_str().unwrap()]).unwrap();
    today.execute_batch(&table.replacen(HISTORY, &format!("old.{HISTORY}"), 1)).unwrap();
    let rows = format!("INSERT INTO old.{HISTORY} SELECT * FROM main.{HISTORY} WHERE version <= 3");
    assert_eq!(today.execute(&rows, []).unwrap(), sql.len());
    today.close().unwrap();
    Connection::open(&old).unwrap().execute_batch(&sql.join("\n")).unwrap();
    for name in ["wxgate.db-wal", "wxgate.db-shm"] {
        fs::remove_file(database.with_file_name(name)).ok();
    }
    fs::set_permissions(&old, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(old, database).unwrap();
}

#[tokio::test]
async fn an_upgrade_can_be_looked_at_before_it_is_done() {
    let bench = Bench::new().await;
    bench.serve().await.stop().await;
    let current = bench.run(&["migrate", "--check"], "").await;
    assert_eq!((current.code, current.stdout.contains("up to date")), (Some(0), true), "{}", current.stdout);
    let database = bench.data().join("wxgate.db");
    let is_kept = |dir: &Path| {
        fs::read_dir(dir).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().contains("schema-"))
    };
    released(&database);
    let due = bench.run(&["migrate", "--check"], "").await;
    assert_eq!((due.code, due.stdout.contains("to become"), is_kept(&bench.data())), (Some(1), true, false));
    let done = bench.run(&["migrate"], "").await;
    assert_eq!((done.code, is_kept(&bench.data())), (Some(0), true), "{}", done.stderr);
    let later = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2026-01-01T00:00:00Z', '1')";
    Connection::open(&database).unwrap().execute_batch(later).unwrap();
    for arguments in [&["migrate"][..], &["serve"]] {
        let newer = bench.run(arguments, "").await;
        assert_eq!(newer.code, Some(1), "{}", newer.stderr);
        assert!(newer.stderr.contains("schema-") && newer.stderr.contains("99"), "{}", newer.stderr);
    }
}
