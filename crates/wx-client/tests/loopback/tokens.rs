//! The access_token on the wire.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wx_client::{AccessToken, Client, Error, Settings, TokenKeep, WeChat};

use crate::server::{Act, Server};
use crate::{APPID, OK, SECRET, TOKEN, client, client_at, credentials};

const STABLE_TOKEN: &str = "POST /cgi-bin/stable_token HTTP/1.1";

fn token(text: &str) -> Act {
    Act::json(json!({ "access_token": text, "expires_in": 7200 }).to_string())
}

fn refusal(errcode: i64) -> Act {
    Act::json(json!({ "errcode": errcode, "errmsg": "invalid credential" }).to_string())
}

fn check(token: &str) -> String {
    format!("GET /wxa/checksession?access_token={token}&openid=o1&signature=s&sig_method=hmac_sha256 HTTP/1.1")
}

#[tokio::test]
async fn a_token_is_asked_for_by_post_and_never_forced() {
    let server = Server::start([Act::json(TOKEN)]).await;
    let token = client(&server).access_token(APPID).await.unwrap();
    assert_eq!(token.token.expose_secret(), "77_token-A");
    assert!(token.remaining > Duration::from_secs(7100) && token.remaining <= Duration::from_hours(2));
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(request.line, STABLE_TOKEN);
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["content-length"], request.body.len().to_string());
    assert!(!request.headers.contains_key("transfer-encoding"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, json!({ "grant_type": "client_credential", "appid": APPID, "secret": SECRET }));
}

#[tokio::test]
async fn one_token_serves_many_calls() {
    let server = Server::start([Act::json(TOKEN)].into_iter().chain((0..20).map(|_| Act::json(OK)))).await;
    let client = client(&server);
    let calls = (0..20).map(|_| client.check_session_key(APPID, "o1", "s"));
    assert!(futures_util::future::join_all(calls).await.into_iter().all(|valid| valid.unwrap()));
    let asked = server.lines().into_iter().filter(|line| line == STABLE_TOKEN).count();
    assert_eq!((asked, server.requests().len()), (1, 21));
}

#[tokio::test]
async fn a_call_whose_token_is_refused_is_repeated_once_with_another() {
    for errcode in [40001, 40014, 42001] {
        let server = Server::start([token("A"), refusal(errcode), token("B"), Act::json(OK), Act::json(OK)]).await;
        let client = client(&server);
        assert!(client.check_session_key(APPID, "o1", "s").await.unwrap());
        assert!(client.check_session_key(APPID, "o1", "s").await.unwrap());
        assert_eq!(server.lines(), [STABLE_TOKEN, &check("A"), STABLE_TOKEN, &check("B"), &check("B")]);
    }
}

#[tokio::test]
async fn a_call_that_is_refused_again_is_not_repeated_again() {
    let server = Server::start([token("A"), refusal(40001), token("B"), refusal(42001), token("C")]).await;
    let error = client(&server).check_session_key(APPID, "o1", "s").await.unwrap_err();
    assert_eq!(error.errcode(), Some(42001));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn other_refusals_leave_the_token_alone() {
    let server = Server::start([token("A"), refusal(41001), refusal(45011), refusal(-1), Act::json(OK)]).await;
    let client = client(&server);
    for errcode in [41001, 45011, -1] {
        assert_eq!(client.check_session_key(APPID, "o1", "s").await.unwrap_err().errcode(), Some(errcode));
    }
    assert!(client.check_session_key(APPID, "o1", "s").await.unwrap());
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn a_token_that_wechat_both_refuses_and_hands_out_is_forced_away_once() {
    let again = [refusal(40001), token("B")];
    let acts = [token("A"), refusal(40001), token("A"), token("B"), Act::json(OK)].into_iter().chain(again);
    let server = Server::start(acts).await;
    let client = client(&server);
    assert!(client.check_session_key(APPID, "o1", "s").await.unwrap());
    // Within 30 seconds nothing is forced again, and a call that could only fail is not repeated.
    assert_eq!(client.check_session_key(APPID, "o1", "s").await.unwrap_err().errcode(), Some(40001));
    let forced: Vec<_> = server.requests().iter().map(|request| request.body.contains("force_refresh")).collect();
    assert_eq!(forced, [false, false, false, true, false, false, false]);
    let body: Value = serde_json::from_str(&server.requests()[3].body).unwrap();
    assert_eq!(body["force_refresh"], true);
}

#[tokio::test]
async fn a_refusal_of_the_secret_is_no_refusal_of_a_token() {
    let server = Server::start([refusal(40001), refusal(40125)]).await;
    let client = client(&server);
    for errcode in [40001, 40125] {
        assert_eq!(client.phone_number(APPID, "code", "o1").await.unwrap_err().errcode(), Some(errcode));
    }
    assert_eq!(server.lines(), [STABLE_TOKEN, STABLE_TOKEN]);
}

#[tokio::test]
async fn an_answer_without_a_proper_token_is_none() {
    let answers = [
        r#"{"access_token":"","expires_in":7200}"#,
        r#"{"access_token":"A"}"#,
        r#"{"access_token":"A","expires_in":-1}"#,
        r#"{"access_token":7,"expires_in":7200}"#,
        OK,
    ];
    let server = Server::start(answers.map(Act::json)).await;
    let client = client(&server);
    for answer in answers {
        let error = client.access_token(APPID).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_phone_code_that_was_never_sent_for_want_of_a_token_is_not_spent() {
    let server = Server::start([Act::Close]).await;
    let error = client(&server).phone_number(APPID, "code", "o1").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { sent: false, .. }), "{error:?}");
    assert_eq!(server.lines(), [STABLE_TOKEN]);
}

/// A token from an earlier run.
struct Kept;

#[async_trait]
impl TokenKeep for Kept {
    async fn load(&self, _appid: &str) -> Option<AccessToken> {
        Some(AccessToken { token: "kept/+".into(), remaining: Duration::from_mins(10) })
    }

    async fn save(&self, _appid: &str, _token: &AccessToken) {}

    async fn forced(&self, _appid: &str) -> Vec<Duration> {
        Vec::new()
    }

    async fn note_forced(&self, _appid: &str) {}
}

#[tokio::test]
async fn a_token_of_an_earlier_run_is_used_first() {
    let server = Server::start([Act::json(OK)]).await;
    let settings = Settings { base_url: format!("http://{}", server.address), ..Settings::default() };
    let client = Client::new(&settings, credentials(), Arc::new(Kept)).unwrap();
    assert!(client.check_session_key(APPID, "o1", "s").await.unwrap());
    assert_eq!(server.lines(), [check("kept%2F%2B")]);
}

#[tokio::test]
async fn a_token_that_cannot_be_fetched_is_an_error_for_each_who_waits() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client_at(format!("http://{free}"));
    for result in futures_util::future::join_all((0..5).map(|_| client.access_token(APPID))).await {
        assert!(matches!(result, Err(Error::Unreachable { sent: false, .. })), "{result:?}");
    }
}
