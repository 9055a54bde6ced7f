//! A disk that is full, and one that fails.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::{Answer, Bench, Server, delete, get, post, program};

async fn log_in(bench: &Bench, server: &Server, user: &str) -> Answer {
    server.public.send(post("/v1/login").json(&json!({ "code": bench.code(user) }))).await
}

async fn alive(server: &Server, skey: &str) -> bool {
    server.public.send(get("/v1/session").bearer(skey)).await.status == 200
}

fn limit_file_size(server: &Server, bytes: Option<u64>) {
    prlimit(Some(server.pid()), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_new_logins_keeps_old_sessions_and_heals_by_itself() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let kept = server.login(&bench.code("alice")).await;
    limit_file_size(&server, Some(0));
    let mut refused = Vec::new();
    for user in ["bob", "carol", "dave"] {
        let answer = log_in(&bench, &server, user).await;
        assert_eq!((answer.status, answer.text("error").as_str()), (503, "storage_full"), "{answer:?}");
        refused.push(user);
        assert!(alive(&server, &kept).await);
    }
    limit_file_size(&server, None);
    for user in refused {
        let answer = log_in(&bench, &server, user).await;
        assert_eq!((answer.status, &answer.json()["is_new"]), (200, &json!(true)), "nothing of the first try was kept");
    }
    assert_eq!(server.public.send(delete("/v1/session").bearer(&kept)).await.status, 200);
    assert_eq!(server.stop().await.code, Some(0));
    assert!(!alive(&bench.serve().await, &kept).await);
}

/// A library that lets the disk fail: while the file named by `FAIL_SYNC` is there, `fdatasync` and `fsync` fail with EIO.
const FAILING_DISK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int sync_or_fail(const char *name, int file) {
    const char *sign = getenv("FAIL_SYNC");
    if (sign && access(sign, F_OK) == 0) { errno = EIO; return -1; }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(file);
}
int fdatasync(int file) { return sync_or_fail("fdatasync", file); }
int fsync(int file) { return sync_or_fail("fsync", file); }
"#;

fn failing_disk(dir: &Path) -> PathBuf {
    let (source, library) = (dir.join("disk.c"), dir.join("disk.so"));
    std::fs::write(&source, FAILING_DISK).unwrap();
    let arguments = ["-shared", "-fPIC", "-o"];
    let made = Command::new("cc").args(arguments).arg(&library).arg(&source).arg("-ldl").status().unwrap();
    assert!(made.success());
    library
}

#[tokio::test]
async fn when_a_sync_fails_everybody_is_told_that_the_outcome_is_unknown_and_a_restart_is_clean() {
    let bench = Bench::new().await;
    let sign = bench.dir().join("fail");
    let mut command = program(bench.dir());
    command.arg("serve").env("LD_PRELOAD", failing_disk(bench.dir())).env("FAIL_SYNC", &sign);
    let server = Server::start(command).await;
    let kept = server.login(&bench.code("alice")).await;

    std::fs::write(&sign, "").unwrap();
    let codes: Vec<_> = (0..8).map(|number| bench.code(&format!("user{number}"))).collect();
    let logins: Vec<_> = codes
        .into_iter()
        .map(|code| {
            let public = server.public.clone();
            tokio::spawn(async move { public.try_send(&post("/v1/login").json(&json!({ "code": code }))).await })
        })
        .collect();
    let mut told = 0;
    for login in logins {
        // Whoever comes after the end finds nobody; nobody is told that a login succeeded.
        if let Ok(answer) = login.await.unwrap() {
            assert_eq!((answer.status, answer.text("error").as_str()), (503, "outcome_unknown"), "{answer:?}");
            told += 1;
        }
    }
    assert!(told > 0, "those whose write was under way are answered");
    let ended = server.end().await;
    assert_eq!(ended.code, Some(70), "{}", ended.stderr);

    std::fs::remove_file(&sign).unwrap();
    let server = bench.serve().await;
    assert!(alive(&server, &kept).await);
    assert_eq!(log_in(&bench, &server, "user0").await.status, 200);
}
