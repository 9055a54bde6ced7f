//! Members as the team's services and operators see and change them.

use image::ImageFormat;
use serde_json::{Value, json};
use wxgate_api::Settings;
use wxgate_store::Store;

use super::avatars::{picture, uploaded};
use super::support::{APPID, Answer, Member, TestApp, request};

const OTHER: &str = "wx00000000000000ff";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

fn with_public_url(settings: &mut Settings) {
    settings.public_url = "https://api.example.com".into();
}

fn id(member: &Member) -> String {
    member.login.json["member"]["id"].as_str().unwrap().to_owned()
}

/// A request with a token that may do what the path is for.
async fn inside(app: &TestApp, method: &str, path: &str, scope: &str, body: Option<Value>) -> Answer {
    let token = app.api_token(&[scope]).await;
    app.send_inside(request(method, path, Some(&token), body)).await
}

async fn patch(app: &TestApp, member: &Member, body: Value) -> Answer {
    inside(app, "PATCH", &format!("/api/v1/members/{}", id(member)), "members:write", Some(body)).await
}

async fn find(app: &TestApp, query: &str) -> Answer {
    inside(app, "GET", &format!("/api/v1/members{query}"), "members:read", None).await
}

/// The openids that a search finds.
async fn found(app: &TestApp, query: &str) -> Vec<String> {
    let answer = find(app, query).await;
    let members = answer.ok()["members"].as_array().unwrap().clone();
    members.iter().map(|member| member["openid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_uploaded_picture_is_shown_to_the_team_where_it_is_served() {
    let app = TestApp::with(with_public_url).await;
    let member = app.login("o1").await;
    let avatar_url = uploaded(&app, &member.skey, &picture(1, ImageFormat::Png)).await;
    assert!(avatar_url.starts_with("https://api.example.com/v1/avatars/"), "{avatar_url}");
    let shown = inside(&app, "GET", &format!("/api/v1/members/{}", id(&member)), "members:read", None).await;
    assert_eq!(shown.ok()["member"]["avatarUrl"], avatar_url.as_str());
}

#[tokio::test]
async fn whoever_may_open_the_servers_own_socket_needs_no_token() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let path = format!("/api/v1/members/{}", id(&member));
    let local = wxgate_api::local(&app.app);
    let answer = Answer::of(local.answer(request("GET", &path, None, None), None).await).await;
    assert_eq!(answer.ok()["member"]["openid"], "o1");
    app.send_inside(request("GET", &path, None, None)).await.failed("unauthorized", 401, -401);
    let block = request("PATCH", &path, None, Some(json!({ "status": "blocked" })));
    Answer::of(local.answer(block, None).await).await.ok();
    let audit = inside(&app, "GET", "/api/v1/audit?action=member.blocked", "admin", None).await;
    assert_eq!(
        (&audit.ok()["audit"][0]["actor"], &audit.json["audit"][0]["origin"]),
        (&json!("command"), &Value::Null)
    );
}

#[tokio::test]
async fn members_are_found_by_number_openid_name_and_status() {
    let app = TestApp::with(|settings| settings.appids.push(OTHER.to_owned())).await;
    let mut members = Vec::new();
    for (openid, appid) in [("o1", APPID), ("o2", APPID), ("o3", OTHER)] {
        let (code, key) = app.wechat.login_code(openid);
        let login = app.send(request("POST", "/v1/login", None, Some(json!({ "code": code, "appid": appid })))).await;
        let skey = login.ok()["skey"].as_str().unwrap().to_owned();
        members.push(Member { skey, openid: openid.to_owned(), key, login });
    }
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &members[0].skey, json!({ "phoneCode": code })).await.ok();
    let code = app.wechat.phone_code("o2", "+85291234567", "91234567", "852");
    app.post("/v1/phone", &members[1].skey, json!({ "phoneCode": code })).await.ok();
    for (member, name) in members.iter().zip(["Zoé 小明", "zoe", "小红"]) {
        app.send(request("PATCH", "/v1/me", Some(&member.skey), Some(json!({ "nickName": name })))).await.ok();
    }
    patch(&app, &members[2], json!({ "status": "blocked" })).await.ok();
    for (query, expected) in [
        ("", vec!["o3", "o2", "o1"]),
        ("?limit=200", vec!["o3", "o2", "o1"]),
        ("?phone=13800138000", vec!["o1"]),
        ("?phone=%2B8613800138000", vec!["o1"]),
        ("?phone=+8613800138000", vec!["o1"]),
        ("?phone=%2B85291234567", vec!["o2"]),
        ("?phone=91234567", vec![]),
        ("?phone=13800138001", vec![]),
        ("?openid=o2", vec!["o2"]),
        ("?openid=o", vec![]),
        ("?openid=o3&appid=wx0123456789abcdef", vec![]),
        ("?appid=wx00000000000000ff", vec!["o3"]),
        ("?nickName=zo", vec!["o2", "o1"]),
        ("?nickName=Zoe%CC%81", vec!["o1"]),
        ("?nickName=%E5%B0%8F", vec!["o3"]),
        ("?nickName=%25", vec![]),
        ("?status=blocked", vec!["o3"]),
        ("?status=active&nickName=z&phone=13800138000&openid=o1", vec!["o1"]),
    ] {
        assert_eq!(found(&app, query).await, expected, "{query}");
    }
    let shown = find(&app, "?phone=13800138000").await;
    assert_eq!(shown.ok()["members"][0]["phone"], "138****8000");
    assert!(!shown.text.contains("13800138000"));
}

#[tokio::test]
async fn a_search_that_is_wrong_is_told_what_is_wrong() {
    let app = TestApp::new().await;
    for (query, named) in [
        ("?zz=1", "`zz`"),
        ("?nickname=x", "`nickname`"),
        ("?appid=wx0000000000000000", "`appid`"),
        ("?appid=", "`appid`"),
        ("?status=gone", "`status`"),
        ("?status=active&status=blocked", "`status`"),
        ("?phone=138", "`phone`"),
        ("?phone=138****8000", "`phone`"),
        ("?nickName=%00", "`nickName`"),
        ("?limit=0", "`limit`"),
        ("?limit=201", "`limit`"),
        ("?limit=+5", "`limit`"),
        ("?limit=ten", "`limit`"),
        ("?after=x", "`after`"),
        ("?openid", "key=value"),
        ("?openid=%ff", "key=value"),
    ] {
        let answer = find(&app, query).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains(named), "{query}: {hint}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_no_cursor_opens_another_list() {
    let app = TestApp::new().await;
    for number in 1..=5 {
        app.login(&format!("o{number}")).await;
    }
    let (mut query, mut seen, mut cursors) = ("?limit=2".to_owned(), Vec::new(), Vec::new());
    loop {
        let page = find(&app, &query).await;
        let members = page.ok()["members"].as_array().unwrap().clone();
        seen.extend(members.iter().map(|member| member["openid"].as_str().unwrap().to_owned()));
        let Some(next) = page.json["next"].as_str() else { break };
        cursors.push(next.to_owned());
        query = format!("?limit=2&after={next}");
    }
    assert_eq!(seen, ["o5", "o4", "o3", "o2", "o1"]);
    assert_eq!(cursors.len(), 2);
    let cursor = &cursors[0];
    assert_eq!(found(&app, &format!("?after={cursor}&limit=1")).await, ["o3"], "how many is no part of the question");
    let forged = format!("{}{}", &cursor[..49], if cursor.ends_with('0') { '1' } else { '0' });
    for path in [
        format!("/api/v1/members?after={forged}"),
        format!("/api/v1/members?after={cursor}&status=active"),
        format!("/api/v1/members?after={cursor}&appid={APPID}"),
        format!("/api/v1/members?after={}", cursor.to_uppercase()),
        format!("/api/v1/audit?after={cursor}"),
    ] {
        let answer = inside(&app, "GET", &path, "admin", None).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains("`after`"), "{path}: {hint}");
    }
}

#[tokio::test]
async fn what_operators_write_is_in_every_answer_that_shows_the_member() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let attributes = json!({ "level": 3, "tags": ["vip"], "名": { "x": null } });
    let changed = patch(&app, &member, json!({ "note": "两行\n\tnote", "attributes": attributes })).await;
    assert_eq!((&changed.ok()["member"]["attributes"], &changed.json["member"]["revision"]), (&attributes, &json!(1)));
    assert_eq!(app.get("/v1/me", &member.skey).await.ok()["member"]["attributes"], attributes);
    assert_eq!(app.get("/v1/session", &member.skey).await.ok()["member"]["attributes"], attributes);
    assert_eq!(app.login("o1").await.login.ok()["member"]["attributes"], attributes);
    let export = app.get("/v1/me/export", &member.skey).await;
    assert_eq!(
        (&export.ok()["member"]["note"], &export.json["member"]["attributes"]),
        (&json!("两行\n\tnote"), &attributes)
    );
    assert_eq!(export.json["audit"][1]["detail"], json!({ "attributes": ["level", "tags", "名"], "note": "set" }));
    assert!(!app.get("/v1/me", &member.skey).await.text.contains("note"), "which is not for the member's eyes");
    let replaced = patch(&app, &member, json!({ "note": null, "attributes": { "level": 4 } })).await;
    assert_eq!(replaced.ok()["member"]["attributes"], json!({ "level": 4 }), "replaced as a whole");
    assert_eq!(
        (&replaced.json["member"]["note"], &replaced.json["member"]["status"]),
        (&Value::Null, &json!("active"))
    );
}

#[tokio::test]
async fn a_change_that_is_wrong_changes_nothing_and_says_why() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (body, named) in [
        (json!({}), "`attributes`"),
        (json!({ "revision": 0 }), "`attributes`"),
        (json!({ "status": "gone" }), "`status`"),
        (json!({ "status": null }), "`status`"),
        (json!({ "note": "" }), "`note`"),
        (json!({ "note": 5 }), "`note`"),
        (json!({ "note": "a\u{0}b" }), "`note`"),
        (json!({ "note": "x".repeat(1001) }), "`note`"),
        (json!({ "attributes": [] }), "`attributes`"),
        (json!({ "attributes": "{}" }), "`attributes`"),
        (json!({ "attributes": null }), "`attributes`"),
        (json!({ "attributes": { "a": "x".repeat(8 * 1024 - 7) } }), "8192"),
        (json!({ "attributes": { "a": "x".repeat(9 * 1024) } }), "8192"),
        (json!({ "attributes": nested(16) }), "JSON"),
        (json!({ "note": "n", "revision": -1 }), "`revision`"),
        (json!({ "note": "n", "revision": "1" }), "`revision`"),
        (json!({ "note": "n", "revision": 1.5 }), "`revision`"),
        (json!({ "note": "n", "nickName": "x" }), "`nickName`"),
    ] {
        let answer = patch(&app, &member, body.clone()).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains(named), "{body:.60}: {hint}");
    }
    patch(&app, &member, json!({ "attributes": { "a": "x".repeat(17 * 1024) } })).await.failed("too_large", 413, -413);
    let shown = inside(&app, "GET", &format!("/api/v1/members/{}", id(&member)), "members:read", None).await;
    assert_eq!(shown.ok()["member"]["revision"], 0);
    let largest = json!({ "attributes": { "a": "x".repeat(8 * 1024 - 8) } });
    patch(&app, &member, largest).await.ok();
    patch(&app, &member, json!({ "attributes": nested(14) })).await.ok();
}

#[tokio::test]
async fn of_two_operators_the_later_has_the_last_word_unless_it_names_what_it_saw() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    assert_eq!(patch(&app, &member, json!({ "note": "one", "revision": 0 })).await.ok()["member"]["revision"], 1);
    let stale = patch(&app, &member, json!({ "attributes": { "a": 1 }, "revision": 0 })).await;
    stale.failed("conflict", 409, -409);
    let last = patch(&app, &member, json!({ "attributes": { "a": 2 } })).await;
    assert_eq!((&last.ok()["member"]["note"], &last.json["member"]["attributes"]), (&json!("one"), &json!({ "a": 2 })));
    assert_eq!(patch(&app, &member, json!({ "status": "active" })).await.ok()["member"]["revision"], 2, "no change");
}

#[tokio::test]
async fn a_blocked_member_is_403_everywhere_at_once_until_unblocked() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    app.get("/v1/session", &member.skey).await.ok();
    patch(&app, &member, json!({ "status": "blocked" })).await.ok();
    let body = json!({ "phoneCode": "x" });
    for (method, path, body) in [
        ("GET", "/v1/session", None),
        ("POST", "/v1/session/refresh", None),
        ("POST", "/v1/session/check", None),
        ("GET", "/v1/sessions", None),
        ("POST", "/v1/phone", Some(body)),
        ("GET", "/v1/me", None),
        ("PATCH", "/v1/me", Some(json!({ "nickName": "x" }))),
        ("GET", "/v1/me/export", None),
        ("DELETE", "/v1/me", None),
    ] {
        app.send(request(method, path, Some(&member.skey), body)).await.failed("blocked", 403, -403);
    }
    app.send_inside(request("GET", "/forward-auth", Some(&member.skey), None)).await.failed("blocked", 403, -403);
    let (code, _) = app.wechat.login_code("o1");
    let login = request("POST", "/v1/login", None, Some(json!({ "code": code })));
    app.send(login).await.failed("blocked", 403, -403);
    patch(&app, &member, json!({ "status": "active" })).await.ok();
    app.get("/v1/session", &member.skey).await.ok();
}

#[tokio::test]
async fn an_operator_ends_one_session_or_all_and_nobody_elses() {
    let app = TestApp::new().await;
    let (first, second, other) = (app.login("o1").await, app.login("o1").await, app.login("o2").await);
    let path = format!("/api/v1/members/{}/sessions", id(&first));
    let listed = inside(&app, "GET", &path, "members:read", None).await;
    let sessions = listed.ok()["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2);
    let own = sessions[1]["id"].as_str().unwrap();
    let others = app.get("/v1/sessions", &other.skey).await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    for (session, word, status) in [(others.as_str(), "not_found", 404), ("x", "bad_request", 400)] {
        let answer = inside(&app, "DELETE", &format!("{path}/{session}"), "sessions:write", None).await;
        answer.failed(word, status, -i64::from(status));
    }
    inside(&app, "DELETE", &format!("{path}/{own}"), "sessions:write", None).await.ok();
    inside(&app, "DELETE", &format!("{path}/{own}"), "sessions:write", None).await.failed("not_found", 404, -404);
    app.get("/v1/session", &first.skey).await.failed("unauthorized", 401, -401);
    app.get("/v1/session", &second.skey).await.ok();
    assert_eq!(inside(&app, "DELETE", &path, "sessions:write", None).await.ok()["ended"], 1);
    assert_eq!(inside(&app, "DELETE", &path, "sessions:write", None).await.ok()["ended"], 0);
    app.get("/v1/session", &second.skey).await.failed("unauthorized", 401, -401);
    app.get("/v1/session", &other.skey).await.ok();
}

#[tokio::test]
async fn an_export_is_all_of_it_with_the_whole_number_and_audited_first() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let code = app.wechat.phone_code("o1", "13800138000", "13800138000", "86");
    app.post("/v1/phone", &member.skey, json!({ "phoneCode": code })).await.ok();
    let path = format!("/api/v1/members/{}/export", id(&member));
    let exported = inside(&app, "GET", &path, "members:write", None).await;
    assert_eq!(exported.ok()["member"]["phone_info"]["phoneNumber"], "13800138000");
    assert_eq!(exported.json["audit"][0]["action"], "member.exported");
    let mut own = app.get("/v1/me/export", &member.skey).await.ok().clone();
    let line = own["audit"].as_array_mut().unwrap().remove(0);
    assert_eq!(
        (&line["actor"], &line["action"]),
        (&json!("member"), &json!("member.exported")),
        "their own is audited"
    );
    assert_eq!(&own, exported.ok(), "what the team gets is what the member gets, who learns of it");
    inside(&app, "GET", &path, "members:read", None).await.failed("forbidden", 403, -403);
}

#[tokio::test]
async fn an_erased_member_is_gone_for_everybody() {
    let app = TestApp::new().await;
    let member = app.login("o1").await;
    let path = format!("/api/v1/members/{}", id(&member));
    inside(&app, "DELETE", &path, "members:write", None).await.ok();
    app.get("/v1/session", &member.skey).await.failed("unauthorized", 401, -401);
    let back = app.login("o1").await;
    assert_eq!(back.login.ok()["is_new"], true);
    let audit = inside(&app, "GET", "/api/v1/audit?action=member.erased", "admin", None).await;
    let line = &audit.ok()["audit"][0];
    assert_eq!((&line["member_id"], line["pseudonym"].as_str().unwrap().len()), (&Value::Null, 64));
    assert!(line["actor"].as_str().unwrap().starts_with("token:") && line["origin"] == "127.0.0.1", "{line}");
}

/// Every route below a member, and the scope it asks for.
const BELOW: [(&str, &str, &str); 7] = [
    ("GET", "", "members:read"),
    ("PATCH", "", "members:write"),
    ("DELETE", "", "members:write"),
    ("GET", "/export", "members:write"),
    ("GET", "/sessions", "members:read"),
    ("DELETE", "/sessions", "sessions:write"),
    ("DELETE", "/sessions/0000000000000001", "sessions:write"),
];

#[tokio::test]
async fn who_is_not_a_member_of_this_server_is_not_found_anywhere() {
    let app = TestApp::new().await;
    let (erased, stranger) = (app.login("o1").await, app.login("o2").await);
    inside(&app, "DELETE", &format!("/api/v1/members/{}", id(&erased)), "members:write", None).await.ok();
    app.database().execute("UPDATE members SET appid = ? WHERE openid = 'o2'", [OTHER]).unwrap();
    assert!(app.store.member(id(&stranger).parse().unwrap()).await.unwrap().is_some());
    for who in [NOBODY, "x", "00000000-0000-7000-8000", &id(&erased), &id(&stranger)] {
        for (method, below, scope) in BELOW {
            let body = (method == "PATCH").then(|| json!({ "status": "blocked" }));
            let answer = inside(&app, method, &format!("/api/v1/members/{who}{below}"), scope, body).await;
            answer.failed("not_found", 404, -404);
        }
    }
    assert!(found(&app, "").await.is_empty());
    let lines = inside(&app, "GET", "/api/v1/audit", "admin", None).await;
    let actions =
        lines.ok()["audit"].as_array().unwrap().iter().filter(|line| line["action"] != "token.created").count();
    assert_eq!(actions, 1, "what came to nothing is not in the audit");
}
