//! What may be shown: everything but secrets and URLs.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use wx_client::{AccessToken, Client, Code2Session, Error, NoKeep, PhoneNumber, Settings, WeChat};

use crate::server::{Act, Server};
use crate::{APPID, SECRET, TOKEN, client, client_at, credentials};

/// All that a log could make of an error.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    text
}

fn assert_silent(text: &str) {
    for secret in [SECRET, "canary", "77_token-A", "jscode2session", "getuserphonenumber", "access_token=", "secret="] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn no_error_shows_a_secret_or_a_url() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = client_at(format!("http://{free}"));
    assert_silent(&shown(&refused.code2session(APPID, "canary-code").await.unwrap_err()));
    assert_silent(&shown(&refused.access_token(APPID).await.unwrap_err()));
    assert_silent(&shown(&refused.phone_number(APPID, "canary-code", "o1").await.unwrap_err()));
    let tls = client_at(format!("https://localhost:{}", free.port()));
    assert_silent(&shown(&tls.code2session(APPID, "canary-code").await.unwrap_err()));

    let value = r#"{"openid":"canary-openid","session_key":["canary-session-key"]}"#;
    let echo = format!(r#"{{"errcode":40125,"errmsg":"with {SECRET} js_code=canary%2Bcode canary+code"}}"#);
    for act in [Act::Close, Act::Reset, Act::text("canary"), Act::text(value), Act::text(echo)] {
        let server = Server::start([act]).await;
        assert_silent(&shown(&client(&server).code2session(APPID, "canary+code").await.unwrap_err()));
    }
    let echo = r#"{"errcode":45009,"errmsg":"token 77_token-A code canary-code"}"#;
    let server = Server::start([Act::json(TOKEN), Act::json(echo), Act::Close]).await;
    let client = client(&server);
    for _ in 0..2 {
        assert_silent(&shown(&client.phone_number(APPID, "canary-code", "o1").await.unwrap_err()));
    }
}

#[tokio::test]
async fn no_value_shows_its_secret() {
    let server = Server::start([]).await;
    assert_silent(&format!("{:?} {:#?}", client(&server), client(&server)));
    assert_silent(&format!("{:?}", credentials()));
    let login = Code2Session { openid: "o1".into(), unionid: None, session_key: SECRET.into() };
    assert_silent(&format!("{login:?}"));
    let phone = PhoneNumber {
        phone_number: SECRET.into(),
        pure_phone_number: SECRET.into(),
        country_code: "86".into(),
        watermark_appid: APPID.into(),
        watermark_timestamp: 0,
    };
    assert_silent(&format!("{phone:?}"));
    assert_silent(&format!("{:?}", AccessToken { token: SECRET.into(), remaining: Duration::ZERO }));
}

#[test]
fn settings_that_are_refused_show_nothing_of_the_apps() {
    let new = |settings: &Settings, apps| Client::new(settings, apps, Arc::new(NoKeep)).unwrap_err();
    let loopback = Settings { base_url: "http://127.0.0.1:1".into(), ..Settings::default() };
    let twice = [credentials(), credentials()].concat();
    let mut unnamed = credentials();
    unnamed[0].appid.clear();
    let mut open = credentials();
    open[0].secret = "".into();
    for error in [
        new(&loopback, twice),
        new(&loopback, unnamed),
        new(&loopback, open),
        new(&Settings { base_url: "http://canary.example.com".into(), ..Settings::default() }, credentials()),
        new(&Settings { max_in_flight: 0, ..loopback.clone() }, credentials()),
    ] {
        assert!(matches!(error, Error::Settings(_)), "{error}");
        assert_silent(&shown(&error));
    }
}
