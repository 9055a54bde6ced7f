//! Several mini programs in one server.

use std::collections::BTreeSet;

use http::Method;
use image::ImageFormat;
use serde_json::{Value, json};
use wxgate_store::Store;

use super::avatars::{picture, send_picture};
use super::support::document::{Side, document, is_on, operations};
use super::support::push::{Pushed, channel, event};
use super::support::{APPID, Answer, START, TestApp, raw, request};

const OTHER: &str = "wx00000000000000ff";

async fn two_apps() -> TestApp {
    TestApp::with(|settings| {
        settings.appids.push(OTHER.to_owned());
        settings.push.insert(APPID.to_owned(), channel(APPID));
        settings.push.insert(OTHER.to_owned(), channel(OTHER));
    })
    .await
}

/// A login of `openid` in an app, with what WeChat says of the unionid.
async fn login(app: &TestApp, appid: &str, openid: &str, unionid: Option<&str>) -> Answer {
    let code = app.wechat.login_code_of(openid, unionid);
    let answer = app.send(request("POST", "/v1/login", None, Some(json!({ "code": code, "appid": appid })))).await;
    answer.ok();
    answer
}

fn text(answer: &Answer, place: &str) -> String {
    answer.json.pointer(place).and_then(Value::as_str).unwrap_or_else(|| panic!("{place}: {answer:?}")).to_owned()
}

/// What to send to each endpoint of the public listener as somebody of the other app; `victim` is a session of the
/// first one.
fn attempt(method: &Method, path: &str, app: &TestApp, victim: &str) -> (String, Option<Value>) {
    let pair = json!({ "encryptedData": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" });
    let body = match (method.as_str(), path) {
        ("POST", "/v1/login") => json!({ "code": app.wechat.login_code("o1").0, "appid": OTHER }),
        ("POST", "/v1/phone") => {
            json!({ "phoneCode": app.wechat.phone_code("o1", "13700137000", "13700137000", "86") })
        }
        ("PATCH", "/v1/me") => json!({ "nickName": "another name" }),
        ("POST", "/v1/me/profile") => pair,
        ("POST", "/v1/me/open-data") => {
            json!({ "kind": "werun", "encryptedData": pair["encryptedData"], "iv": pair["iv"] })
        }
        ("POST", "/wx/push/{appid}") => {
            let cancelled = event("user_authorization_cancellation", "o1", &json!({}));
            let push = Pushed { appid: OTHER.to_owned(), ..Pushed::by(&channel(OTHER), &cancelled, START, victim) };
            return (push.path(), serde_json::from_str(&push.body).ok());
        }
        // A picture is not of a session: who knows its address may see it.
        (
            "GET",
            "/v1/avatars/{id}"
            | "/.well-known/jwks.json"
            | "/healthz"
            | "/wx/push/{appid}"
            | "/v1/session"
            | "/v1/me"
            | "/v1/sessions"
            | "/v1/me/export",
        )
        | ("POST", "/v1/session/refresh" | "/v1/session/check" | "/v1/jwt" | "/v1/me/avatar")
        | ("DELETE", "/v1/session" | "/v1/sessions" | "/v1/sessions/{id}" | "/v1/me") => Value::Null,
        _ => panic!("{method} {path} is new: what can somebody of another app do there?"),
    };
    (path.replace("{id}", victim).replace("{appid}", OTHER), Some(body).filter(|body| !body.is_null()))
}

/// The same openid in two apps, which WeChat never gives: the hardest case. Whatever the one does, the other is untouched.
#[tokio::test]
async fn tenant_isolation() {
    let app = two_apps().await;
    let victim = login(&app, APPID, "o1", None).await;
    let (skey, id) = (text(&victim, "/skey"), text(&victim, "/member/id"));
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &skey, json!({ "phoneCode": code })).await.ok();
    app.send(request("PATCH", "/v1/me", Some(&skey), Some(json!({ "nickName": "canary" })))).await.ok();
    let sessions = app.get("/v1/sessions", &skey).await;
    let session = text(&sessions, "/sessions/0/id");
    send_picture(&app, &skey, &picture(100, ImageFormat::Png)).await.ok();
    let pseudonym = app.vault.pseudonym(APPID, "o1");
    let held = async || {
        wxgate_api::write_down(&app.app).await;
        app.store.export(id.parse().unwrap(), pseudonym, wxgate_store::UnixSeconds(START)).await.unwrap().unwrap()
    };
    let before = held().await;
    for (path, item) in document()["paths"].as_object().unwrap() {
        if !is_on(item, Side::Public) {
            continue;
        }
        for (method, _) in operations(item) {
            let attacker = text(&login(&app, OTHER, "o1", None).await, "/skey");
            let (path, body) = attempt(&method, path, &app, &session);
            let answer = if path == "/v1/me/avatar" {
                send_picture(&app, &attacker, &picture(200, ImageFormat::Png)).await
            } else {
                app.send(request(method.as_str(), &path, Some(&attacker), body)).await
            };
            for canary in [&id, &session, &skey, "canary", "8000"] {
                assert!(!answer.text.contains(canary), "{method} {path}: {answer:?}");
            }
            assert_eq!(held().await, before, "{method} {path} changed another app's member");
        }
    }
    let who = app.send_inside(request("GET", "/forward-auth", Some(&skey), None)).await;
    assert_eq!((who.header("wxgate-app"), who.header("wxgate-member")), (APPID, id.as_str()));
    let token = app.api_token(&["introspect"]).await;
    let mut question = raw("POST", "/introspect", Some("application/x-www-form-urlencoded"), format!("token={skey}"));
    question.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let known = app.send_inside(question).await;
    assert_eq!((&known.json["client_id"], &known.json["sub"]), (&json!(APPID), &json!(id)));
}

#[tokio::test]
async fn a_login_with_several_apps_says_which() {
    let app = two_apps().await;
    let code = app.wechat.login_code("o1").0;
    for body in [json!({ "code": code }), json!({ "code": code, "appid": "wx0000000000000000" })] {
        app.send(request("POST", "/v1/login", None, Some(body))).await.failed("bad_request", 400, -400);
    }
    login(&app, OTHER, "o1", None).await;
}

#[tokio::test]
async fn a_member_is_shown_with_who_they_are_in_other_apps() {
    let app = two_apps().await;
    let mut ids = Vec::new();
    for (appid, openid, unionid) in
        [(APPID, "o1", Some("u1")), (OTHER, "o2", Some("u1")), (OTHER, "o3", Some("u2")), (OTHER, "o4", None)]
    {
        let login = login(&app, appid, openid, unionid).await;
        ids.push(text(&login, "/member/id"));
    }
    let token = app.api_token(&["members:read"]).await;
    let show = async |id: &str, token: Option<&str>| {
        app.send_inside(request("GET", &format!("/api/v1/members/{id}"), token, None)).await
    };
    let linked = async |at: usize| -> BTreeSet<String> {
        let shown = show(&ids[at], Some(&token)).await;
        let member = &shown.ok()["member"];
        assert_eq!(member["id"], ids[at].as_str());
        let linked = shown.json["linked"].as_array().unwrap().iter();
        linked.map(|member| member["openid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((linked(0).await, linked(1).await), (["o2".to_owned()].into(), ["o1".to_owned()].into()));
    assert!(linked(2).await.is_empty() && linked(3).await.is_empty());
    login(&app, OTHER, "o4", Some("u1")).await;
    assert_eq!(linked(0).await, ["o2".to_owned(), "o4".to_owned()].into(), "a unionid may appear later");

    login(&app, OTHER, "o3", Some("u1")).await;
    assert!(linked(2).await.is_empty(), "another one than before merges nobody");
    let audit = app.store.export(ids[2].parse().unwrap(), [0; 32], wxgate_store::UnixSeconds(START)).await;
    let audit = audit.unwrap().unwrap().audit;
    assert_eq!(audit.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["unionid.conflict"]);

    show(&ids[0], None).await.failed("unauthorized", 401, -401);
    let other = app.api_token(&["introspect"]).await;
    show(&ids[0], Some(&other)).await.failed("forbidden", 403, -403);
    for unknown in ["00000000-0000-7000-8000-000000000000", "x", &ids[0][1..]] {
        show(unknown, Some(&token)).await.failed("not_found", 404, -404);
    }
}

#[tokio::test]
async fn a_shown_number_is_masked_whatever_the_mini_program_gets() {
    let app = TestApp::with(|settings| settings.phone.reply = wxgate_api::settings::PhoneReply::Full).await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    let id = text(&member.login, "/member/id");
    let token = app.api_token(&["members:read"]).await;
    let shown = app.send_inside(request("GET", &format!("/api/v1/members/{id}"), Some(&token), None)).await;
    assert_eq!(
        (&shown.ok()["member"]["phone"], &shown.json["member"]["phone_trust"]),
        (&json!("138****8000"), &json!("code"))
    );
    assert!(!shown.text.contains("13800138000"));
}
