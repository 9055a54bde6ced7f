//! Backups by the command line: made beside the server, found wrong in words, restored to a server whose sessions live.

use std::fs;
use std::io::{Write, stderr};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use serde_json::{Value, json};

use crate::support::{Bench, Ended, Process, Server, delete, get, post, program, until};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A backup in the usual place, and what the command said.
async fn create(bench: &Bench, flags: &[&str]) -> (PathBuf, Ended) {
    let made = bench.run(&[&["backup", "create"], flags].concat(), "").await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    (bench.dir().join(made.stdout.trim()), made)
}

async fn said(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String) {
    let ended = bench.run(arguments, "").await;
    (ended.code, ended.stderr)
}

async fn status(server: &Server, skey: &str) -> u16 {
    server.public.send(get("/v1/session").bearer(skey)).await.status
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn served_backed_up_destroyed_and_restored_an_old_skey_is_still_valid() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let code = bench.sandbox.phone(bench.appid(), "alice").unwrap().code;
    let bound = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": code }))).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    let member = server.public.send(get("/v1/me").bearer(&skey)).await.json();

    let away = bench.dir().join("nas.age");
    let (file, first) = create(&bench, &["--out", text(&away)]).await;
    assert!(first.stderr.contains("the key to every backup"), "{}", first.stderr);
    assert_eq!((file.as_path(), mode(&away)), (away.as_path(), 0o600));
    let late = server.login(&bench.code("bob")).await;
    let key = bench.dir().join("key.txt");
    fs::rename(bench.data().join("wxgate.backup.key"), &key).unwrap();
    server.kill().await;
    fs::remove_dir_all(bench.data()).unwrap();

    let verified = bench.run(&["backup", "verify", text(&away), "--key", text(&key), "--json"], "").await;
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    let verified: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!((&verified["ok"], &verified["manifest"]["counts"]["members"]), (&json!(true), &json!(1)));
    let data = bench.data();
    let restore = ["backup", "restore", text(&away), "--key", text(&key), "--to", text(&data)];
    let restored = bench.run(&restore, "").await;
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert!(restored.stdout.contains("1 members restored"), "{}", restored.stdout);

    let server = bench.serve().await;
    assert_eq!(server.public.send(get("/v1/me").bearer(&skey)).await.json(), member);
    assert_eq!(status(&server, &late).await, 401, "who came after the backup");
    let (code, refused) = said(&bench, &restore).await;
    assert_eq!(code, Some(1));
    assert!(refused.contains("another wxgate uses this data directory"), "{refused}");
    assert_eq!(status(&server, &skey).await, 200);
}

#[tokio::test]
async fn file_modes() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    server.login(&bench.code("alice")).await;
    let run = |line: &str| {
        let mut open_handed = Command::new("/bin/sh");
        open_handed.args(["-c", &format!("umask 0; exec \"$0\" {line}"), env!("CARGO_BIN_EXE_wxgate")]);
        open_handed.current_dir(bench.dir()).env_clear();
        assert!(open_handed.output().unwrap().status.success(), "{line}");
    };
    run("backup create");
    let backups = bench.data().join("backups");
    let made: Vec<PathBuf> = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((made.len(), mode(&backups), mode(&made[0])), (1, 0o700, 0o600));
    assert_eq!(mode(&bench.data().join("wxgate.backup.key")), 0o600);
    run(&format!("backup verify {}", made[0].display()));
    let data = bench.data();
    run(&format!("backup restore {} --key {}/wxgate.backup.key --to new", made[0].display(), data.display()));
    let new = bench.dir().join("new");
    assert_eq!(mode(&new), 0o700);
    for dir in [&data, &new] {
        let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.for_each(|path| assert_eq!(mode(&path), 0o600, "{}", path.display()));
    }
    let record: Value = serde_json::from_slice(&fs::read(data.join("wxgate.backups.json")).unwrap()).unwrap();
    assert_eq!((&record["created"]["members"], &record["verified"]["members"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn each_thing_that_is_wrong_with_a_backup_has_words_of_its_own_in_both_languages() {
    let bench = Bench::new().await;
    bench.serve().await.login(&bench.code("alice")).await;
    let (file, _) = create(&bench, &[]).await;
    let whole = fs::read(&file).unwrap();
    let other_key = bench.dir().join("other.key");
    fs::write(&other_key, wxgate_crypto::age::Identity::generate().to_file().as_bytes()).unwrap();
    fs::set_permissions(&other_key, fs::Permissions::from_mode(0o600)).unwrap();
    let bad = bench.dir().join("bad");
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let wrong: [(&[u8], &[&str], [&str; 2]); 4] = [
        (&damaged, &[], ["damaged in its last part", "末尾已损坏"]),
        (&whole[..whole.len() / 2], &[], ["cut off", "被截断"]),
        (&whole, &["--key", "other.key"], ["made for another key", "另一把密钥"]),
        (b"PK", &[], ["not a backup", "不是备份文件"]),
    ];
    for (content, flags, words) in wrong {
        fs::write(&bad, content).unwrap();
        for (lang, words) in ["en_US.UTF-8", "zh_CN.UTF-8"].into_iter().zip(words) {
            for verb in [&["backup", "verify"][..], &["backup", "restore", "--to", "new"]] {
                let mut command = program(bench.dir());
                command.env("LANG", lang).args(verb).arg("bad").args(flags);
                let verb_needs_key = verb[1] == "restore" && flags.is_empty();
                if verb_needs_key {
                    command.arg("--key").arg(bench.data().join("wxgate.backup.key"));
                }
                let ended = Process::spawn(command, "").end().await;
                assert_eq!(ended.code, Some(1), "{}", ended.stderr);
                assert!(ended.stderr.contains(words), "{}", ended.stderr);
            }
        }
    }
    assert!(!bench.dir().join("new").exists());
}

#[tokio::test]
async fn backups_go_through_pipes() {
    let bench = Bench::new().await;
    bench.serve().await.login(&bench.code("alice")).await;
    // The key is made by the first; both sides of a pipe begin at once.
    create(&bench, &[]).await;
    let pipe = "\"$0\" backup create --out - | \"$0\" backup verify - --json";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", pipe, env!("CARGO_BIN_EXE_wxgate")]).current_dir(bench.dir()).env_clear();
    let verified = shell.output().unwrap();
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((&verified["file"], &verified["manifest"]["counts"]["members"]), (&json!("-"), &json!(1)));
}

#[tokio::test]
async fn a_backup_opens_with_age_zstd_and_tar_alone() {
    let bench = Bench::new().await;
    bench.serve().await.login(&bench.code("alice")).await;
    create(&bench, &["--out", "backup"]).await;
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "age -d -i data/wxgate.backup.key backup | zstd -d | tar x"]).current_dir(bench.dir());
    assert!(shell.status().unwrap().success());
    assert_eq!(
        fs::read(bench.dir().join("wxgate.key")).unwrap().trim_ascii(),
        fs::read(bench.data().join("wxgate.key")).unwrap().trim_ascii()
    );
    let database = rusqlite::Connection::open(bench.dir().join("wxgate.db")).unwrap();
    assert_eq!(database.query_row("SELECT count(*) FROM members", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[tokio::test]
async fn a_backup_for_somebody_else_opens_with_their_key_alone() {
    let bench = Bench::new().await;
    bench.serve().await.stop().await;
    let theirs = wxgate_crypto::age::Identity::generate();
    let key = bench.dir().join("theirs");
    fs::write(&key, theirs.to_file().as_bytes()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (file, _) = create(&bench, &["--recipient", &theirs.recipient().to_string()]).await;
    assert!(!bench.data().join("wxgate.backup.key").exists(), "no key is made that opens nothing");
    assert_eq!(bench.run(&["backup", "verify", text(&file), "--key", "theirs"], "").await.code, Some(0));
    let (code, refused) = said(&bench, &["backup", "verify", text(&file)]).await;
    assert_eq!((code, refused.contains("--key")), (Some(1), true), "{refused}");
    let (code, refused) = said(&bench, &["backup", "create", "--recipient", "age1nobody"]).await;
    assert_eq!((code, refused.contains("no recipient of age")), (Some(2), true), "{refused}");
}

#[tokio::test]
async fn restore_does_not_revive() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    create(&bench, &["--out", "backup"]).await;
    assert_eq!(server.public.send(delete("/v1/me").bearer(&skey)).await.status, 200);
    let list = bench.run(&["backup", "erasures"], "").await.stdout;
    assert_eq!(list.lines().count(), 1);
    server.stop().await;
    let data = bench.data();
    // Without the list that the server may have written meanwhile.
    fs::remove_dir_all(data.join("backups")).ok();
    let restored = bench.run(&["backup", "restore", "backup", "--to", text(&data), "--force"], "").await;
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert!(restored.stdout.contains("1 of them erased again"), "{}", restored.stdout);
    let server = bench.serve().await;
    assert_eq!(status(&server, &skey).await, 401);
    server.stop().await;

    fs::write(bench.dir().join("list"), list).unwrap();
    let key = data.join("wxgate.backup.key");
    let elsewhere = ["backup", "restore", "backup", "--key", text(&key), "--to", "new"];
    let restored = bench.run(&[&elsewhere[..], &["--erasures", "list"]].concat(), "").await;
    assert!(restored.stdout.contains("1 of them erased again"), "{} {}", restored.stdout, restored.stderr);
    let (code, refused) = said(&bench, &[&elsewhere[..], &["--erasures", "wxgate.toml"]].concat()).await;
    assert_eq!((code, refused.contains("wxgate.toml:1: not a line")), (Some(1), true), "{refused}");
}

/// What the server keeps beside the backups is of use when the database does not tell any more.
#[tokio::test]
async fn a_damaged_database_brings_nobody_back() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    create(&bench, &["--out", "backup"]).await;
    assert_eq!(server.public.send(delete("/v1/me").bearer(&skey)).await.status, 200);
    let list = bench.data().join("backups/wxgate-erasures.jsonl");
    let line =
        until("a list of who was erased", || fs::read_to_string(&list).ok().filter(|text| text.ends_with('\n'))).await;
    assert_eq!((line.lines().count(), mode(&list)), (1, 0o600));
    let openid = bench.sandbox.openid(bench.appid(), "alice");
    assert!(!line.contains(&openid) && !line.contains(bench.appid()), "it names nobody: {line}");
    server.kill().await;
    fs::write(bench.data().join("wxgate.db"), vec![0x5a; 16_384]).unwrap();
    let data = bench.data();
    let restored = bench.run(&["backup", "restore", "backup", "--to", text(&data), "--force"], "").await;
    assert!(restored.stdout.contains("1 of them erased again"), "{} {}", restored.stdout, restored.stderr);
    assert!(restored.stderr.contains("backups/wxgate-erasures.jsonl"), "{}", restored.stderr);
    let server = bench.serve().await;
    assert_eq!(status(&server, &skey).await, 401);
}

/// The machine is gone, and so is its newest backup; an older one is there, and the list that came with the newest.
#[tokio::test]
async fn with_the_list_beside_it_an_older_backup_brings_nobody_back() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let nas = bench.dir().join("nas");
    fs::create_dir(&nas).unwrap();
    let (older, newer) = (nas.join("older"), nas.join("newer"));
    create(&bench, &["--out", text(&older)]).await;
    let list = nas.join("wxgate-erasures.jsonl");
    assert!(!list.exists(), "nobody is erased yet");
    assert_eq!(server.public.send(delete("/v1/me").bearer(&skey)).await.status, 200);
    create(&bench, &["--out", text(&newer)]).await;
    fs::rename(bench.data().join("wxgate.backup.key"), nas.join("key")).unwrap();
    server.kill().await;
    fs::remove_dir_all(bench.data()).unwrap();

    let key = nas.join("key");
    let restore = async |to: &str| {
        let restored =
            bench.run(&["backup", "restore", text(&older), "--key", text(&key), "--to", to, "--json"], "").await;
        let said: Value = serde_json::from_str(&restored.stdout).unwrap_or_else(|_| panic!("{}", restored.stderr));
        (said["erased"].clone(), said["erasure_lists"].as_array().unwrap().len())
    };
    assert_eq!(restore(text(&bench.data())).await, (json!(1), 1));
    let server = bench.serve().await;
    assert_eq!(status(&server, &skey).await, 401);
    server.stop().await;
    // What the list is good for: without it she is back.
    fs::remove_dir_all(bench.data()).unwrap();
    fs::remove_file(list).unwrap();
    assert_eq!(restore(text(&bench.data())).await, (json!(0), 0));
    let server = bench.serve().await;
    assert_eq!(status(&server, &skey).await, 200);
}

#[tokio::test]
async fn a_full_disk_in_mid_backup_is_said_and_leaves_nothing() {
    let bench = Bench::new().await;
    bench.serve().await.login(&bench.code("alice")).await;
    create(&bench, &["--out", "whole"]).await;
    let before = names(&bench.data());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "\"$0\" backup create --out - > /dev/full", env!("CARGO_BIN_EXE_wxgate")]);
    let full = shell.current_dir(bench.dir()).env_clear().output().unwrap();
    let said = String::from_utf8(full.stderr).unwrap();
    assert_eq!((full.status.code(), said.contains("No space left on device")), (Some(1), true), "{said}");
    // A limit of file size stands for a disk: what is copied does not fit.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" backup create --out half", env!("CARGO_BIN_EXE_wxgate")]);
    let full = shell.current_dir(bench.dir()).env_clear().output().unwrap();
    assert_eq!(full.status.code(), Some(1), "{full:?}");
    assert!(!bench.dir().join("half").exists());
    assert_eq!(names(&bench.data()), before);
}

#[tokio::test]
async fn what_a_killed_backup_left_is_swept_by_the_next_command() {
    let bench = Bench::new().await;
    bench.serve().await.stop().await;
    // More than a pipe holds.
    let ballast = "CREATE TABLE ballast (x); INSERT INTO ballast VALUES (randomblob(1000000))";
    rusqlite::Connection::open(bench.data().join("wxgate.db")).unwrap().execute_batch(ballast).unwrap();
    let mut command = program(bench.dir());
    command.args(["backup", "create", "--out", "-"]).stdout(std::process::Stdio::piped());
    let mut backup = command.spawn().unwrap();
    let left = || names(&bench.data()).into_iter().find(|name| name.ends_with(".partial"));
    // Nobody reads: it waits in the middle of its work.
    let pipe = backup.stdout.take();
    let left = until("an unfinished backup", || {
        assert!(backup.try_wait().unwrap().is_none(), "it cannot end");
        left()
    })
    .await;
    backup.kill().unwrap();
    backup.wait().unwrap();
    drop(pipe);
    let left = bench.data().join(left);
    assert!(left.is_dir() && mode(&left) == 0o700, "{}", left.display());
    create(&bench, &["--out", "one"]).await;
    assert!(left.exists(), "it might be just about to be used");
    fs::File::open(&left).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    create(&bench, &["--out", "two"]).await;
    assert!(!left.exists());
}

#[tokio::test]
async fn of_two_restores_at_once_one_is_done_and_one_refused() {
    let bench = Bench::new().await;
    bench.serve().await.login(&bench.code("alice")).await;
    create(&bench, &["--out", "backup"]).await;
    let key = bench.data().join("wxgate.backup.key");
    let restore = ["backup", "restore", "backup", "--key", text(&key), "--to", "new"];
    let (one, other) = tokio::join!(bench.run(&restore, ""), bench.run(&restore, ""));
    let (done, refused) = if one.code == Some(0) { (one, other) } else { (other, one) };
    assert_eq!((done.code, refused.code), (Some(0), Some(1)), "{} {}", done.stderr, refused.stderr);
    assert!(refused.stderr.contains("wxgate.lock") || refused.stderr.contains("not empty"), "{}", refused.stderr);
    let server = bench.serve_with(&["data_dir=new"]).await;
    assert_eq!(server.stop().await.code, Some(0));
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    names
}

/// The user of a server beside which root works.
const USER: u32 = 65_534;

/// Everything in `dir`, itself included.
fn walk(dir: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    let deep = inside.flat_map(|path| if path.is_symlink() { vec![path] } else { walk(&path) });
    std::iter::once(dir.to_owned()).chain(deep).collect()
}

/// A server of [`USER`], by a program that this user can reach.
async fn serve_as_user(bench: &Bench) -> Server {
    let copy = bench.dir().join("wxgate");
    if !copy.exists() {
        let built = Path::new(env!("CARGO_BIN_EXE_wxgate"));
        fs::hard_link(built, &copy).or_else(|_| fs::copy(built, &copy).map(drop)).unwrap();
    }
    let mut command = Command::new(copy);
    command.current_dir(bench.dir()).env_clear().arg("serve").uid(USER).gid(USER);
    Server::start(command).await
}

#[tokio::test]
async fn root_leaves_nothing_of_its_own_in_another_users_directory() {
    if !geteuid().is_root() {
        // Not by a macro, whose output a test that passes does not show.
        stderr()
            .write_all(b"root_leaves_nothing_of_its_own_in_another_users_directory: NOT RUN, this is not root\n")
            .unwrap();
        return;
    }
    let bench = Bench::new().await;
    for path in walk(bench.dir()) {
        chown(&path, Some(USER), Some(USER)).unwrap();
    }
    let server = serve_as_user(&bench).await;
    let skey = server.login(&bench.code("alice")).await;
    let roots = || -> Vec<PathBuf> {
        walk(&bench.data()).into_iter().filter(|path| fs::symlink_metadata(path).unwrap().uid() != USER).collect()
    };
    let none = Vec::<PathBuf>::new();
    let (file, _) = create(&bench, &[]).await;
    assert_eq!(roots(), none);
    let elsewhere = tempfile::tempdir().unwrap();
    let away = elsewhere.path().join("away.age");
    create(&bench, &["--out", text(&away)]).await;
    assert_eq!((fs::metadata(&away).unwrap().uid(), roots()), (0, none.clone()));
    for arguments in [&["backup", "verify", text(&file)][..], &["backup", "erasures"]] {
        let done = bench.run(arguments, "").await;
        assert_eq!((done.code, roots()), (Some(0), none.clone()), "{}", done.stderr);
    }

    server.stop().await;
    let before = walk(&bench.data());
    for arguments in [&["backup", "create"][..], &["backup", "erasures"]] {
        let (code, refused) = said(&bench, arguments).await;
        assert_eq!((code, refused.contains("sudo -u '#65534'")), (Some(1), true), "{refused}");
    }
    assert_eq!(walk(&bench.data()), before);
    let data = bench.data();
    let restored = bench.run(&["backup", "restore", text(&away), "--to", text(&data), "--force"], "").await;
    assert_eq!((restored.code, roots()), (Some(0), none), "{}", restored.stderr);
    let server = serve_as_user(&bench).await;
    assert_eq!(status(&server, &skey).await, 200);
    server.stop().await;
}
