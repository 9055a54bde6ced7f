//! Secrets: after everything that can go right or wrong, none of them stands where it must not.

mod forms;
mod scenario;

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use self::forms::Canary;
use self::scenario::{PHONE, played};
use crate::push;

/// The files of a directory, with their names.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    // A socket holds nothing.
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

#[tokio::test]
async fn secret_scan() {
    let bench = push::bench().await;
    // As much as can be logged.
    let server = bench.serve_with(&["log.level=trace"]).await;
    let (mut canaries, answers) = played(&bench, &server).await;
    canaries.push(Canary::text("AppSecret", &bench.apps[0].secret));
    canaries.push(Canary::text("phone number", PHONE));

    let key_file = fs::read_to_string(bench.data().join("wxgate.key")).unwrap();
    let sealing_key = key_file.split_ascii_whitespace().last().unwrap();
    canaries.push(Canary::bytes("sealing key", &STANDARD.decode(sealing_key).unwrap()));

    let mut places: Vec<(String, Vec<u8>)> = ["cmdline", "environ"]
        .map(|file| (format!("the process's {file}"), fs::read(server.proc(file)).unwrap()))
        .into();
    places.extend(files(&bench.data()));
    assert!(places.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()), "the log is looked at");
    let backup = bench.data().join("backup.age");
    let made = bench.run(&["backup", "create", "--out", backup.to_str().unwrap()], "").await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0));
    places.extend(files(&bench.data()));
    places.push(("stdout".to_owned(), ended.stdout.into_bytes()));
    places.push(("stderr".to_owned(), ended.stderr.into_bytes()));
    let verify = ["backup", "verify", backup.to_str().unwrap(), "--json"];
    for arguments in [&["token", "list", "--json"][..], &["config", "show"], &["config", "check"], &verify] {
        let said = bench.run(arguments, "").await;
        places.push((arguments.join(" "), (said.stdout + &said.stderr).into_bytes()));
    }
    places.retain(|(name, _)| !name.ends_with("wxgate.key"));

    // What is no secret is found there, so the places are the right ones and are read as they are.
    let openid = Canary::text("openid", &bench.sandbox.openid(bench.appid(), "alice"));
    assert!(places.iter().any(|(name, bytes)| name.ends_with("backup.age") && !bytes.is_empty()));
    assert!(places.iter().any(|(name, bytes)| name.ends_with("wxgate.db") && openid.found_in(bytes).is_some()));
    let logged = places.iter().find(|(name, _)| name == "stderr").unwrap();
    assert!(Canary::text("word", "logged in").found_in(&logged.1).is_some());

    let found: Vec<_> = places
        .iter()
        .flat_map(|(name, bytes)| canaries.iter().filter_map(move |canary| Some((name, canary.found_in(bytes)?))))
        .collect();
    assert!(found.is_empty(), "{found:#?}");

    // Answers hold what was made for the client, and echo what it sent; what is the server's own is in none of them.
    let own = [
        "push token",
        "EncodingAESKey",
        "bytes of an EncodingAESKey",
        "AppSecret",
        "session_key",
        "bytes of a session_key",
        "access_token",
        "API token",
        "sealing key",
    ];
    let told = canaries.iter().filter(|canary| own.contains(&canary.name()));
    let told: Vec<_> = told.filter_map(|canary| canary.found_in(answers.as_bytes())).collect();
    assert!(told.is_empty(), "{told:?}");
    let skey = canaries.iter().find(|canary| canary.name() == "skey").unwrap();
    assert!(skey.found_in(answers.as_bytes()).is_some(), "the answers are looked at");
}
