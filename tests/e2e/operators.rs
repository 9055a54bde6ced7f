//! What operators do by commands: the same while a server runs, and while none does.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use wxgate_sandbox::UserSpec;

use crate::support::{Bench, Ended, Process, Server, get, post, program};

const NOBODY: &str = "01980c2e-7c1e-7000-8000-000000000000";

async fn ran(bench: &Bench, arguments: &[&str]) -> Ended {
    let ended = bench.run(arguments, "").await;
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    ended
}

async fn json(bench: &Bench, arguments: &[&str]) -> Value {
    let ended = ran(bench, &[arguments, &["--json"]].concat()).await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// A member with a name and a number: their id and an skey.
async fn member(bench: &Bench, server: &Server, user: &str, name: &str, phone: &str) -> (String, String) {
    bench.sandbox.add_user(UserSpec { phone: Some(phone.to_owned()), ..UserSpec::named(user) });
    let code = bench.sandbox.login(bench.appid(), user).unwrap();
    let answer = server.public.send(post("/v1/login").json(&json!({ "code": code }))).await.json();
    let skey = answer["skey"].as_str().unwrap().to_owned();
    let tap = bench.sandbox.phone(bench.appid(), user).unwrap();
    let bound = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    let named = crate::support::Request::new("PATCH", "/v1/me").bearer(&skey).json(&json!({ "nickName": name }));
    assert_eq!(server.public.send(named).await.status, 200);
    (answer["member"]["id"].as_str().unwrap().to_owned(), skey)
}

/// Stops the server if there is to be none.
async fn stopped(server: Server, is_to_run: bool) -> Option<Server> {
    if is_to_run {
        return Some(server);
    }
    assert_eq!(server.stop().await.code, Some(0));
    None
}

async fn status(server: &Server, skey: &str) -> u16 {
    server.public.send(get("/v1/session").bearer(skey)).await.status
}

#[tokio::test]
async fn members_are_found_shown_and_changed() {
    for is_running in [true, false] {
        let bench = Bench::new().await;
        let server = bench.serve().await;
        let (alice, skey) = member(&bench, &server, "alice", "张三", "13800138000").await;
        let (bob, _) = member(&bench, &server, "bob", "Bob", "13900139000").await;
        let server = stopped(server, is_running).await;

        let found = json(&bench, &["member", "list"]).await;
        assert_eq!(found["members"].as_array().unwrap().len(), 2, "{found}");
        for filter in [["--phone", "13800138000"], ["--name", "张"]] {
            let found = json(&bench, &[&["member", "list"][..], &filter].concat()).await;
            assert_eq!(
                (found["members"].as_array().unwrap().len(), &found["members"][0]["id"]),
                (1, &json!(alice)),
                "{filter:?}"
            );
        }
        let text = ran(&bench, &["member", "list"]).await.stdout;
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("ID ") && lines.len() == 3 && text.contains("张三"), "{text}");
        assert!(!text.contains("13800138000"), "a number is shown masked");
        let first = json(&bench, &["member", "list", "--limit", "1"]).await;
        let next = first["next"].as_str().unwrap();
        let second = json(&bench, &["member", "list", "--limit", "1", "--after", next]).await;
        assert_eq!([&first, &second].map(|page| page["members"][0]["id"].clone()), [json!(bob), json!(alice)]);

        ran(&bench, &["member", "block", &alice, "--note", "spam"]).await;
        let shown = json(&bench, &["member", "show", &alice]).await;
        assert_eq!((&shown["member"]["status"], &shown["member"]["note"]), (&json!("blocked"), &json!("spam")));
        assert_eq!(json(&bench, &["member", "list", "--status", "blocked"]).await["members"][0]["id"], json!(alice));
        let attributes = bench.run(&["member", "attributes", &alice, "-"], "{\"level\":3}\n").await;
        assert_eq!(attributes.code, Some(0), "{}", attributes.stderr);
        ran(&bench, &["member", "note", &alice, ""]).await;
        let shown = ran(&bench, &["member", "show", &alice]).await.stdout;
        assert!(shown.contains("blocked") && shown.contains("{\"level\":3}") && !shown.contains("note"), "{shown}");
        match &server {
            Some(server) => assert_eq!(status(server, &skey).await, 403, "from the next request on"),
            None => assert_eq!(status(&bench.serve().await, &skey).await, 403, "from the next start on"),
        }
    }
}

#[tokio::test]
async fn a_member_is_exported_and_erased_once_it_is_confirmed() {
    for is_running in [true, false] {
        let bench = Bench::new().await;
        let server = bench.serve().await;
        let (id, skey) = member(&bench, &server, "alice", "张三", "13800138000").await;
        let server = stopped(server, is_running).await;
        ran(&bench, &["member", "export", &id, "--out", "me.json"]).await;
        let file = bench.dir().join("me.json");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("13800138000") && text.contains("张三") && !text.contains("errcode"), "{text}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            bench.run(&["member", "export", &id, "--out", "me.json"], "").await.code,
            Some(1),
            "it is there already"
        );
        assert!(ran(&bench, &["member", "export", &id]).await.stdout.starts_with('{'));

        let unsure = bench.run(&["member", "erase", &id], "y\n").await;
        assert_eq!((unsure.code, unsure.stderr.contains("--yes")), (Some(2), true), "{}", unsure.stderr);
        ran(&bench, &["member", "erase", &id, "--yes"]).await;
        let again = bench.run(&["member", "erase", &id, "--yes"], "").await;
        assert_eq!(again.code, Some(1), "{}", again.stderr);
        if let Some(server) = server {
            assert_eq!(status(&server, &skey).await, 401);
        }
        let empty = bench.run(&["member", "list"], "").await;
        assert_eq!((empty.code, empty.stdout.as_str(), empty.stderr.trim()), (Some(0), "", "no such members"));
        let audit = json(&bench, &["audit", "list", "--actor", "command"]).await;
        let actions: Vec<&str> =
            audit["audit"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
        assert!(actions.contains(&"member.erased"), "{actions:?}");
        assert!(ran(&bench, &["audit", "list"]).await.stdout.starts_with("AT "));
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    for is_running in [true, false] {
        let bench = Bench::new().await;
        let server = bench.serve().await;
        let (id, kept) = member(&bench, &server, "alice", "张三", "13800138000").await;
        let other = server.login(&bench.code("alice")).await;
        let server = stopped(server, is_running).await;
        let sessions = json(&bench, &["session", "list", &id]).await;
        let newest = sessions[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(sessions.as_array().unwrap().len(), 2, "{sessions}");
        ran(&bench, &["session", "end", &id, &newest]).await;
        assert_eq!(bench.run(&["session", "end", &id, &newest], "").await.code, Some(1), "it has ended");
        assert_eq!(bench.run(&["session", "end", &id, "x"], "").await.code, Some(2));
        assert_eq!(bench.run(&["session", "end", &id], "").await.code, Some(2), "one, or all");
        assert_eq!(ran(&bench, &["session", "list", &id]).await.stdout.lines().count(), 2);
        let server = match server {
            Some(server) => server,
            None => bench.serve().await,
        };
        assert_eq!((status(&server, &other).await, status(&server, &kept).await), (401, 200));
        ran(&bench, &["session", "end", &id, "--all"]).await;
        assert_eq!(status(&server, &kept).await, 401);
        let none = bench.run(&["session", "list", &id], "").await;
        assert_eq!((none.code, none.stderr.trim()), (Some(0), "no sessions"));
    }
}

#[tokio::test]
async fn who_is_not_there_is_a_problem_and_what_makes_no_sense_is_usage() {
    let bench = Bench::new().await;
    let _server = bench.serve().await;
    for arguments in [
        &["member", "show", NOBODY][..],
        &["member", "block", NOBODY],
        &["member", "export", NOBODY],
        &["member", "erase", NOBODY, "--yes"],
        &["session", "list", NOBODY],
        &["session", "end", NOBODY, "--all"],
        &["token", "revoke", NOBODY],
    ] {
        let ended = bench.run(arguments, "").await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.starts_with("not done: "), "{}", ended.stderr);
    }
    for arguments in [
        &["member", "show", "x"][..],
        &["member", "list", "--limit", "0"],
        &["member", "list", "--appid", "wxffffffffffffffff"],
        &["member", "attributes", NOBODY, "[]"],
        &["member", "attributes", NOBODY, "{"],
        &["audit", "list", "--after", "x"],
    ] {
        let ended = bench.run(arguments, "").await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
    }
    let mut command = program(bench.dir());
    command.env("LANG", "zh_CN.UTF-8").args(["member", "list"]);
    let chinese = Process::spawn(command, "").end().await;
    assert_eq!((chinese.code, chinese.stderr.trim()), (Some(0), "没有符合条件的成员"));
}
