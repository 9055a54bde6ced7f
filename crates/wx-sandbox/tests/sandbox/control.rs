use serde_json::{Value, json};
use wxgate_crypto::payload::{self, Phone};
use wxgate_crypto::{SessionKey, signature};
use wxgate_sandbox::OpenData;

use crate::api_security;
use crate::bench::{Bench, Client, NOW, open};
use crate::push::push;

async fn tell(client: &Client, verb: &str, body: &Value) -> Value {
    let answer = client.post(&format!("/_sandbox/{verb}"), &body.to_string()).await;
    assert_eq!(answer.status, 200, "{verb}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

async fn exchange(client: &Client, app: &Value, code: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (appid, secret, code) = (text(&app["appid"]), text(&app["secret"]), text(code));
    let query = format!("appid={appid}&secret={secret}&js_code={code}&grant_type=authorization_code");
    client.get(&format!("/sns/jscode2session?{query}")).await.json()
}

fn data(value: &Value) -> OpenData {
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    OpenData { encrypted_data: text("encryptedData"), iv: text("iv") }
}

fn key(exchanged: &Value) -> SessionKey {
    SessionKey::parse(exchanged["session_key"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_login_and_a_phone_number_with_nothing_but_http() {
    let (_, client) = Bench::empty().await;
    let app = tell(&client, "apps", &json!({})).await;
    let login = tell(&client, "login", &json!({})).await;
    assert_eq!(login["errMsg"], "login:ok");
    let tap = tell(&client, "phone", &json!({})).await;
    assert_eq!((tap["errMsg"].as_str(), tap["code"].as_str().unwrap().len()), (Some("getPhoneNumber:ok"), 64));
    let exchanged = exchange(&client, &app, &login["code"]).await;
    let phone: Phone = open(&data(&tap), &key(&exchanged), app["appid"].as_str().unwrap(), NOW).unwrap();
    assert_eq!(phone.phone_number, "13800138000");
}

#[tokio::test]
async fn a_profile_is_the_object_that_the_mini_program_gets() {
    let (_, client) = Bench::empty().await;
    let app = tell(&client, "apps", &json!({})).await;
    let exchanged = exchange(&client, &app, &tell(&client, "login", &json!({})).await["code"]).await;
    let anonymous = tell(&client, "profile", &json!({})).await;
    assert_eq!(
        (&anonymous["userInfo"]["nickName"], &anonymous["errMsg"]),
        (&json!("微信用户"), &json!("getUserInfo:ok"))
    );
    let profile = tell(&client, "profile", &json!({"real": true, "api": "getUserProfile"})).await;
    let (raw_data, signed) = (profile["rawData"].as_str().unwrap(), profile["signature"].as_str().unwrap());
    assert_eq!(serde_json::from_str::<Value>(raw_data).unwrap(), profile["userInfo"]);
    assert!(signature::raw_data_matches(raw_data, &key(&exchanged), signed));
    assert_eq!((&profile["userInfo"]["nickName"], &profile["errMsg"]), (&json!("user-1"), &json!("getUserProfile:ok")));
    let opened: payload::UserInfo =
        open(&data(&profile), &key(&exchanged), app["appid"].as_str().unwrap(), NOW).unwrap();
    assert_eq!(opened.open_id, None);
}

#[tokio::test]
async fn the_front_page_lists_every_verb_and_each_of_them_answers() {
    let (_, client) = Bench::empty().await;
    tell(&client, "apps", &json!({"appid": "wx1"})).await;
    let page = client.get("/_sandbox/").await.json();
    assert_eq!((page["now"].as_i64(), page["apps"].as_array().unwrap().len()), (Some(NOW), 1));
    let verbs = page["verbs"].as_array().unwrap();
    assert_eq!(verbs.len(), 28);
    for verb in verbs {
        let path = format!("/_sandbox/{}", verb["name"].as_str().unwrap());
        let answer = match (verb["method"].as_str().unwrap(), verb["name"].as_str().unwrap()) {
            ("GET", _) => client.get(&path).await,
            ("DELETE", _) => client.delete(&path).await,
            (_, "apps") => client.post(&path, r#"{"appid":"wx1"}"#).await,
            (_, "api-security") => client.post(&path, &api_security::keys().to_string()).await,
            (_, "subscribe") => client.post(&path, r#"{"template_id":"T1"}"#).await,
            (_, "push") => client.post(&path, &push("http://127.0.0.1:1/", "debug_demo").to_string()).await,
            (_, "clock") => client.post(&path, r#"{"advance":1}"#).await,
            (_, "faults") => client.post(&path, r#"{"endpoint":"cgi-bin/token","fault":"hang"}"#).await,
            _ => client.post(&path, "").await,
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{verb}");
        assert!(answer.json().is_object());
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_a_sentence() {
    let (_, client) = Bench::empty().await;
    let ask = async |verb: &str, body: &str| {
        let answer = client.post(&format!("/_sandbox/{verb}"), body).await;
        (answer.status, answer.text("error"))
    };
    assert_eq!(ask("login", "").await, (400, "there is no app yet: POST /_sandbox/apps makes one".to_owned()));
    tell(&client, "apps", &json!({"appid": "wx1"})).await;
    assert_eq!(
        ask("login", r#"{"appid":"wx2"}"#).await,
        (404, "there is no app \"wx2\": POST /_sandbox/apps makes one".to_owned())
    );
    assert_eq!(
        ask("login", r#"{"user":"bob"}"#).await,
        (404, "there is no user \"bob\": POST /_sandbox/users makes one".to_owned())
    );
    tell(&client, "apps", &json!({"appid": "wx2"})).await;
    assert_eq!(ask("login", "").await, (400, "there are several apps: name one with \"appid\"".to_owned()));
    tell(&client, "users", &json!({"id": "bob"})).await;
    tell(&client, "users", &json!({})).await;
    assert_eq!(
        ask("login", r#"{"appid":"wx1"}"#).await,
        (400, "there are several users: name one with \"user\"".to_owned())
    );
    for (verb, body) in [
        ("login", "{"),
        ("login", "[]"),
        ("login", r#"{"usr":"bob"}"#),
        ("clock", "{}"),
        ("faults", r#"{"endpoint":"cgi-bin/token","fault":"confetti"}"#),
        ("faults", r#"{"endpoint":"cgi-bin/token","fault":{"status":100}}"#),
        ("faults", r#"{"endpoint":"cgi-bin/token","fault":"html","time":3}"#),
        ("rotate", r#"{"appid":"wx1","user":"bob","what":"codes"}"#),
    ] {
        assert_eq!(ask(verb, body).await.0, 400, "{verb} {body}");
    }
    assert_eq!(ask("loginn", "").await, (404, "there is no such verb: GET /_sandbox/ lists them".to_owned()));
    assert_eq!(client.get("/_sandboxes").await.status, 404);
}

#[tokio::test]
async fn faults_come_and_go_by_http() {
    let (_, client) = Bench::empty().await;
    let app = tell(&client, "apps", &json!({})).await;
    let code = tell(&client, "login", &json!({})).await["code"].clone();
    tell(&client, "faults", &json!({"endpoint": "sns/jscode2session", "fault": {"errcode": -1}, "times": 1})).await;
    tell(&client, "faults", &json!({"endpoint": "sns/jscode2session", "fault": {"without": "session_key"}})).await;
    assert_eq!(exchange(&client, &app, &code).await["errcode"], -1);
    assert!(exchange(&client, &app, &code).await.get("session_key").is_none());
    client.delete("/_sandbox/faults").await;
    assert_eq!(exchange(&client, &app, &code).await["errcode"], 40163);
}

#[tokio::test]
async fn time_passes_and_things_expire_by_http() {
    let (_, client) = Bench::empty().await;
    let app = tell(&client, "apps", &json!({})).await;
    let code = tell(&client, "login", &json!({})).await["code"].clone();
    assert_eq!(tell(&client, "clock", &json!({"advance": 301})).await, json!({"now": NOW + 301}));
    assert_eq!(exchange(&client, &app, &code).await["errcode"], 40029);
    let code = tell(&client, "login", &json!({})).await["code"].clone();
    tell(&client, "expire", &json!({"what": "codes"})).await;
    assert_eq!(exchange(&client, &app, &code).await["errcode"], 40029);
    let code = tell(&client, "login", &json!({})).await["code"].clone();
    tell(&client, "block", &json!({})).await;
    assert_eq!(exchange(&client, &app, &code).await["errcode"], 40226);
    tell(&client, "block", &json!({"blocked": false})).await;
    let old = key(&exchange(&client, &app, &code).await);
    tell(&client, "rotate", &json!({})).await;
    let code = tell(&client, "login", &json!({})).await["code"].clone();
    assert_ne!(key(&exchange(&client, &app, &code).await).expose(), old.expose());
}

#[tokio::test]
async fn a_scenario_says_how_it_is_played() {
    let (_, client) = Bench::empty().await;
    tell(&client, "apps", &json!({})).await;
    let scenario = tell(&client, "scenarios/first-tap-fails", &json!({})).await;
    assert_eq!((&scenario["scenario"], &scenario["user"]), (&json!("first-tap-fails"), &json!("user-1")));
    assert!(scenario["how"].as_str().unwrap().contains("second_code"));
    for field in ["code", "second_code"] {
        assert!(scenario[field].is_string());
    }
    assert!(scenario["phone"]["encryptedData"].is_string());
}
