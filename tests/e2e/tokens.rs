//! Commands while a server runs, and a second server beside the first.

use serde_json::{Value, json};

use crate::support::{Answer, Bench, Server, post};

async fn introspect(server: &Server, api_token: &str, token: &str) -> Answer {
    server.internal.send(post("/introspect").bearer(api_token).form(&format!("token={token}"))).await
}

/// The id and the text of a new token.
async fn create(bench: &Bench, scope: &str) -> (String, String) {
    let made = bench.run(&["token", "create", "--name", "proxy", "--scope", scope, "--json"], "").await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

#[tokio::test]
async fn a_token_made_beside_the_server_works_at_once_until_it_is_revoked() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let skey = server.login(&bench.code("alice")).await;
    let (id, token) = create(&bench, "introspect").await;
    let (_, other_scope) = create(&bench, "members:read").await;

    let seen = introspect(&server, &token, &skey).await.json();
    assert_eq!((&seen["active"], &seen["client_id"]), (&json!(true), &json!(bench.appid())));
    assert_eq!(seen["openid"], json!(bench.sandbox.openid(bench.appid(), "alice")));
    assert_eq!(introspect(&server, &token, "wxg_nonsense").await.body, r#"{"active":false}"#);
    assert_eq!(introspect(&server, &other_scope, &skey).await.refusal(), (403, "forbidden".to_owned(), -403));
    assert_eq!(introspect(&server, &skey, &skey).await.refusal(), (401, "unauthorized".to_owned(), -401));

    let listed = bench.run(&["token", "list"], "").await;
    assert!(listed.stdout.contains(&id) && !listed.stdout.contains("wxa_"), "{}", listed.stdout);
    assert_eq!(bench.run(&["token", "revoke", &id], "").await.code, Some(0));
    assert_eq!(introspect(&server, &token, &skey).await.status, 401);
    let again = bench.run(&["token", "revoke", &id], "").await;
    assert_eq!((again.code, again.stderr.contains("not done")), (Some(1), true), "{}", again.stderr);
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_token_made_before_the_first_start_is_there_at_the_first_start() {
    let bench = Bench::new().await;
    let (_, token) = create(&bench, "introspect").await;
    let server = bench.serve().await;
    assert_eq!(introspect(&server, &token, "wxg_nonsense").await.body, r#"{"active":false}"#);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let bench = Bench::new().await;
    let server = bench.serve().await;
    let second = bench.run(&["serve"], "").await;
    assert_eq!(second.code, Some(1));
    let said = second.stderr.lines().last().unwrap();
    let data = bench.data().canonicalize().unwrap();
    assert!(said.contains("another wxgate uses this data directory"), "{said}");
    assert!(said.contains(data.to_str().unwrap()), "{said}");
    server.login(&bench.code("alice")).await;
    assert_eq!(server.stop().await.code, Some(0));
    assert_eq!(bench.serve().await.stop().await.code, Some(0), "the directory is free again");
}
