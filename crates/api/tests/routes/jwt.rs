//! Statements of sessions, and the keys they are verified with. (That libraries of others verify them is shown in
//! `tests/peers`.)

use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::time::sleep;
use wxgate_api::settings::Jwt;

use super::support::{APPID, AUDIENCE, START, TestApp, raw, request};

const OTHER: &str = "wx00000000000000ff";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const JWKS: &str = "/.well-known/jwks.json";

fn decoded(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// The keys that are shown, by name.
async fn keys(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let answer = app.send(raw("GET", JWKS, None, "")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let keys = answer.json["keys"].as_array().unwrap().iter();
    keys.map(|key| (key["kid"].as_str().unwrap().to_owned(), decoded(key["x"].as_str().unwrap()))).collect()
}

/// What a token says, once its signature has been verified with the key it names among those that are shown.
async fn verified(app: &TestApp, token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.split('.').collect();
    let [head, claims, signature] = parts[..] else { panic!("{token}") };
    let (head, claims): (Value, Value) =
        (serde_json::from_slice(&decoded(head)).unwrap(), serde_json::from_slice(&decoded(claims)).unwrap());
    let keys = keys(app).await;
    let (_, key) = keys.iter().find(|(kid, _)| head["kid"] == **kid).expect("the key is shown");
    let signed = &token[..token.rfind('.').unwrap()];
    UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &decoded(signature)).unwrap();
    (head, claims)
}

async fn statement(app: &TestApp, skey: &str) -> Value {
    app.send(request("POST", "/v1/jwt", Some(skey), None)).await.ok().clone()
}

async fn said(app: &TestApp, skey: &str) -> (Value, Value) {
    verified(app, statement(app, skey).await["jwt"].as_str().unwrap()).await
}

#[tokio::test]
async fn a_statement_says_whose_session_it_is_and_for_whom_it_was_made() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let answer = app.post("/v1/jwt", &member.skey, json!({ "aud": AUDIENCE })).await;
    assert_eq!((&answer.ok()["expires_in"], &answer.json["expires_at"]), (&json!(300), &json!(START + 300)));
    let (head, claims) = verified(&app, answer.json["jwt"].as_str().unwrap()).await;
    assert_eq!((&head["alg"], &head["typ"], head.as_object().unwrap().len()), (&json!("EdDSA"), &json!("JWT"), 3));
    let sessions = app.get("/v1/sessions", &member.skey).await;
    let expected = json!({
        "iss": "https://login.example.com", "sub": member.login.json["member"]["id"], "aud": AUDIENCE,
        "client_id": APPID, "sid": sessions.json["sessions"][0]["id"], "iat": START, "exp": START + 300,
        "jti": claims["jti"],
    });
    assert_eq!(claims, expected);
    let (_, next) = said(&app, &member.skey).await;
    assert_ne!(next["jti"], claims["jti"]);
    assert!(!answer.text.contains(&member.skey));
}

#[tokio::test]
async fn openid_is_in_it_only_where_answers_have_it_too() {
    let app = TestApp::with(|settings| settings.session.expose_openid = true).await;
    let (_, claims) = said(&app, &app.login("o1").await.skey).await;
    assert_eq!((&claims["openid"], &claims["unionid"]), (&json!("o1"), &json!("union-o1")));
}

#[tokio::test]
async fn one_openid_in_two_apps_is_two_members_in_it_too() {
    let app = TestApp::with(|settings| settings.appids.push(OTHER.to_owned())).await;
    let mut said_of = Vec::new();
    for appid in [APPID, OTHER] {
        let code = app.wechat.login_code_of("o1", None);
        let login = app.send(request("POST", "/v1/login", None, Some(json!({ "code": code, "appid": appid })))).await;
        let (_, claims) = said(&app, login.ok()["skey"].as_str().unwrap()).await;
        assert_eq!((&claims["client_id"], &claims["sub"]), (&json!(appid), &login.json["member"]["id"]));
        said_of.push(claims["sub"].clone());
    }
    assert_ne!(said_of[0], said_of[1]);
}

#[tokio::test]
async fn it_never_outlives_its_session() {
    let app = TestApp::with(|settings| {
        settings.session.idle_days = 1;
        settings.session.absolute_days = 1;
        settings.jwt.lifetime_seconds = 3600;
    })
    .await;
    let member = app.login("o1").await;
    app.clock.advance(86_400 - 10);
    let (_, claims) = said(&app, &member.skey).await;
    assert_eq!(claims["exp"], START + 86_400);
    app.clock.advance(10);
    app.post("/v1/jwt", &member.skey, json!({})).await.failed("unauthorized", 401, -401);
}

#[tokio::test]
async fn a_member_who_is_blocked_and_a_session_that_ended_get_none() {
    let app = TestApp::new().await;
    let [blocked, gone] = [app.login("o1").await, app.login("o2").await];
    app.delete("/v1/session", &gone.skey).await.ok();
    app.post("/v1/jwt", &gone.skey, json!({})).await.failed("unauthorized", 401, -401);
    let app = app.restarted("UPDATE members SET status = 'blocked' WHERE openid = 'o1'").await;
    app.post("/v1/jwt", &blocked.skey, json!({})).await.failed("blocked", 403, -403);
}

#[tokio::test]
async fn it_is_for_one_of_the_services_that_are_configured() {
    let app = TestApp::with(|settings| settings.jwt.audiences = vec!["shop".into(), "forum".into()]).await;
    let skey = app.login("o1").await.skey;
    for aud in ["shop", "forum"] {
        let answer = app.post("/v1/jwt", &skey, json!({ "aud": aud })).await;
        let (_, claims) = verified(&app, answer.ok()["jwt"].as_str().unwrap()).await;
        assert_eq!(claims["aud"], aud);
    }
    for body in [json!({}), json!({ "aud": "bank" }), json!({ "aud": "SHOP" }), json!({ "aud": "shop,forum" })] {
        let refused = app.post("/v1/jwt", &skey, body.clone()).await;
        let hint = refused.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains("`aud`"), "{body} {hint}");
    }
}

#[tokio::test]
async fn the_issuer_is_the_public_url_unless_another_is_named() {
    let app = TestApp::with(|settings| {
        settings.public_url = "https://api.example.com".to_owned();
        settings.jwt.issuer = String::new();
    })
    .await;
    assert_eq!(said(&app, &app.login("o1").await.skey).await.1["iss"], "https://api.example.com");
}

#[tokio::test]
async fn switched_off_neither_is_there() {
    let app = TestApp::with(|settings| settings.jwt = Jwt::default()).await;
    let skey = app.login("o1").await.skey;
    app.post("/v1/jwt", &skey, json!({})).await.failed("not_found", 404, -404);
    app.send(raw("GET", JWKS, None, "")).await.failed("not_found", 404, -404);
    app.send_inside(raw("GET", JWKS, None, "")).await.failed("not_found", 404, -404);
    let made: i64 = app.database().query_row("SELECT count(*) FROM signing_keys", [], |row| row.get(0)).unwrap();
    assert_eq!(made, 0, "nor is a key made");
}

#[tokio::test]
async fn both_listeners_show_the_same_keys_to_be_kept_for_an_hour_and_nothing_secret() {
    let app = TestApp::new().await;
    let (public, internal) =
        (app.send(raw("GET", JWKS, None, "")).await, app.send_inside(raw("GET", JWKS, None, "")).await);
    assert_eq!((public.status, &public.text), (200, &internal.text));
    assert_eq!(public.header("cache-control"), "public, max-age=3600");
    let names: BTreeSet<_> = public.json["keys"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["alg", "crv", "kid", "kty", "use", "x"]), "no `d`: that would be the secret");
}

#[tokio::test]
async fn the_key_lies_sealed_in_the_file() {
    let app = TestApp::new().await;
    let (kid, public) = keys(&app).await.remove(0);
    let (sealed, stored): (Vec<u8>, Vec<u8>) = app
        .database()
        .query_row("SELECT sealed_key, public_key FROM signing_keys", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(stored, public, "{kid}");
    // [key id, 4][nonce, 24][seed, 32][tag, 16]
    assert_eq!(sealed.len(), 4 + 24 + 32 + 16);
    let seeds = sealed.windows(32).filter_map(|seed| ring::signature::Ed25519KeyPair::from_seed_unchecked(seed).ok());
    assert!(seeds.into_iter().all(|pair| ring::signature::KeyPair::public_key(&pair).as_ref() != public));
}

#[tokio::test]
async fn many_at_once_make_one_key_and_a_restart_none() {
    let app = TestApp::new().await;
    let all = futures_util::future::join_all((0..20).map(|_| keys(&app))).await;
    assert!(all.iter().all(|shown| *shown == all[0] && shown.len() == 1));
    let again = app.restarted("").await;
    assert_eq!(keys(&again).await, all[0]);
}

/// Lets time go by in steps that are no jumps, until it is so.
async fn until(app: &TestApp, is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        for _ in 0..6 {
            app.clock.advance(10);
            sleep(Duration::from_secs(10)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn keys_change_by_themselves_and_no_token_is_ever_without_its_key() {
    let app = TestApp::new().await;
    let keeping = tokio::spawn(wxgate_api::housekeeping(app.app.clone(), pending()));
    let shown = async || keys(&app).await.into_iter().map(|(kid, _)| kid).collect::<Vec<_>>();
    let first = shown().await;
    assert_eq!(first.len(), 1);
    let skey = app.login("o1").await.skey;
    app.clock.advance(30 * DAY);
    until(&app, async || shown().await.len() == 2).await;
    let second = shown().await.remove(1);
    // The next key is shown, and not used yet.
    let skey = if app.get("/v1/session", &skey).await.status == 200 { skey } else { app.login("o1").await.skey };
    let token = statement(&app, &skey).await["jwt"].as_str().unwrap().to_owned();
    assert_eq!(verified(&app, &token).await.0["kid"], first[0]);
    app.clock.advance(DAY);
    // The next key signs, and what the one before signed is verified.
    assert_eq!(said(&app, &skey).await.0["kid"], second);
    assert_eq!(verified(&app, &token).await.0["kid"], first[0]);
    app.clock.advance(2 * HOUR);
    until(&app, async || shown().await.len() == 1).await;
    assert_eq!(shown().await, [second]);
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumped_changes_no_key_for_ten_minutes() {
    let app = TestApp::new().await;
    let keeping = tokio::spawn(wxgate_api::housekeeping(app.app.clone(), pending()));
    let before = keys(&app).await;
    app.clock.advance(3650 * DAY);
    for _ in 0..9 {
        sleep(Duration::from_mins(1)).await;
        app.clock.advance(60);
    }
    app.clock.advance(-3650 * DAY);
    assert_eq!(keys(&app).await, before);
    let (head, _) = said(&app, &app.login("o1").await.skey).await;
    assert_eq!(head["kid"], before[0].0);
    keeping.abort();
}
