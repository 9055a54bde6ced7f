//! What each call sends and what it reads.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wx_client::{Error, WeChat};

use crate::server::{Act, Server};
use crate::{APPID, LOGIN, OK, SECRET, TOKEN, client};

const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";

fn body(request: &crate::server::Request) -> Value {
    serde_json::from_str(&request.body).unwrap()
}

fn phone(country_code: &str) -> String {
    format!(
        r#"{{"errcode":0,"errmsg":"ok","phone_info":{{"phoneNumber":"13800138000","purePhoneNumber":"13800138000",
        "countryCode":{country_code},"watermark":{{"timestamp":1637744274,"appid":"{APPID}"}}}}}}"#
    )
}

#[tokio::test]
async fn a_login_sends_four_fields_in_the_query_and_nothing_else() {
    let server = Server::start([Act::text(LOGIN)]).await;
    client(&server).code2session(APPID, "0a1B2c").await.unwrap();
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(
        request.line,
        format!(
            "GET /sns/jscode2session?appid={APPID}&secret={SECRET}&js_code=0a1B2c&grant_type=authorization_code HTTP/1.1"
        )
    );
    let expected = [
        ("accept", "*/*".to_owned()),
        ("host", server.address.to_string()),
        ("user-agent", format!("wxgate/{}", env!("CARGO_PKG_VERSION"))),
    ];
    assert_eq!(request.headers, BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value))));
    assert_eq!(request.body, "");
}

#[tokio::test]
async fn a_code_cannot_leave_its_field() {
    let server = Server::start([Act::text(LOGIN)]).await;
    client(&server).code2session(APPID, "a b+c/d=e&secret=#f%41\r\n信~-._").await.unwrap();
    let line = &server.lines()[0];
    assert!(line.contains("&js_code=a%20b%2Bc%2Fd%3De%26secret%3D%23f%2541%0D%0A%E4%BF%A1~-._&grant_type="), "{line}");
}

#[tokio::test]
async fn a_login_is_read_as_wechat_writes_it() {
    let with = |unionid: &str| LOGIN.replace('{', &format!(r#"{{"unionid":{unionid},"expires_in":2592000,"#));
    let answers = [LOGIN.to_owned(), with(r#""ocMvos6NjeKLIBqg5Mr9QjxrP1FA""#), with("null"), with(r#""""#)];
    let server = Server::start(answers.iter().map(Act::text)).await;
    let client = client(&server);
    for unionid in [None, Some("ocMvos6NjeKLIBqg5Mr9QjxrP1FA"), None, None] {
        let login = client.code2session(APPID, "code").await.unwrap();
        assert_eq!(login.openid, OPENID);
        assert_eq!(login.unionid.as_deref(), unionid);
        assert_eq!(login.session_key.expose_secret(), "ABEiM0RVZneImaq7zN3u/w==");
    }
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn a_login_without_a_proper_openid_and_session_key_is_none() {
    let login = |openid: Value, session_key: Value| json!({ "openid": openid, "session_key": session_key }).to_string();
    let key = "tiihtNczf5v6AKRyjwEUhQ==";
    let mut answers = vec![
        login("".into(), key.into()),
        login("o".repeat(129).into(), key.into()),
        login(7.into(), key.into()),
        login(OPENID.into(), "".into()),
        login(OPENID.into(), key[1..].into()),
        login(OPENID.into(), format!("{key}=").into()),
        login(OPENID.into(), "信".repeat(8).into()),
        login(OPENID.into(), Value::Null),
        json!({ "openid": OPENID }).to_string(),
        json!({ "session_key": key }).to_string(),
        json!({ "openid": OPENID, "session_key": key, "unionid": "u".repeat(129) }).to_string(),
        json!({ "openid": OPENID, "session_key": key, "unionid": 1 }).to_string(),
        OK.to_owned(),
    ];
    answers.push(login("o".repeat(128).into(), key.into()));
    let server = Server::start(answers.iter().map(Act::text)).await;
    let client = client(&server);
    for answer in &answers[..answers.len() - 1] {
        let error = client.code2session(APPID, "code").await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{answer}: {error}");
    }
    assert!(client.code2session(APPID, "code").await.is_ok());
}

#[tokio::test]
async fn a_phone_code_is_sent_with_its_members_openid() {
    let server = Server::start([Act::json(TOKEN), Act::json(phone("\"86\""))]).await;
    let number = client(&server).phone_number(APPID, "c0de信", OPENID).await.unwrap();
    let request = &server.requests()[1];
    assert_eq!(request.line, "POST /wxa/business/getuserphonenumber?access_token=77_token-A HTTP/1.1");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["content-length"], request.body.len().to_string());
    assert!(!request.headers.contains_key("transfer-encoding"));
    assert!(request.body.contains("c0de信"), "UTF-8, not escaped");
    assert_eq!(body(request), json!({ "code": "c0de信", "openid": OPENID }));
    assert_eq!(number.phone_number.expose_secret(), "13800138000");
    assert_eq!(number.pure_phone_number.expose_secret(), "13800138000");
    assert_eq!(number.country_code, "86");
    assert_eq!((number.watermark_appid.as_str(), number.watermark_timestamp), (APPID, 1_637_744_274));
}

#[tokio::test]
async fn a_country_code_may_be_a_number_and_a_phone_number_may_not_be_empty() {
    let answers = [phone("86"), phone("null"), phone("\"86\"").replace("\"13800138000\"", "\"\""), OK.to_owned()];
    let server = Server::start([Act::json(TOKEN)].into_iter().chain(answers.iter().map(Act::json))).await;
    let client = client(&server);
    assert_eq!(client.phone_number(APPID, "code", OPENID).await.unwrap().country_code, "86");
    for _ in 1..answers.len() {
        let error = client.phone_number(APPID, "code", OPENID).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    }
}

#[tokio::test]
async fn encrypted_data_is_wechats_only_if_wechat_says_so() {
    let answers = [
        r#"{"errcode":0,"errmsg":"ok","vaild":true,"create_time":1629121902}"#,
        r#"{"errcode":0,"errmsg":"ok","vaild":false}"#,
        r#"{"errcode":1,"errmsg":"data not exit"}"#,
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"errcode":0,"errmsg":"ok","vaild":1}"#,
        r#"{"errcode":-1,"errmsg":"system error"}"#,
    ];
    let server = Server::start([Act::json(TOKEN)].into_iter().chain(answers.map(Act::json))).await;
    let client = client(&server);
    let hash = "ab".repeat(32);
    for known in [true, false, false] {
        assert_eq!(client.check_encrypted(APPID, &hash).await.unwrap(), known);
    }
    for _ in 0..2 {
        assert!(matches!(client.check_encrypted(APPID, &hash).await, Err(Error::Unreadable { .. })));
    }
    assert_eq!(client.check_encrypted(APPID, &hash).await.unwrap_err().errcode(), Some(-1));
    let request = &server.requests()[1];
    assert_eq!(request.line, "POST /wxa/business/checkencryptedmsg?access_token=77_token-A HTTP/1.1");
    assert_eq!(body(request), json!({ "encrypted_msg_hash": hash }));
}

#[tokio::test]
async fn a_session_key_is_valid_only_if_wechat_says_0() {
    let answers = [
        OK,
        r#"{"errcode":87009,"errmsg":"invalid signature"}"#,
        r#"{"errcode":87007,"errmsg":"session_key is not existd or expired"}"#,
        r"{}",
        r#"{"errmsg":"ok"}"#,
        r#"{"errcode":40003,"errmsg":"invalid openid"}"#,
    ];
    let server = Server::start([Act::json(TOKEN)].into_iter().chain(answers.map(Act::json))).await;
    let client = client(&server);
    for valid in [true, false, false] {
        assert_eq!(client.check_session_key(APPID, OPENID, "51691a").await.unwrap(), valid);
    }
    for _ in 0..2 {
        assert!(matches!(client.check_session_key(APPID, OPENID, "51691a").await, Err(Error::Unreadable { .. })));
    }
    assert_eq!(client.check_session_key(APPID, OPENID, "51691a").await.unwrap_err().errcode(), Some(40003));
    let expected =
        "access_token=77_token-A&openid=oGZUI0egBJY1zhBYw2KhdUfwVJJE&signature=51691a&sig_method=hmac_sha256";
    assert_eq!(server.lines()[1], format!("GET /wxa/checksession?{expected} HTTP/1.1"));
}

#[tokio::test]
async fn a_new_session_key_is_this_members_or_none() {
    let answer = |openid: &str, key: &str| {
        Act::json(json!({ "errcode": 0, "errmsg": "ok", "openid": openid, "session_key": key }).to_string())
    };
    let key = "tiihtNczf5v6AKRyjwEUhQ==";
    let server =
        Server::start([Act::json(TOKEN), answer(OPENID, key), answer("another", key), answer(OPENID, "short")]).await;
    let client = client(&server);
    let reset = client.reset_session_key(APPID, OPENID, "51691a").await.unwrap();
    assert_eq!(reset.expose_secret(), key);
    for _ in 0..2 {
        let error = client.reset_session_key(APPID, OPENID, "51691a").await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    }
    let expected =
        "access_token=77_token-A&openid=oGZUI0egBJY1zhBYw2KhdUfwVJJE&signature=51691a&sig_method=hmac_sha256";
    assert_eq!(server.lines()[1], format!("GET /wxa/resetusersessionkey?{expected} HTTP/1.1"));
}

#[tokio::test]
async fn an_unknown_app_is_asked_about_nowhere() {
    let server = Server::start([]).await;
    let client = client(&server);
    let errors = [
        client.code2session("wx2", "code").await.unwrap_err(),
        client.phone_number("wx2", "code", OPENID).await.unwrap_err(),
        client.access_token("wx2").await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::UnknownApp { appid } if appid == "wx2"));
    }
    assert_eq!(server.connections(), 0);
}
