use serde_json::json;
use wxgate_sandbox::{Limits, Settings};

use crate::bench::{Bench, settings};

/// What WeChat makes of a token: 1 (unknown hash) if it is good.
async fn judged(bench: &Bench, token: &str) -> i64 {
    let body = json!({"encrypted_msg_hash": "0".repeat(64)});
    bench.post(&format!("/wxa/business/checkencryptedmsg?access_token={token}"), &body).await.errcode()
}

const GOOD: i64 = 1;

#[tokio::test]
async fn a_token_comes_without_errcode_and_looks_like_one() {
    let bench = Bench::new().await;
    for answer in [bench.plain_token().await, bench.stable_token(false).await] {
        assert!(answer.json().get("errcode").is_none());
        assert_eq!(answer.json()["expires_in"], 7200);
        let token = answer.text("access_token");
        assert!(token.starts_with("97_") && token.len() == 139, "{}", token.len());
        assert_eq!(judged(&bench, &token).await, GOOD);
    }
}

#[tokio::test]
async fn each_call_of_the_plain_line_replaces_the_token_after_five_minutes() {
    let bench = Bench::new().await;
    let old = bench.plain_token().await.text("access_token");
    let new = bench.plain_token().await.text("access_token");
    bench.sandbox.advance(299);
    assert_eq!(judged(&bench, &old).await, GOOD);
    bench.sandbox.advance(1);
    assert_eq!((judged(&bench, &old).await, judged(&bench, &new).await), (40001, GOOD));
}

#[tokio::test]
async fn the_stable_token_is_the_same_with_its_remaining_life_until_five_minutes_are_left() {
    let bench = Bench::new().await;
    let first = bench.stable_token(false).await.text("access_token");
    bench.sandbox.advance(6900);
    let shared = bench.stable_token(false).await;
    assert_eq!((shared.text("access_token"), shared.json()["expires_in"].as_i64()), (first.clone(), Some(300)));
    bench.sandbox.advance(1);
    let second = bench.stable_token(false).await.text("access_token");
    assert_ne!(second, first);
    assert_eq!((judged(&bench, &first).await, judged(&bench, &second).await), (GOOD, GOOD));
    bench.sandbox.advance(299);
    assert_eq!((judged(&bench, &first).await, judged(&bench, &second).await), (42001, GOOD));
}

#[tokio::test]
async fn a_forced_refresh_kills_the_old_token_but_not_twice_within_30_seconds() {
    let bench = Bench::new().await;
    let old = bench.stable_token(false).await.text("access_token");
    let forced = bench.stable_token(true).await.text("access_token");
    assert_eq!((judged(&bench, &old).await, judged(&bench, &forced).await), (40001, GOOD));
    bench.sandbox.advance(29);
    assert_eq!(bench.stable_token(true).await.text("access_token"), forced);
    bench.sandbox.advance(1);
    assert_ne!(bench.stable_token(true).await.text("access_token"), forced);
}

#[tokio::test]
async fn a_token_is_forced_twenty_times_a_day() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        assert_eq!(bench.stable_token(true).await.errcode(), 0);
        bench.sandbox.advance(30);
    }
    assert_eq!(bench.stable_token(true).await.errcode(), 45009);
    assert_eq!(bench.stable_token(false).await.errcode(), 0);
    bench.sandbox.advance(86_400);
    assert_eq!(bench.stable_token(true).await.errcode(), 0);
}

#[tokio::test]
async fn token_calls_have_limits_of_their_own() {
    let limits = Limits { stable_token_per_minute: 1, stable_token_per_day: 2, token_per_day: 1, ..Limits::default() };
    let bench = Bench::with(Settings { limits, ..settings() }).await;
    assert_eq!([bench.plain_token().await.errcode(), bench.plain_token().await.errcode()], [0, 45009]);
    assert_eq!([bench.stable_token(false).await.errcode(), bench.stable_token(false).await.errcode()], [0, 45011]);
    bench.sandbox.advance(60);
    assert_eq!(bench.stable_token(false).await.errcode(), 0);
    bench.sandbox.advance(60);
    assert_eq!(bench.stable_token(false).await.errcode(), 45009);
}

#[tokio::test]
async fn a_token_that_another_server_replaced_is_40001_and_the_next_one_works() {
    let bench = Bench::new().await;
    let (stable, plain) = (bench.token().await, bench.plain_token().await.text("access_token"));
    bench.sandbox.rotate_token(bench.appid()).unwrap();
    assert_eq!((judged(&bench, &stable).await, judged(&bench, &plain).await), (40001, 40001));
    assert_eq!(judged(&bench, &bench.token().await).await, GOOD);
}

#[tokio::test]
async fn an_expired_token_is_42001_and_the_next_one_works() {
    let bench = Bench::new().await;
    let token = bench.token().await;
    bench.sandbox.expire_token(bench.appid()).unwrap();
    assert_eq!(judged(&bench, &token).await, 42001);
    assert_eq!(judged(&bench, &bench.token().await).await, GOOD);
}

#[tokio::test]
async fn credentials_are_checked_in_wechats_order() {
    let bench = Bench::new().await;
    let (appid, secret) = (&bench.app.appid, &bench.app.secret);
    let cases = [
        (json!({"secret": "x", "grant_type": "x"}), 41002),
        (json!({"appid": "wxffffffffffffffff"}), 40013),
        (json!({"appid": appid}), 41004),
        (json!({"appid": appid, "secret": "x", "grant_type": "x"}), 40125),
        (json!({"appid": appid, "secret": secret}), 40002),
        (json!({"appid": appid, "secret": secret, "grant_type": "authorization_code"}), 40002),
    ];
    for (body, errcode) in cases {
        assert_eq!(bench.post("/cgi-bin/stable_token", &body).await.errcode(), errcode, "{body}");
        let pair = |(name, value): (&String, &serde_json::Value)| format!("{name}={}", value.as_str().unwrap());
        let query = body.as_object().unwrap().iter().map(pair).collect::<Vec<_>>().join("&");
        assert_eq!(bench.get(&format!("/cgi-bin/token?{query}")).await.errcode(), errcode, "{query}");
    }
}

#[tokio::test]
async fn what_needs_a_token_checks_it_before_method_and_body() {
    let bench = Bench::new().await;
    let token = bench.token().await;
    let path = "/wxa/business/getuserphonenumber";
    let with = |query: &str| format!("{path}?{query}");
    assert_eq!(bench.get(&with("access_token=")).await.errcode(), 41001);
    assert_eq!(
        bench.post(path, &json!({"access_token": token, "code": "x"})).await.errcode(),
        41001,
        "not seen in a body"
    );
    assert_eq!(bench.get(&with("access_token=97_made-up")).await.errcode(), 40001);
    let good = with(&format!("access_token={token}"));
    assert_eq!(bench.get(&good).await.errcode(), 43002);
    let empty = format!("POST {good} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(crate::bench::Answer::parse(&bench.raw(&empty).await).errcode(), 44002);
    let form = format!("POST {good} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\ncode=x");
    assert_eq!(crate::bench::Answer::parse(&bench.raw(&form).await).errcode(), 47001);
    assert_eq!(bench.post(&good, &json!({})).await.errcode(), 41008);
}

#[tokio::test]
async fn a_stable_token_is_posted() {
    let bench = Bench::new().await;
    assert_eq!(bench.get("/cgi-bin/stable_token").await.errcode(), 43002);
}
