//! D4: a disk without room, be it that writes are refused or that it is a real one and small.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::disk::put_under;
use crate::support::{Answer, Bench, Server, delete, get, post, program, until};

/// What is kept free for logging out, revoking and erasing.
const RESERVE: u64 = 16 << 20;

async fn log_in(bench: &Bench, server: &Server, user: &str) -> Answer {
    server.public.send(post("/v1/login").json(&json!({ "code": bench.code(user) }))).await
}

/// Logs people in until there is no room for one more: the log goes on in the room that it has.
async fn fill(bench: &Bench, server: &Server) {
    for number in 0..10_000 {
        let answer = log_in(bench, server, &format!("filler{number}")).await;
        if answer.status != 200 {
            return assert_is_full(&answer);
        }
    }
    panic!("the disk is never full");
}

fn assert_is_full(answer: &Answer) {
    assert_eq!((answer.status, answer.text("error").as_str()), (503, "storage_full"), "{answer:?}");
}

async fn status(server: &Server, skey: &str) -> u16 {
    server.public.send(get("/v1/session").bearer(skey)).await.status
}

/// The server's life while its disk is full, and after. Its sessions: two that live, and then those that have ended.
async fn lives_through(
    bench: &Bench,
    server: &Server,
    is_reserved: impl Fn() -> bool,
    fill_disk: impl FnOnce(),
    clear_disk: impl FnOnce(),
) -> ([String; 2], Vec<String>) {
    let kept = server.login(&bench.code("alice")).await;
    let mut ended = Vec::new();
    for user in ["alice", "bob", "bob", "carol"] {
        ended.push(server.login(&bench.code(user)).await);
    }
    assert!(is_reserved());
    fill_disk();
    fill(bench, server).await;
    for (path, skey) in [("/v1/session", &ended[0]), ("/v1/sessions", &ended[1]), ("/v1/me", &ended[3])] {
        let answer = server.public.send(delete(path).bearer(skey)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_is_full(&log_in(bench, server, "dave").await);
    }
    for skey in &ended {
        assert_eq!(status(server, skey).await, 401);
    }
    assert_eq!(status(server, &kept).await, 200);
    assert_is_full(&server.public.send(get("/v1/me/export").bearer(&kept)).await);
    assert_eq!(server.internal.send(get("/forward-auth").bearer(&kept)).await.status, 200);
    assert_eq!(server.internal.send(get("/readyz")).await.status, 503);
    clear_disk();
    until("a reserve", || is_reserved().then_some(())).await;
    let answer = log_in(bench, server, "dave").await;
    assert_eq!((answer.status, &answer.json()["is_new"]), (200, &json!(true)), "nothing of his tries was kept");
    ([kept, answer.text("skey")], ended)
}

fn length(path: &PathBuf) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[tokio::test]
async fn disk_full() {
    let bench = Bench::new().await;
    let size = bench.dir().join("size");
    let mut serve = program(bench.dir());
    put_under(serve.arg("serve"), bench.dir(), &[("DISK_SIZE", size.to_str().unwrap())]);
    let server = Server::start(serve).await;
    let reserve = bench.data().join("wxgate.reserve");
    // The disk has room for the log as it is, and for what is reserved.
    let fill_disk = || {
        let files = fs::read_dir(bench.data()).unwrap();
        let taken: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        fs::write(&size, taken.to_string()).unwrap();
    };
    let clear_disk = || fs::remove_file(&size).unwrap();
    let is_reserved = || length(&reserve) == RESERVE;
    let (alive, dead) = lives_through(&bench, &server, is_reserved, fill_disk, clear_disk).await;
    assert_eq!(server.stop().await.code, Some(0));
    let server = bench.serve().await;
    for skey in alive {
        assert_eq!(status(&server, &skey).await, 200);
    }
    for skey in dead {
        assert_eq!(status(&server, &skey).await, 401);
    }
}

/// Whether this user may mount, in a world of its own that ends with its last process.
fn may_mount() -> bool {
    let mount = "mount -t tmpfs -o size=1m none /mnt";
    Command::new("unshare").args(MOUNTS).arg(mount).output().is_ok_and(|output| output.status.success())
}

const MOUNTS: [&str; 5] = ["--user", "--map-root-user", "--mount", "sh", "-c"];

#[tokio::test]
async fn disk_full_on_a_file_system_of_32_mib() {
    if !may_mount() {
        return println!("nothing may be mounted here: the injected form alone has run");
    }
    let bench = Bench::new().await;
    fs::create_dir(bench.data()).unwrap();
    let mut serve = Command::new("unshare");
    let mount = "mount -t tmpfs -o size=32m,mode=700 none data && exec \"$0\" serve";
    serve.args(MOUNTS).arg(mount).arg(env!("CARGO_BIN_EXE_wxgate")).env_clear().current_dir(bench.dir());
    let server = Server::start(serve).await;
    let data = server.proc("root").join(bench.data().strip_prefix("/").unwrap());
    let (reserve, filler) = (data.join("wxgate.reserve"), data.join("filler"));
    let fill_disk = || {
        let error = io::copy(&mut io::repeat(1), &mut File::create(&filler).unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    };
    let clear_disk = || fs::remove_file(&filler).unwrap();
    lives_through(&bench, &server, || length(&reserve) == RESERVE, fill_disk, clear_disk).await;
    assert_eq!(server.stop().await.code, Some(0));
}
