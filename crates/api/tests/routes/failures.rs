//! What failed, why, and what helps: as a list, and as it comes.

use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use warp::reply::Response;
use wxgate_api::settings::EncryptedData;

use super::phone::sealed_number;
use super::support::{APPID, START, TestApp, raw, refused, request};

type Asked = Request<http_body_util::Full<bytes::Bytes>>;

fn ask(query: &str, token: &str, headers: &[(&'static str, &str)]) -> Asked {
    let mut asked = request("GET", &format!("/api/v1/failures{query}"), Some(token), None);
    for (name, value) in headers {
        asked.headers_mut().insert(*name, value.parse().unwrap());
    }
    asked
}

async fn failures(app: &TestApp, query: &str, language: &str) -> Value {
    let token = app.api_token(&["stats:read"]).await;
    app.send_inside(ask(query, &token, &[("accept-language", language)])).await.ok().clone()
}

async fn failed_login(app: &TestApp, code: &str) -> String {
    let answer = app.send(request("POST", "/v1/login", None, Some(json!({ "code": code })))).await;
    assert_ne!(answer.status, 200);
    answer.json["rid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_failure_says_why_and_what_helps_in_the_readers_language_and_nothing_secret() {
    let app = TestApp::with(|settings| settings.phone.encrypted_data = EncryptedData::Local).await;
    let member = app.login("o1").await;
    let stale = sealed_number(&member.key, "13800138000", START - 10_000);
    let answer = app.post("/v1/phone", &member.skey, stale.clone()).await;
    let opened = answer.failed("unopenable", 422, -422)["rid"].clone();
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": "canary-tap" })).await.failed("code_invalid", 400, 40029);
    app.wechat.fail(|| refused(40164));
    let login = failed_login(&app, "canary-code").await;

    let reply = failures(&app, "", "en").await;
    let rows = reply["failures"].as_array().unwrap();
    let of = |row: &Value| ["kind", "cause", "errcode"].map(|key| row[key].clone());
    assert_eq!(of(&rows[0]), [json!("login"), json!("wechat_refused"), json!(40164)]);
    assert_eq!(of(&rows[1]), [json!("phone"), json!("code_invalid"), json!(40029)]);
    assert_eq!(of(&rows[2]), [json!("opening"), json!("too_old"), Value::Null]);
    assert_eq!((&rows[0]["rid"], &rows[2]["rid"]), (&json!(login), &opened));
    let id = &member.login.json["member"]["id"];
    assert_eq!((&rows[0]["member"], &rows[1]["member"], &rows[2]["member"]), (&Value::Null, id, id));
    assert!(rows.iter().all(|row| row["appid"] == APPID && row["at"] == START && row["count"] == 1), "{rows:#?}");
    assert!(rows[0]["cure"].as_str().unwrap().contains("IP allow list"));
    assert_eq!(rows[2]["sentence"], "It was made 10000 seconds ago, and may be 300 seconds old.");
    assert_eq!(reply["next"], Value::Null);
    let chinese = failures(&app, "", "zh").await;
    assert!(chinese["failures"][0]["cure"].as_str().unwrap().contains("白名单"));
    assert!(chinese["failures"][2]["sentence"].as_str().unwrap().contains("10000 秒前"));
    let kept = reply.to_string();
    for secret in ["canary", "13800138000", stale["encryptedData"].as_str().unwrap(), stale["iv"].as_str().unwrap()] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_list_is_empty_at_first_and_comes_page_by_page_by_what_is_asked_for() {
    let app = TestApp::new().await;
    assert_eq!(failures(&app, "", "en").await["failures"], json!([]));
    let mut rids = Vec::new();
    for number in 0..5 {
        rids.push(failed_login(&app, &format!("unknown-{number}")).await);
    }
    rids.reverse();
    let page = async |query: String| {
        let reply = failures(&app, &query, "en").await;
        let rids: Vec<_> =
            reply["failures"].as_array().unwrap().iter().map(|row| row["rid"].as_str().unwrap().to_owned()).collect();
        (rids, reply["next"].as_str().map(str::to_owned))
    };
    let (first, next) = page("?limit=2".to_owned()).await;
    let (second, then) = page(format!("?limit=2&after={}", next.unwrap())).await;
    let (third, end) = page(format!("?limit=2&after={}", then.unwrap())).await;
    assert_eq!(([first, second, third].concat(), end), (rids.clone(), None));
    assert_eq!(page("?kind=login&cause=code_invalid".to_owned()).await.0, rids);
    assert!(page("?kind=opening".to_owned()).await.0.is_empty());
    assert!(page("?member=01980c2e-7c1e-7000-8000-000000000000".to_owned()).await.0.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_the_question_is_named() {
    let app = TestApp::new().await;
    let token = app.api_token(&["stats:read"]).await;
    for (query, named) in [
        ("?limit=0", "`limit`"),
        ("?limit=201", "`limit`"),
        ("?limit=x", "`limit`"),
        ("?after=x", "`after`"),
        ("?after=99999999999999999999", "`after`"),
        ("?kind=logout", "`kind` must be one of login, opening, phone"),
        ("?member=o1", "`member`"),
        ("?since=1", "`since`"),
    ] {
        let answer = app.send_inside(ask(query, &token, &[("accept-language", "en")])).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains(named), "{query}: {hint}");
    }
    let streamed = [("accept", "text/event-stream"), ("last-event-id", "x")];
    app.send_inside(ask("", &token, &streamed)).await.failed("bad_request", 400, -400);
    app.send_inside(ask("", &token, &streamed[1..])).await.failed("bad_request", 400, -400);
    app.send_inside(ask("?after=1", &token, &streamed[..1])).await.failed("bad_request", 400, -400);
    let other = app.api_token(&["members:read"]).await;
    app.send_inside(ask("", &other, &[])).await.failed("forbidden", 403, -403);
    app.send_inside(raw("GET", "/api/v1/failures", None, "")).await.failed("unauthorized", 401, -401);
}

/// An answer that goes on.
struct Stream(Response);

impl Stream {
    async fn open(app: &TestApp, token: &str, headers: &[(&'static str, &str)]) -> Self {
        let asked = ask("", token, &[&[("accept", "text/event-stream")], headers].concat());
        let answer = app.internal.answer(asked, None).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self(answer);
        assert_eq!(stream.next().await.as_deref(), Some(":\n\n"), "the client knows at once that it listens");
        stream
    }

    async fn next(&mut self) -> Option<String> {
        let frame = self.0.body_mut().frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    /// The rid of the next failure, and the id under which a client comes back.
    async fn failure(&mut self) -> (String, String) {
        let event = self.next().await.unwrap();
        let lines: Vec<_> = event.lines().collect();
        assert_eq!((lines[1], lines[3]), ("event: failure", ""), "{event}");
        let json: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(json["id"], lines[0].strip_prefix("id: ").unwrap());
        (json["rid"].as_str().unwrap().to_owned(), json["id"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn who_listens_hears_each_failure_and_who_comes_back_misses_none() {
    let app = TestApp::new().await;
    let token = app.api_token(&["stats:read"]).await;
    failed_login(&app, "before").await;
    failures(&app, "", "en").await;
    let mut stream = Stream::open(&app, &token, &[]).await;
    let first = failed_login(&app, "unknown-1").await;
    failures(&app, "", "en").await;
    let (heard, id) = stream.failure().await;
    assert_eq!(heard, first);
    drop(stream);
    let missed = [failed_login(&app, "unknown-2").await, failed_login(&app, "unknown-3").await];
    failures(&app, "", "en").await;
    let mut stream = Stream::open(&app, &token, &[("last-event-id", &id)]).await;
    for rid in missed {
        assert_eq!(stream.failure().await.0, rid);
    }
}

#[tokio::test]
async fn a_seventeenth_stream_is_refused_until_another_one_ends() {
    let app = TestApp::new().await;
    let token = app.api_token(&["stats:read"]).await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(Stream::open(&app, &token, &[]).await);
    }
    let accept = [("accept", "text/event-stream")];
    app.send_inside(ask("", &token, &accept)).await.failed("too_many_requests", 429, -429);
    drop(streams.pop());
    // The task behind the stream has to notice; each turn of it is another chance.
    let mut refused = 0;
    while app.internal.answer(ask("", &token, &accept), None).await.status() != 200 {
        tokio::task::yield_now().await;
        refused += 1;
        assert!(refused < 100_000, "its place is not given back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_shows_that_it_is_there() {
    let app = TestApp::new().await;
    let token = app.api_token(&["stats:read"]).await;
    let mut stream = Stream::open(&app, &token, &[]).await;
    for _ in 0..3 {
        assert_eq!(stream.next().await.as_deref(), Some(":\n\n"));
    }
}

#[tokio::test]
async fn of_a_flood_of_junk_codes_few_rows_are_written() {
    let app = TestApp::with(|settings| settings.limits.logins_per_minute = 0).await;
    for number in 0..500 {
        failed_login(&app, &format!("junk-{number}")).await;
    }
    assert_eq!(failures(&app, "?limit=200", "en").await["failures"].as_array().unwrap().len(), 10);
    app.clock.advance(60);
    let reply = failures(&app, "?limit=200", "en").await;
    let rows = reply["failures"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["count"], &rows[0]["rid"]), (11, &json!(490), &Value::Null));
    wxgate_api::write_down(&app.app).await;
    assert_eq!(failures(&app, "?limit=200", "en").await["failures"].as_array().unwrap().len(), 11);
}
