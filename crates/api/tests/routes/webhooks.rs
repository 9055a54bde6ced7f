//! Webhooks by their routes, and what receivers on loopback get of them.

use std::sync::Arc;

use serde_json::{Value, json};
use wxgate_webhooks::Secret;

use super::support::receiver::{Message, Receiver};
use super::support::{APPID, Answer, START, TestApp, request};

const HOOKS: &str = "/api/v1/webhooks";

async fn ask(app: &TestApp, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    app.send_inside(request(method, path, Some(token), body)).await
}

/// A server that may post to loopback, and the token of an operator.
async fn bench() -> (Arc<TestApp>, String) {
    let app = TestApp::with(|settings| settings.webhooks.allow_private = true).await;
    let token = app.api_token(&["admin"]).await;
    (Arc::new(app), token)
}

/// A webhook for all types: its id and secret.
async fn created(app: &TestApp, token: &str, receiver: &Receiver) -> (String, Secret) {
    let made = ask(app, token, "POST", HOOKS, Some(json!({ "url": receiver.url() }))).await;
    let text = |key: &str| made.ok()[key].as_str().unwrap().to_owned();
    (text("id"), Secret::parse(&text("secret")).unwrap())
}

#[tokio::test]
async fn a_webhook_is_made_shown_changed_and_deleted() {
    let (app, token) = bench().await;
    let body = json!({ "url": "https://shop.example.com/a?b=c", "types": ["phone.bound", "member.created"], "description": "shop" });
    let made = ask(&app, &token, "POST", HOOKS, Some(body)).await;
    let id = made.ok()["id"].as_str().unwrap();
    assert!(Secret::parse(made.json["secret"].as_str().unwrap()).is_some());
    let at = format!("{HOOKS}/{id}");
    let shown = ask(&app, &token, "GET", &at, None).await;
    assert_eq!(
        shown.ok()["webhook"],
        json!({
            "id": id, "url": "https://shop.example.com/a?b=c", "types": ["member.created", "phone.bound"],
            "description": "shop", "enabled": true, "disabled_at": null, "disabled_reason": null,
            "previous_secret_until": null, "created_at": START,
        })
    );
    let change = json!({ "types": null, "description": null, "enabled": false });
    let changed = ask(&app, &token, "PATCH", &at, Some(change)).await.ok()["webhook"].clone();
    assert_eq!(
        (&changed["types"], &changed["description"], &changed["enabled"]),
        (&json!(null), &json!(null), &json!(false))
    );
    assert_eq!((&changed["disabled_at"], &changed["disabled_reason"]), (&json!(START), &json!("operator")));
    let nothing = ask(&app, &token, "PATCH", &at, Some(json!({}))).await.ok()["webhook"].clone();
    assert_eq!(nothing, changed);
    assert_eq!(ask(&app, &token, "GET", HOOKS, None).await.ok()["webhooks"], json!([changed]));
    ask(&app, &token, "DELETE", &at, None).await.ok();
    for method in ["GET", "DELETE"] {
        ask(&app, &token, method, &at, None).await.failed("not_found", 404, -404);
    }
    assert_eq!(ask(&app, &token, "GET", HOOKS, None).await.ok()["webhooks"], json!([]));
}

#[tokio::test]
async fn a_url_that_leads_inside_is_refused_by_name() {
    let app = TestApp::new().await;
    let token = app.api_token(&["admin"]).await;
    let made = ask(&app, &token, "POST", HOOKS, Some(json!({ "url": "https://shop.example.com" }))).await;
    let at = format!("{HOOKS}/{}", made.ok()["id"].as_str().unwrap());
    for url in [
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://localhost/",
        "https://169.254.169.254/",
        "http://shop.example.com/",
        "https://user:pass@shop.example.com/",
        "ftp://shop.example.com/",
        "shop",
    ] {
        for (method, path) in [("POST", HOOKS), ("PATCH", at.as_str())] {
            for (language, letters) in [("zh", true), ("en", false)] {
                let mut request = request(method, path, Some(&token), Some(json!({ "url": url })));
                request.headers_mut().insert("accept-language", language.parse().unwrap());
                let answer = app.send_inside(request).await;
                let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap().to_owned();
                assert!(hint.contains("`url`") && !hint.contains(url), "{hint}");
                assert_eq!(hint.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), letters, "{hint}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_committed_arrives_signed_and_in_order() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 204).await;
    let (_, secret) = created(&app, &token, &receiver).await;
    let worker = app.deliver();
    let member = app.login("o1").await;
    let id = member.login.ok()["member"]["id"].clone();
    app.send(request("PATCH", "/v1/me", Some(&member.skey), Some(json!({ "nickName": "小明" })))).await.ok();
    app.delete("/v1/session", &member.skey).await.ok();
    let got = receiver.messages(4).await;
    for message in &got {
        assert_eq!(message.signature, secret.sign(&message.id, message.timestamp, message.text.as_bytes()));
        assert_eq!(message.timestamp, START);
        assert!(!message.text.contains("小明") && !message.text.contains("o1"), "{}", message.text);
    }
    let bodies: Vec<_> = got.iter().map(Message::body).collect();
    let kinds = ["member.created", "session.created", "member.updated", "session.ended"];
    assert_eq!(bodies.iter().map(|body| body["type"].as_str().unwrap()).collect::<Vec<_>>(), kinds);
    for body in &bodies {
        assert_eq!(
            (&body["timestamp"], &body["data"]["appid"], &body["data"]["member_id"]),
            (&json!(START), &json!(APPID), &id)
        );
    }
    assert_eq!(bodies[2]["data"]["changed"], json!(["nickName"]));
    assert_eq!(bodies[3]["data"]["cause"], "ended");
    worker.stop().await;
}

#[tokio::test]
async fn what_failed_comes_again_before_what_is_later() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|number| if number < 2 { 500 } else { 200 }).await;
    created(&app, &token, &receiver).await;
    let worker = app.deliver();
    app.login("o1").await;
    receiver.messages(1).await;
    let failed = app.listed(&token, "?state=pending", |rows| rows.len() == 2 && rows[1]["attempts"] == 1).await;
    assert_eq!((&failed[1]["status"], &failed[1]["error"]), (&json!(500), &json!("status")));
    let next_at = failed[1]["next_at"].as_i64().unwrap();
    assert!((START + 2..=START + 5).contains(&next_at), "{next_at}");
    assert_eq!((&failed[0]["type"], &failed[0]["next_at"]), (&json!("session.created"), &json!(null)));
    app.clock.advance(5);
    app.wake(&token).await;
    receiver.messages(2).await;
    app.listed(&token, "?state=pending", |rows| rows.len() == 2 && rows[1]["attempts"] == 2).await;
    app.clock.advance(10);
    app.wake(&token).await;
    let got = receiver.messages(4).await;
    let ids: Vec<_> = got.iter().map(|message| message.id.as_str()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 410).await;
    let (id, _) = created(&app, &token, &receiver).await;
    let worker = app.deliver();
    app.login("o1").await;
    receiver.messages(1).await;
    let failed = app.listed(&token, "?state=failed", |rows| rows.len() == 1).await;
    assert_eq!((&failed[0]["status"], &failed[0]["error"]), (&json!(410), &json!("gone")));
    let shown = ask(&app, &token, "GET", &format!("{HOOKS}/{id}"), None).await.ok()["webhook"].clone();
    assert_eq!((&shown["enabled"], &shown["disabled_reason"]), (&json!(false), &json!("gone")));
    worker.stop().await;
}

#[tokio::test]
async fn what_failed_for_five_days_disables_its_webhook() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 302).await;
    let (id, _) = created(&app, &token, &receiver).await;
    let worker = app.deliver();
    app.login("o1").await;
    app.listed(&token, "?state=pending", |rows| rows.len() == 2 && rows[1]["error"] == "redirect").await;
    app.clock.advance(5 * 86_400 - 1);
    let token = app.api_token(&["admin"]).await;
    app.wake(&token).await;
    app.listed(&token, "?state=pending", |rows| rows.len() == 2 && rows[1]["attempts"] == 2).await;
    app.clock.advance(6 * 3600);
    let token = app.api_token(&["admin"]).await;
    app.wake(&token).await;
    app.listed(&token, "?state=failed", |rows| rows.len() == 1).await;
    let shown = ask(&app, &token, "GET", &format!("{HOOKS}/{id}"), None).await.ok()["webhook"].clone();
    assert_eq!(shown["disabled_reason"], "failing");
    worker.stop().await;
}

#[tokio::test]
async fn a_dead_receiver_holds_up_nobody_else() {
    let (app, token) = bench().await;
    let (dead, alive) = (Receiver::silent().await, Receiver::start(|_| 200).await);
    created(&app, &token, &dead).await;
    created(&app, &token, &alive).await;
    let worker = app.deliver();
    for member in 0..40 {
        app.login(&format!("o{member}")).await;
    }
    assert_eq!(alive.messages(80).await.len(), 80);
    drop(worker);
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_one_before_for_a_day() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 200).await;
    let (id, first) = created(&app, &token, &receiver).await;
    let rotated = ask(&app, &token, "POST", &format!("{HOOKS}/{id}/rotate-secret"), None).await;
    let second = Secret::parse(rotated.ok()["secret"].as_str().unwrap()).unwrap();
    assert_eq!(rotated.json["previous_secret_until"], START + 86_400);
    let test = async |token: &str| {
        let tested = ask(&app, token, "POST", &format!("{HOOKS}/{id}/test"), None).await;
        assert_eq!((&tested.ok()["delivered"], &tested.json["status"]), (&json!(true), &json!(200)));
        receiver.messages(1).await;
        receiver.take().pop().unwrap()
    };
    let message = test(&token).await;
    assert_eq!(message.body(), json!({ "type": "webhook.test", "timestamp": START, "data": {} }));
    let sign = |secret: &Secret| secret.sign(&message.id, message.timestamp, message.text.as_bytes());
    assert_eq!(message.signature, format!("{} {}", sign(&second), sign(&first)));
    app.clock.advance(86_400);
    let message = test(&app.api_token(&["admin"]).await).await;
    assert_eq!(message.signature, second.sign(&message.id, message.timestamp, message.text.as_bytes()));
}

#[tokio::test]
async fn a_test_says_what_is_wrong_with_a_receiver() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 307).await;
    let (id, _) = created(&app, &token, &receiver).await;
    let at = format!("{HOOKS}/{id}");
    let test = async || ask(&app, &token, "POST", &format!("{at}/test"), None).await.ok().clone();
    let said = test().await;
    assert_eq!((&said["delivered"], &said["status"], &said["error"]), (&json!(false), &json!(307), &json!("redirect")));
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    ask(&app, &token, "PATCH", &at, Some(json!({ "url": format!("http://{unused}/") }))).await.ok();
    let said = test().await;
    assert_eq!(
        (&said["delivered"], &said["status"], &said["error"]),
        (&json!(false), &json!(null), &json!("unreachable"))
    );
}

#[tokio::test]
async fn a_delivery_is_sent_again_when_it_is_asked_for() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 200).await;
    created(&app, &token, &receiver).await;
    let worker = app.deliver();
    app.login("o1").await;
    receiver.messages(2).await;
    let rows = app.listed(&token, "?state=delivered", |rows| rows.len() == 2).await;
    let resend = format!("/api/v1/deliveries/{}/resend", rows[1]["id"].as_str().unwrap());
    ask(&app, &token, "POST", &resend, None).await.ok();
    let got = receiver.messages(3).await;
    assert_eq!(got[0].id, got[2].id);
    worker.stop().await;
}

#[tokio::test]
async fn deliveries_come_page_by_page() {
    let (app, token) = bench().await;
    let receiver = Receiver::start(|_| 200).await;
    let (id, _) = created(&app, &token, &receiver).await;
    for member in 0..3 {
        app.login(&format!("o{member}")).await;
    }
    let page = async |query: &str| ask(&app, &token, "GET", &format!("/api/v1/deliveries{query}"), None).await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = page(&format!("?limit=4&webhook={id}{after}")).await;
        seen.extend(page.ok()["deliveries"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        let Some(next) = page.json["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let all = page("").await;
    let listed: Vec<_> = all.ok()["deliveries"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!((seen.len(), seen), (6, listed));
    assert_eq!(page("?state=failed").await.ok()["deliveries"], json!([]));
}

/// Method, path, token, body → word, status.
type Row<'a> = (&'static str, String, &'a str, Option<Value>, &'static str, u16);

#[tokio::test]
async fn requests_are_answered_by_the_table() {
    let (app, admin) = bench().await;
    let reader = app.api_token(&["members:write", "stats:read"]).await;
    let skey = app.login("o1").await.skey;
    let made = ask(&app, &admin, "POST", HOOKS, Some(json!({ "url": "https://a.example.com" }))).await;
    let one = format!("{HOOKS}/{}", made.ok()["id"].as_str().unwrap());
    let none = format!("{HOOKS}/01980c2e-7c1e-7000-8000-000000000009");
    let url = |url: &str| json!({ "url": url });
    let long = json!({ "url": "https://a.example.com", "description": "x".repeat(257) });
    let with = |key: &str, value: Value| json!({ "url": "https://a.example.com", key: value });
    let rows: Vec<Row<'_>> = vec![
        ("GET", HOOKS.into(), "", None, "unauthorized", 401),
        ("GET", HOOKS.into(), &skey, None, "unauthorized", 401),
        ("GET", HOOKS.into(), &reader, None, "forbidden", 403),
        ("POST", HOOKS.into(), "", Some(url("https://a.example.com")), "unauthorized", 401),
        ("POST", HOOKS.into(), &reader, Some(url("https://a.example.com")), "forbidden", 403),
        ("PUT", HOOKS.into(), &admin, None, "method_not_allowed", 405),
        ("POST", HOOKS.into(), &admin, Some(json!({})), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(url("")), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(json!({ "url": 1 })), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("secret", json!("whsec_"))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("types", json!([]))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("types", json!("member.created"))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("types", json!(["member.created", "x"]))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("types", json!([1]))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("description", json!(1))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(with("enabled", json!(true))), "bad_request", 400),
        ("POST", HOOKS.into(), &admin, Some(long), "bad_request", 400),
        ("GET", one.clone(), "", None, "unauthorized", 401),
        ("GET", one.clone(), &reader, None, "forbidden", 403),
        ("GET", none.clone(), &admin, None, "not_found", 404),
        ("GET", format!("{HOOKS}/x"), &admin, None, "not_found", 404),
        ("PATCH", one.clone(), &reader, Some(json!({})), "forbidden", 403),
        ("PATCH", one.clone(), &admin, Some(json!({ "enabled": "yes" })), "bad_request", 400),
        ("PATCH", one.clone(), &admin, Some(json!({ "secret": "whsec_" })), "bad_request", 400),
        ("PATCH", one.clone(), &admin, Some(json!({ "types": [] })), "bad_request", 400),
        ("PATCH", none.clone(), &admin, Some(json!({})), "not_found", 404),
        ("DELETE", one.clone(), &reader, None, "forbidden", 403),
        ("DELETE", one.clone(), &admin, Some(json!({ "x": 1 })), "bad_request", 400),
        ("DELETE", none.clone(), &admin, None, "not_found", 404),
        ("POST", format!("{one}/test"), &reader, None, "forbidden", 403),
        ("POST", format!("{one}/test"), &admin, Some(json!({ "x": 1 })), "bad_request", 400),
        ("POST", format!("{none}/test"), &admin, None, "not_found", 404),
        ("GET", format!("{one}/test"), &admin, None, "method_not_allowed", 405),
        ("POST", format!("{one}/rotate-secret"), &reader, None, "forbidden", 403),
        ("POST", format!("{none}/rotate-secret"), &admin, None, "not_found", 404),
        ("GET", "/api/v1/deliveries".into(), "", None, "unauthorized", 401),
        ("GET", "/api/v1/deliveries".into(), &reader, None, "forbidden", 403),
        ("GET", "/api/v1/deliveries?state=lost".into(), &admin, None, "bad_request", 400),
        ("GET", "/api/v1/deliveries?webhook=x".into(), &admin, None, "bad_request", 400),
        ("GET", "/api/v1/deliveries?after=-1".into(), &admin, None, "bad_request", 400),
        ("GET", "/api/v1/deliveries?limit=0".into(), &admin, None, "bad_request", 400),
        ("GET", "/api/v1/deliveries?limit=201".into(), &admin, None, "bad_request", 400),
        ("GET", "/api/v1/deliveries?limit=1&limit=1".into(), &admin, None, "bad_request", 400),
        ("GET", "/api/v1/deliveries?page=1".into(), &admin, None, "bad_request", 400),
        ("POST", "/api/v1/deliveries/1/resend".into(), &reader, None, "forbidden", 403),
        ("POST", "/api/v1/deliveries/9/resend".into(), &admin, None, "not_found", 404),
        ("POST", "/api/v1/deliveries/x/resend".into(), &admin, None, "not_found", 404),
        ("POST", "/api/v1/deliveries/9/resend".into(), &admin, Some(json!({ "x": 1 })), "bad_request", 400),
    ];
    for (method, path, token, body, word, status) in rows {
        let token = Some(token).filter(|token| !token.is_empty());
        let answer = app.send_inside(request(method, &path, token, body.clone())).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(word)), "{method} {path} {body:?}");
        answer.failed(word, status, -i64::from(status));
        app.send(request(method, path.split('?').next().unwrap(), token, None)).await.failed("not_found", 404, -404);
    }
}

#[tokio::test]
async fn there_are_at_most_32_webhooks() {
    let (app, token) = bench().await;
    let create = async || ask(&app, &token, "POST", HOOKS, Some(json!({ "url": "https://a.example.com" }))).await;
    for _ in 0..32 {
        create().await.ok();
    }
    create().await.failed("bad_request", 400, -400);
}

#[tokio::test]
async fn what_is_done_to_webhooks_is_audited_without_the_url() {
    let (app, token) = bench().await;
    let made = ask(&app, &token, "POST", HOOKS, Some(json!({ "url": "https://canary.example.com" }))).await;
    let at = format!("{HOOKS}/{}", made.ok()["id"].as_str().unwrap());
    ask(&app, &token, "PATCH", &at, Some(json!({ "enabled": false }))).await.ok();
    ask(&app, &token, "POST", &format!("{at}/rotate-secret"), None).await.ok();
    ask(&app, &token, "DELETE", &at, None).await.ok();
    let database = app.database();
    let mut lines = database
        .prepare("SELECT actor || detail, action FROM audit WHERE action LIKE 'webhook.%' ORDER BY id")
        .unwrap();
    let lines: Vec<(String, String)> =
        lines.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let actions: Vec<_> = lines.iter().map(|(_, action)| action.as_str()).collect();
    assert_eq!(actions, ["webhook.created", "webhook.changed", "webhook.secret_rotated", "webhook.deleted"]);
    assert!(
        lines
            .iter()
            .all(|(actor, _)| actor.starts_with("token:") && at.contains(&actor[actor.len() - 38..actor.len() - 2])),
        "{lines:?}"
    );
}
