use wxgate_crypto::{SessionKey, signature};
use wxgate_sandbox::{Limits, Rotation, Settings};

use crate::bench::{Answer, Bench, settings};

async fn signed(bench: &Bench, path: &str, openid: &str, key: &SessionKey, sig_method: &str) -> Answer {
    let (token, signature) = (bench.token().await, signature::login_state(key, b""));
    let query = format!("access_token={token}&openid={openid}&signature={signature}&sig_method={sig_method}");
    bench.get(&format!("{path}?{query}")).await
}

async fn check(bench: &Bench, key: &SessionKey) -> i64 {
    signed(bench, "/wxa/checksession", &bench.openid(), key, "hmac_sha256").await.errcode()
}

async fn reset(bench: &Bench, key: &SessionKey) -> Answer {
    signed(bench, "/wxa/resetusersessionkey", &bench.openid(), key, "hmac_sha256").await
}

#[tokio::test]
async fn checksession_knows_the_living_key_from_the_dead() {
    let bench = Bench::with(Settings { rotation: Rotation::Always, ..settings() }).await;
    bench.login();
    let old = bench.key();
    assert_eq!(check(&bench, &old).await, 0);
    bench.login();
    assert_eq!(check(&bench, &old).await, 87009, "dead as soon as a code is minted, exchanged or not");
    assert_eq!(check(&bench, &bench.key()).await, 0);
}

#[tokio::test]
async fn checksession_says_ok() {
    let bench = Bench::new().await;
    bench.login();
    let answer = signed(&bench, "/wxa/checksession", &bench.openid(), &bench.key(), "hmac_sha256").await;
    assert_eq!(answer.body, br#"{"errcode":0,"errmsg":"ok"}"#);
    assert_eq!(answer.header("content-type"), Some("application/json; encoding=utf-8"));
}

#[tokio::test]
async fn checksession_refuses_each_mistake_in_its_own_way() {
    let bench = Bench::new().await;
    bench.login();
    let (key, openid) = (bench.key(), bench.openid());
    let call = |openid: String, sig_method| signed_owned(&bench, openid, &key, sig_method);
    assert_eq!(call(openid.clone(), "hmac_sha1").await, 87008);
    assert_eq!(call("oNobodyNobodyNobodyNobodyNob".to_owned(), "hmac_sha256").await, 40003);
    let elsewhere = bench.sandbox.add_app();
    bench.sandbox.login(&elsewhere.appid, "alice").unwrap();
    assert_eq!(
        call(bench.sandbox.openid(&elsewhere.appid, "alice"), "hmac_sha256").await,
        40003,
        "an openid of another app"
    );
    bench.sandbox.expire_key(bench.appid(), "alice").unwrap();
    assert_eq!(call(openid, "hmac_sha256").await, 87007);
}

async fn signed_owned(bench: &Bench, openid: String, key: &SessionKey, sig_method: &str) -> i64 {
    signed(bench, "/wxa/checksession", &openid, key, sig_method).await.errcode()
}

#[tokio::test]
async fn a_key_lives_three_days_after_the_last_visit() {
    let bench = Bench::new().await;
    bench.login();
    let key = bench.key();
    bench.sandbox.advance(3 * 86_400 - 1);
    assert_eq!(check(&bench, &key).await, 0);
    bench.sandbox.advance(1);
    assert_eq!(check(&bench, &key).await, 87007);
    assert_ne!(bench.key().expose(), key.expose(), "the next visit makes a new one");
}

#[tokio::test]
async fn a_reset_gives_a_new_key_with_what_was_left_of_the_old_ones_life() {
    let bench = Bench::new().await;
    bench.login();
    let old = bench.key();
    bench.sandbox.advance(3 * 86_400 - 1);
    let answer = reset(&bench, &old).await;
    assert_eq!((answer.errcode(), answer.text("openid")), (0, bench.openid()));
    let new = SessionKey::parse(&answer.text("session_key")).unwrap();
    assert_ne!(new.expose(), old.expose());
    assert_eq!((check(&bench, &old).await, check(&bench, &new).await), (87009, 0));
    bench.sandbox.advance(1);
    assert_eq!(check(&bench, &new).await, 87007);
}

#[tokio::test]
async fn a_reset_is_limited_and_needs_the_living_key() {
    let limits = Limits { reset_per_minute: 1, ..Limits::default() };
    let bench = Bench::with(Settings { limits, ..settings() }).await;
    bench.login();
    let old = bench.key();
    assert_eq!(reset(&bench, &old).await.errcode(), 0);
    assert_eq!(reset(&bench, &old).await.errcode(), 87009);
    assert_eq!(reset(&bench, &bench.key()).await.errcode(), 45011);
}
