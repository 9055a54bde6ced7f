//! One request's story, told by the program.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Bench, post};

#[tokio::test]
async fn a_requests_story_is_told_from_what_failed_and_from_the_log() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["phone.encrypted_data=local"]).await;
    let code = bench.code("alice");
    let login = server.public.send(post("/v1/login").json(&json!({ "code": code }))).await.json();
    let (skey, member) = (login["skey"].as_str().unwrap(), login["member"]["id"].as_str().unwrap());
    let garbage = json!({ "encryptedData": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" });
    let refused = server.public.send(post("/v1/phone").bearer(skey).json(&garbage)).await;
    assert_eq!(refused.status, 422);
    let rid = refused.text("rid");
    let log = server.stop().await.stderr;
    let of_request = log.lines().filter(|line| line.contains(&rid)).count();
    assert_eq!(of_request, 2, "{log}");
    fs::write(bench.dir().join("wxgate.log"), &log).unwrap();

    let told = bench.run(&["trace", &rid, "--log", "wxgate.log"], "").await;
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for part in [rid.as_str(), "failed stale_session_key (opening)", "cure Call wx.login", "status=422", member] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    let json = bench.run(&["trace", &rid, "--log", "-", "--json"], &log).await;
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["failures"][0]["rid"], json["log"].as_array().unwrap().len()), (&json!(rid), 2));
    let without_log = bench.run(&["trace", &rid], "").await;
    assert!(without_log.stdout.contains("stale_session_key"), "{}", without_log.stdout);
    for secret in [skey, &code] {
        assert!(!told.stdout.contains(secret) && !json.to_string().contains(secret));
    }
}

#[tokio::test]
async fn a_request_that_nobody_knows_and_an_id_that_is_none_are_said_to_be() {
    let bench = Bench::new().await;
    let unknown = bench.run(&["trace", "01980c2e7c1e70008000000000000000"], "").await;
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("--log"), "{}", unknown.stderr);
    let no_log = bench.run(&["trace", "01980c2e7c1e70008000000000000000", "--log", "none.log"], "").await;
    assert_eq!(no_log.code, Some(1));
    assert!(no_log.stderr.contains("cannot read none.log"), "{}", no_log.stderr);
    assert_eq!(bench.run(&["trace", "x"], "").await.code, Some(2));
}
