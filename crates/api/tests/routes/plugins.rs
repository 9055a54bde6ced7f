//! What plugs in: it adds, and neither undoes nor fails what the core does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use wxgate_api::plugin::{self, Endpoint, EventType, InstallError, Plugin};
use wxgate_store::Store;

use super::phone::sealed_text;
use super::support::plugins::{Attributes, Probe, Spoken, Work};
use super::support::{START, TestApp, raw, request};

async fn with_probe() -> TestApp {
    TestApp::with_plugins(vec![Arc::new(Probe::new("probe"))]).await
}

#[tokio::test]
async fn a_plugins_routes_are_there_once_it_is_installed_and_only_then() {
    let app = TestApp::new().await;
    let hello = || raw("GET", "/x/probe/hello", None, "");
    app.ask(hello()).await.failed("not_found", 404, -404);
    app.app.install(vec![Arc::new(Probe::new("probe"))]).await.unwrap();
    assert_eq!(app.ask(hello()).await.ok()["hello"], "probe");
    for path in ["/x/probe", "/x/probe/", "/x/probe/hello/", "/x/probe/helo", "/x/other/hello", "/x//hello", "/x"] {
        app.ask(raw("GET", path, None, "")).await.failed("not_found", 404, -404);
    }
    let answer = app.ask(raw("PUT", "/x/probe/echo", None, "")).await;
    answer.failed("method_not_allowed", 405, -405);
    assert_eq!(answer.header("allow"), "POST, GET");
}

#[tokio::test]
async fn an_internal_route_takes_a_token_with_its_scope_and_is_on_that_listener_alone() {
    let app = with_probe().await;
    let inside = |token: Option<&str>| request("GET", "/x/probe/inside", token, None);
    app.ask(inside(None)).await.failed("not_found", 404, -404);
    app.ask_inside(raw("GET", "/x/probe/hello", None, "")).await.failed("not_found", 404, -404);
    app.ask_inside(inside(None)).await.failed("unauthorized", 401, -401);
    let other = app.api_token(&["introspect"]).await;
    app.ask_inside(inside(Some(&other))).await.failed("forbidden", 403, -403);
    let token = app.api_token(&["stats:read"]).await;
    assert_eq!(app.ask_inside(inside(Some(&token))).await.ok()["apps"], json!([super::support::APPID]));
}

#[tokio::test]
async fn a_plugins_requests_keep_the_cores_conventions() {
    let app = with_probe().await;
    let (json, form) = (Some("application/json"), Some("application/x-www-form-urlencoded"));
    let rows = [
        (json, "{\"text\":\"a\"}".to_owned(), 200, None),
        (form, "text=a".to_owned(), 200, None),
        (json, "{\"text\":\"a\",\"text\":\"b\"}".to_owned(), 400, Some("bad_request")),
        (json, "{\"txet\":\"a\"}".to_owned(), 400, Some("bad_request")),
        (json, "[]".to_owned(), 400, Some("bad_request")),
        (Some("text/plain"), "text=a".to_owned(), 415, Some("unsupported_media_type")),
        (None, "text=a".to_owned(), 415, Some("unsupported_media_type")),
        (json, " ".repeat(17_000), 413, Some("too_large")),
    ];
    for (content_type, body, status, word) in rows {
        let answer = app.ask(raw("POST", "/x/probe/echo", content_type, body.clone())).await;
        assert_eq!((answer.status, answer.json["error"].as_str()), (status, word), "{body:.40}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-request-id").len(), 32);
    }
    let mut compressed = raw("POST", "/x/probe/echo", json, "{}");
    compressed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    app.ask(compressed).await.failed("unsupported_media_type", 415, -415);
    let mut query = raw("GET", "/x/probe/echo?text=%E4%BD%A0", None, "");
    query.headers_mut().insert("x-probe", "here".parse().unwrap());
    assert_eq!(app.ask(query).await.json, json!({ "text": "你", "header": "here" }));
    app.ask(raw("GET", "/x/probe/echo?skey=1", None, "")).await.failed("bad_request", 400, -400);
    app.ask(raw("GET", "/x/probe/echo?text=wxg_1", None, "")).await.failed("bad_request", 400, -400);
}

#[tokio::test]
async fn a_route_that_panics_fails_its_own_request_alone() {
    let app = with_probe().await;
    for _ in 0..2 {
        app.ask(raw("POST", "/x/probe/panic", None, "")).await.failed("internal", 500, -500);
        assert_eq!(app.ask(raw("GET", "/x/probe/hello", None, "")).await.status, 200);
    }
    app.login("o1").await;
}

#[tokio::test]
async fn a_plugin_says_refusals_in_its_own_words_and_changes_nothing_else_of_them() {
    let app = TestApp::with(|settings| settings.limits.requests_per_minute = 3).await;
    app.app.install(vec![Arc::new(Spoken { panics: false })]).await.unwrap();
    let mut english = raw("POST", "/x/spoken/me", None, "");
    english.headers_mut().insert("accept-language", "en".parse().unwrap());
    let answer = app.ask(english).await;
    let say = "not logged in, or the login has ended";
    assert_eq!(answer.json, json!({ "code": -1, "word": "unauthorized", "number": -401, "say": say }));
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer error=\"invalid_token\""));
    let refused = app.ask(raw("GET", "/x/spoken/me", None, "")).await;
    assert_eq!((refused.status, refused.json["word"].as_str()), (405, Some("method_not_allowed")));
    assert_eq!(refused.header("allow"), "POST");
    app.ask(raw("POST", "/x/other/me", None, "")).await.failed("not_found", 404, -404);
    assert_eq!(app.ask(raw("POST", "/x/spoken/me?skey=1", None, "")).await.json["word"], "bad_request");
    let limited = app.ask(raw("POST", "/x/spoken/me", None, "")).await;
    assert_eq!((limited.status, limited.json["word"].as_str()), (429, Some("too_many_requests")));
    assert!(limited.header("retry-after").parse::<u32>().is_ok());
}

#[tokio::test]
async fn who_panics_over_the_words_of_a_refusal_has_none() {
    let app = TestApp::with_plugins(vec![Arc::new(Spoken { panics: true })]).await;
    app.ask(raw("POST", "/x/spoken/me", None, "")).await.failed("unauthorized", 401, -401);
}

#[tokio::test]
async fn a_login_by_a_plugin_is_a_login_with_its_limits() {
    let app = TestApp::with(|settings| settings.limits.logins_per_minute = 4).await;
    app.app.install(vec![Arc::new(Probe::new("probe"))]).await.unwrap();
    let login = |body: Value| request("POST", "/x/probe/login", None, Some(body));
    let (code, _) = app.wechat.login_code("o1");
    let made = app.ask(login(json!({ "code": code }))).await;
    assert_eq!((&made.ok()["is_new"], &made.json["profile"]), (&json!(true), &json!("absent")));
    assert_eq!((&made.json["openid"], &made.json["lasts"]), (&json!(null), &json!(true)));
    let me = app.get("/v1/me", made.json["skey"].as_str().unwrap()).await;
    assert_eq!(me.ok()["member"]["id"], made.json["id"]);
    app.ask(login(json!({ "code": code }))).await.failed("code_used", 400, 40163);
    app.ask(login(json!({ "code": "a b" }))).await.failed("bad_request", 400, -400);
    app.ask(login(json!({}))).await.failed("bad_request", 400, -400);
    app.ask(login(json!({ "code": "x" }))).await.failed("too_many_requests", 429, -429);
}

#[tokio::test]
async fn a_phone_number_by_a_plugin_passes_every_defence() {
    let app = with_probe().await;
    let member = app.login("o1").await;
    let phone = |body: &Value| request("POST", "/x/probe/phone", Some(&member.skey), Some(body.clone()));
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    let bound = app.ask(phone(&json!({ "phoneCode": code }))).await;
    assert_eq!((&bound.ok()["phone"], &bound.json["trust"]), (&json!("138****8000"), &json!("code")));
    app.ask(phone(&json!({ "phoneCode": "a b" }))).await.failed("bad_request", 400, -400);
    app.ask(phone(&json!({ "encryptedData": "!", "iv": "!" }))).await.failed("bad_request", 400, -400);

    // What does not open: the core's body, not before the beat, and on the core's budget.
    let broken = sealed_text(&member.key, "{");
    let by_core = app.post("/v1/phone", &member.skey, broken.clone()).await;
    for _ in 0..4 {
        let arrived = Instant::now();
        let answer = app.ask(phone(&broken)).await;
        assert!(arrived.elapsed() >= Duration::from_millis(50));
        assert_eq!(super::uniform::bytes(&answer), super::uniform::bytes(&by_core));
    }
    app.ask(phone(&broken)).await.failed("too_many_requests", 429, -429);
    app.post("/v1/phone", &member.skey, broken).await.failed("too_many_requests", 429, -429);
}

#[tokio::test]
async fn a_session_that_is_resumed_is_live_and_its_members_not_blocked() {
    let app = with_probe().await;
    let (code, _) = app.wechat.login_code("o1");
    let made = app.ask(request("POST", "/x/probe/login", None, Some(json!({ "code": code })))).await;
    let (skey, session) = (made.json["skey"].as_str().unwrap(), &made.json["session"]);
    let phone = || {
        let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
        request("POST", "/x/probe/phone", None, Some(json!({ "session": session, "phoneCode": code })))
    };
    assert_eq!(app.ask(phone()).await.ok()["pure"], "138****8000");
    app.database().execute("UPDATE members SET status = 'blocked'", []).unwrap();
    app.ask(phone()).await.failed("blocked", 403, -403);
    app.database().execute("UPDATE members SET status = 'active'", []).unwrap();
    app.delete("/v1/session", skey).await.ok();
    app.ask(phone()).await.failed("unauthorized", 401, -401);
}

#[tokio::test]
async fn what_plugins_add_to_a_login_stands_beside_the_teams_own_and_is_not_kept() {
    let adding = |name| Arc::new(Probe::with_attributes(name, Attributes::Adds)) as Arc<dyn Plugin>;
    let app = TestApp::with_plugins(vec![adding("first"), adding("second"), adding("own")]).await;
    app.login("o1").await;
    app.database().execute("UPDATE members SET attributes = '{\"own\":1,\"vip\":true}'", []).unwrap();
    let member = app.login("o1").await;
    let (id, attributes) = (&member.login.json["member"]["id"], &member.login.json["member"]["attributes"]);
    assert_eq!(*attributes, json!({ "first": id, "second": id, "shared": "first", "own": 1, "vip": true }));
    let me = app.get("/v1/me", &member.skey).await;
    assert_eq!(me.ok()["member"]["attributes"], json!({ "own": 1, "vip": true }));
}

#[tokio::test]
async fn no_plugin_fails_a_login_by_its_attributes() {
    use Attributes::{Adds, Fails, Hangs, Panics, SaysTooMuch};
    let kinds = [("hangs", Hangs), ("fails", Fails), ("panics", Panics), ("toomuch", SaysTooMuch), ("adds", Adds)];
    let plugins = kinds.map(|(name, kind)| Arc::new(Probe::with_attributes(name, kind)) as Arc<dyn Plugin>);
    let app = TestApp::with_plugins(plugins.into()).await;
    let member = app.login("o1").await;
    let id = &member.login.json["member"]["id"];
    assert_eq!(member.login.json["member"]["attributes"], json!({ "adds": id, "shared": "adds" }));
}

#[tokio::test]
async fn a_plugins_entries_are_its_own_and_sealed() {
    let app = TestApp::with_plugins(vec![Arc::new(Probe::new("one")), Arc::new(Probe::new("other"))]).await;
    let post = |path: &str, body: Value| request("POST", path, None, Some(body));
    let kept = app.ask(post("/x/one/keep", json!({ "key": "k", "value": "canary" }))).await;
    assert_eq!(kept.ok()["kept"], true);
    let sealed: Vec<u8> =
        app.database().query_row("SELECT sealed_value FROM plugin_entries", [], |row| row.get(0)).unwrap();
    assert!(!sealed.windows(6).any(|part| part == b"canary"));
    let take = |plugin: &str| post(&format!("/x/{plugin}/take"), json!({ "key": "k" }));
    assert_eq!(app.ask(take("other")).await.ok()["taken"], json!(null));
    let taken = app.ask(take("one")).await;
    let value = json!({ "favourite": "canary" });
    assert_eq!((&taken.ok()["taken"], &taken.json["listed"]), (&value, &json!([["k", value]])));
    assert_eq!(app.ask(take("one")).await.ok()["taken"], json!(null));
    // Sealed as what it is: nobody makes another entry of it.
    app.ask(post("/x/one/keep", json!({ "key": "k", "value": "canary" }))).await.ok();
    app.database().execute("UPDATE plugin_entries SET plugin = 'other'", []).unwrap();
    app.ask(take("other")).await.failed("internal", 500, -500);
    for key in ["a b", "large"] {
        app.ask(post("/x/one/keep", json!({ "key": key, "value": "v" }))).await.failed("internal", 500, -500);
    }
}

#[tokio::test]
async fn entries_about_a_member_go_with_the_member() {
    let app = with_probe().await;
    let member = app.login("o1").await;
    let keep = |id: &Value| json!({ "key": "k", "value": "canary", "member": id });
    let body = keep(&member.login.json["member"]["id"]);
    let post = || request("POST", "/x/probe/keep", None, Some(body.clone()));
    assert_eq!(app.ask(post()).await.ok()["kept"], true);
    app.delete("/v1/me", &member.skey).await.ok();
    let left = app.database().query_row("SELECT count(*) FROM plugin_entries", [], |row| row.get::<_, i64>(0));
    assert_eq!(left.unwrap(), 0);
    assert_eq!(app.ask(post()).await.ok()["kept"], false);
    app.clock.advance(60);
    assert_eq!(app.store.purge(wxgate_store::UnixSeconds(START + 60), 9).await.unwrap().plugin_entries, 0);
}

#[tokio::test]
async fn a_plugin_that_cannot_be_served_is_refused_by_name() {
    let refused = async |plugins: Vec<Arc<dyn Plugin>>| {
        let app = TestApp::new().await;
        let error = app.app.install(plugins).await.unwrap_err();
        app.ask(raw("GET", "/x/probe/hello", None, "")).await.failed("not_found", 404, -404);
        error
    };
    let named = |name| Arc::new(Probe::new(name)) as Arc<dyn Plugin>;
    for name in ["", "Classic", "my-plugin", "my_plugin", "1st", "a b", "码", "../x", &"a".repeat(33)] {
        let name: &'static str = name.to_owned().leak();
        let error = refused(vec![named("probe"), named(name)]).await;
        assert!(matches!(error, InstallError::Name(bad) if bad == name), "{error}");
    }
    let error = refused(vec![named("probe"), named("other"), named("probe")]).await;
    assert!(matches!(error, InstallError::Twice("probe")), "{error}");
    let public = |path| Endpoint::public(Method::GET, path);
    for (endpoints, why) in [
        (vec![public("hello")], "segments"),
        (vec![public("/hello/")], "segments"),
        (vec![public("/{id}")], "segments"),
        (vec![public("/a"), public("/a")], "twice"),
        (vec![Endpoint::internal(Method::GET, "/a", "everything")], "scope"),
    ] {
        let error = refused(vec![named("probe"), Arc::new(Listing(endpoints.leak()))]).await;
        assert!(error.to_string().contains(why) && error.to_string().contains("listing"), "{error}");
    }
    let app = with_probe().await;
    assert!(matches!(app.app.install(Vec::new()).await, Err(InstallError::Again)));
}

struct Listing(&'static [Endpoint]);

#[async_trait]
impl Plugin for Listing {
    fn name(&self) -> &'static str {
        "listing"
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        self.0
    }
}

#[tokio::test]
async fn each_step_of_a_plugins_schema_is_taken_once_and_again_after_a_failure() {
    let app = TestApp::new().await;
    let stepping = |schema, broken_step| Arc::new(Probe { schema, broken_step, ..Probe::new("probe") });
    let broken = stepping(3, Some(2));
    let error = app.app.install(vec![broken.clone()]).await.unwrap_err();
    assert!(matches!(error, InstallError::Migration { plugin: "probe", step: 2, .. }), "{error}");
    assert_eq!(broken.steps(), 2);
    let mended = stepping(3, None);
    app.app.install(vec![mended.clone()]).await.unwrap();
    assert_eq!(mended.steps(), 2, "the first step stands");

    let app = app.restarted("").await;
    let same = stepping(3, None);
    app.app.install(vec![same.clone()]).await.unwrap();
    assert_eq!(same.steps(), 0);
    let older = app.restarted("").await.app.install(vec![stepping(2, None)]).await.unwrap_err();
    assert!(matches!(older, InstallError::Newer { plugin: "probe", found: 3, known: 2 }), "{older}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_what_plugins_do_and_cuts_off_who_does_not_end() {
    let working = |name, work| Probe { work, ..Probe::new(name) };
    let orderly = working("orderly", Work::UntilStopped);
    let ended = Arc::clone(&orderly.ended);
    let others = [working("panics", Work::Panics), working("stuck", Work::Forever)];
    let plugins = others.into_iter().chain([orderly]).map(|plugin| Arc::new(plugin) as Arc<dyn Plugin>);
    let app = TestApp::with_plugins(plugins.collect()).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(plugin::run(Arc::clone(&app.app), async { stopped.await.unwrap() }));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!running.is_finished(), "a panic of one ends not the others");
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    let told = Instant::now();
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!((ended.load(Ordering::SeqCst), told.elapsed()), (1, Duration::from_secs(10)));
    assert_eq!(app.ask(raw("GET", "/x/panics/hello", None, "")).await.status, 200, "it goes on answering");
}

#[tokio::test]
async fn a_plugin_hears_of_the_events_it_wants_in_their_order_and_a_panic_over_one_ends_nothing() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let kinds = [EventType::MemberCreated, EventType::SessionCreated, EventType::SessionEnded].into_iter().collect();
    let listening = Probe { hears: Some((kinds, tell)), ..Probe::new("listening") };
    let app = TestApp::with_plugins(vec![Arc::new(listening), Arc::new(Probe::new("deaf"))]).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(plugin::run(Arc::clone(&app.app), async { stopped.await.unwrap() }));
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    app.delete("/v1/session", &member.skey).await.ok();
    for expected in ["member.created 0", "session.created 0", "session.ended 0"] {
        assert_eq!(heard.recv().await.unwrap(), expected);
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    app.login("o2").await;
    assert!(heard.try_recv().is_err(), "told of nothing after the stop");
}
