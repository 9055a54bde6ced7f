//! Members by the thousand: out of a server, and into it.

use image::ImageFormat;
use serde_json::{Value, json};

use super::avatars::{picture, uploaded};
use super::support::{APPID, Answer, START, TestApp, request};

const OTHER: &str = "wx00000000000000ff";
const ID: &str = "01980c2e-7c1e-7000-8000-0000000000";

async fn inside(app: &TestApp, method: &str, path: &str, scope: &str, body: Option<Value>) -> Answer {
    let token = app.api_token(&[scope]).await;
    app.send_inside(request(method, path, Some(&token), body)).await
}

async fn import(app: &TestApp, members: Value) -> Answer {
    inside(app, "POST", "/api/v1/import", "members:write", Some(json!({ "members": members }))).await
}

/// What became of one row.
async fn became(app: &TestApp, row: Value) -> Value {
    import(app, json!([row])).await.ok()["results"][0].clone()
}

/// All pages, `limit` rows each.
async fn export(app: &TestApp, phones: &str, limit: u32) -> Vec<Value> {
    let scope = if phones == "whole" { "members:write" } else { "members:read" };
    let token = app.api_token(&[scope]).await;
    let path = format!("/api/v1/export?phones={phones}&limit={limit}");
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.send_inside(request("GET", &format!("{path}{after}"), Some(&token), None)).await;
        rows.extend(page.ok()["members"].as_array().unwrap().iter().cloned());
        let Some(next) = page.json["next"].as_str() else { return rows };
        after = format!("&after={next}");
    }
}

/// Somebody of whom all is known.
fn whole(number: u32) -> Value {
    json!({
        "id": format!("{ID}{number:02}"), "appid": APPID, "openid": format!("o{number}"), "unionid": format!("u{number}"),
        "nickName": "=1+1", "avatarUrl": "https://thirdwx.qlogo.cn/a/132", "gender": 2, "country": "中国",
        "province": "广东", "city": "深圳", "language": "zh_CN", "phone": format!("+86 1380013800{number}"),
        "phone_trust": "code", "phone_bound_at": START - 300, "status": "blocked", "note": "两行\n", "revision": 7,
        "attributes": { "level": 3, "deep": [[[[[[[[[[1]]]]]]]]]] }, "created_at": START - 600,
        "last_login_at": START - 500, "updated_at": START - 400,
    })
}

#[tokio::test]
async fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let app = TestApp::new().await;
    let rows: Vec<Value> = (1..=5).map(whole).collect();
    let imported = import(&app, json!(rows)).await;
    let added =
        json!({ "outcome": "added", "reason": null, "hint": null, "left_out": [], "member_id": format!("{ID}01") });
    assert_eq!(imported.ok()["results"][0], added);
    assert_eq!(export(&app, "whole", 2).await, rows, "those who joined first first, by pages");
    let other = TestApp::new().await;
    import(&other, json!(rows)).await.ok();
    assert_eq!(export(&other, "whole", 200).await, rows);
    assert_eq!(became(&other, rows[0].clone()).await["outcome"], "same");
    let code = other.wechat.login_code("o9").0;
    other.send(request("POST", "/v1/login", None, Some(json!({ "code": code })))).await.ok();
    let found = inside(&other, "GET", "/api/v1/members?phone=13800138003", "members:read", None).await;
    assert_eq!(
        (found.ok()["members"].as_array().unwrap().len(), &found.json["members"][0]["openid"]),
        (1, &json!("o3"))
    );
    let blocked = other.wechat.login_code("o1").0;
    let login = request("POST", "/v1/login", None, Some(json!({ "code": blocked })));
    other.send(login).await.failed("blocked", 403, -403);
}

#[tokio::test]
async fn numbers_are_masked_unless_who_may_see_them_asks_and_the_audit_says_it_once() {
    let app = TestApp::new().await;
    import(&app, json!((1..=5).map(whole).collect::<Vec<_>>())).await.ok();
    let masked = export(&app, "masked", 2).await;
    assert_eq!(masked[0]["phone"], "138****8001");
    for (phones, scope) in [("whole", "members:read"), ("masked", "members:write")] {
        let path = format!("/api/v1/export?phones={phones}");
        inside(&app, "GET", &path, scope, None).await.failed("forbidden", 403, -403);
    }
    export(&app, "whole", 2).await;
    let audit = inside(&app, "GET", "/api/v1/audit?action=members.exported", "admin", None).await;
    let details: Vec<_> =
        audit.ok()["audit"].as_array().unwrap().iter().map(|line| &line["detail"]["phones"]).collect();
    assert_eq!(details, ["whole", "masked"], "a line for each export, however many pages");
    let again = became(&app, masked[0].clone()).await;
    assert_eq!(again["outcome"], "same");
    let other = TestApp::new().await;
    let without = became(&other, masked[0].clone()).await;
    assert_eq!((&without["outcome"], &without["left_out"]), (&json!("added"), &json!(["phone"])));
    assert_eq!(export(&other, "whole", 1).await[0]["phone"], Value::Null, "stars are no number");
}

#[tokio::test]
async fn a_page_is_for_whom_and_for_what_it_was_begun() {
    let app = TestApp::new().await;
    import(&app, json!((1..=3).map(whole).collect::<Vec<_>>())).await.ok();
    let [mine, others] = [app.api_token(&["members:write"]).await, app.api_token(&["admin"]).await];
    let first = app.send_inside(request("GET", "/api/v1/export?phones=whole&limit=1", Some(&mine), None)).await;
    let next = first.ok()["next"].as_str().unwrap().to_owned();
    for (token, query) in [
        (&others, format!("phones=whole&after={next}")),
        (&others, format!("phones=masked&after={next}")),
        (&mine, format!("phones=whole&appid={APPID}&after={next}")),
        (&mine, "phones=whole&after=x".to_owned()),
        (&mine, "phones=whole&limit=201".to_owned()),
        (&mine, "phones=whole&zz=1".to_owned()),
        (&others, "phones=all".to_owned()),
        (&others, format!("appid={OTHER}")),
    ] {
        let answer = app.send_inside(request("GET", &format!("/api/v1/export?{query}"), Some(token), None)).await;
        answer.failed("bad_request", 400, -400);
    }
    let second = format!("/api/v1/export?phones=whole&limit=3&after={next}");
    let second = app.send_inside(request("GET", &second, Some(&mine), None)).await;
    assert_eq!((second.ok()["members"].as_array().unwrap().len(), &second.json["next"]), (2, &Value::Null));
}

#[tokio::test]
async fn a_row_that_is_no_member_is_refused_alone_and_says_why() {
    let app = TestApp::new().await;
    let nested = (0..16).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (row, named) in [
        (json!({}), "`openid`"),
        (json!({ "openid": "" }), "`openid`"),
        (json!({ "openid": 5 }), "`openid`"),
        (json!({ "openid": "o b" }), "`openid`"),
        (json!({ "openid": "o\u{0}b" }), "`openid`"),
        (json!({ "openid": "o".repeat(65) }), "`openid`"),
        (json!({ "openid": "o", "appid": OTHER }), "`appid`"),
        (json!({ "openid": "o", "id": "1" }), "`id`"),
        (json!({ "openid": "o", "phone": "1380013800" }), "`phone`"),
        (json!({ "openid": "o", "phone": "1.38E+10" }), "`phone`"),
        (json!({ "openid": "o", "phone": "+447700900000" }), "`phone`"),
        (json!({ "openid": "o", "phone_trust": "sure" }), "`phone_trust`"),
        (json!({ "openid": "o", "gender": 3 }), "`gender`"),
        (json!({ "openid": "o", "gender": "1" }), "`gender`"),
        (json!({ "openid": "o", "status": "deleted" }), "`status`"),
        (json!({ "openid": "o", "note": "a\u{0}" }), "`note`"),
        (json!({ "openid": "o", "note": "n".repeat(1001) }), "`note`"),
        (json!({ "openid": "o", "attributes": [] }), "`attributes`"),
        (json!({ "openid": "o", "attributes": { "a": "x".repeat(9000) } }), "`attributes`"),
        (json!({ "openid": "o", "attributes": nested }), "16"),
        (json!({ "openid": "o", "created_at": "2020-01-01" }), "`created_at`"),
        (json!({ "openid": "o", "created_at": -1 }), "`created_at`"),
        (json!({ "openid": "o", "last_login_at": START + 90_000 }), "`last_login_at`"),
        (json!({ "openid": "o", "updated_at": 1.5 }), "`updated_at`"),
        (json!({ "openid": "o", "openId": "o" }), "`openId`"),
    ] {
        let good = json!({ "openid": "good" });
        let answer = import(&app, json!([row.clone(), good])).await;
        let results = &answer.ok()["results"];
        assert_eq!(
            (&results[0]["outcome"], &results[0]["reason"]),
            (&json!("refused"), &json!("invalid")),
            "{row:.80}"
        );
        let hint = results[0]["hint"].as_str().unwrap();
        assert!(hint.contains(named), "{row:.80}: {hint}");
        assert_ne!(results[1]["outcome"], "refused");
    }
    assert_eq!(export(&app, "whole", 50).await.len(), 1, "nothing came of the refused ones");
}

#[tokio::test]
async fn what_of_a_profile_cannot_be_kept_is_left_out_by_name() {
    let app = TestApp::with(|settings| settings.public_url = "https://api.example.com".into()).await;
    let row = json!({
        "openid": "o1", "nickName": "a\u{0}b", "avatarUrl": "javascript:x", "unionid": "no union", "city": "\n",
        "province": "广东", "language": "x".repeat(300),
    });
    let result = became(&app, row.clone()).await;
    assert_eq!(
        (&result["outcome"], &result["left_out"]),
        (&json!("added"), &json!(["unionid", "nickName", "avatarUrl", "city", "language"]))
    );
    assert_eq!(became(&app, row).await["left_out"], json!([]), "what is here needs nothing of it");
    let anonymous = became(&app, json!({ "openid": "o2", "nickName": "微信用户" })).await;
    assert_eq!(anonymous["left_out"], json!([]), "which is nobody's name");
    let member = app.login("o3").await;
    let own = uploaded(&app, &member.skey, &picture(1, ImageFormat::Png)).await;
    for picture in [own.clone(), "/v1/avatars/000102030405060708090a0b0c0d0e0f".to_owned()] {
        let stolen = became(&app, json!({ "openid": format!("o{}", picture.len()), "avatarUrl": picture })).await;
        assert_eq!(stolen["left_out"], json!(["avatarUrl"]), "an uploaded picture is its member's");
    }
    let rows = export(&app, "masked", 50).await;
    let shown = rows.iter().find(|row| row["openid"] == "o3").unwrap();
    assert_eq!(became(&app, shown.clone()).await["outcome"], "same");
    assert_eq!(export(&app, "masked", 50).await[2]["avatarUrl"], own.as_str());
}

#[tokio::test]
async fn who_was_erased_or_has_anothers_id_is_refused() {
    let app = TestApp::new().await;
    let gone = app.login("o1").await;
    app.send(request("DELETE", "/v1/me", Some(&gone.skey), None)).await.ok();
    let erased = became(&app, whole(1)).await;
    assert_eq!(
        (&erased["outcome"], &erased["reason"], &erased["member_id"]),
        (&json!("refused"), &json!("erased"), &Value::Null)
    );
    import(&app, json!([whole(2)])).await.ok();
    let thief = became(&app, json!({ "openid": "o3", "id": format!("{ID}02") })).await;
    assert_eq!((&thief["outcome"], &thief["reason"]), (&json!("refused"), &json!("id_taken")));
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let app = TestApp::new().await;
    app.login("o1").await;
    let body = json!({ "members": [whole(1), whole(2), { "openid": "" }], "dry_run": true });
    let tried = inside(&app, "POST", "/api/v1/import", "members:write", Some(body)).await;
    let outcomes: Vec<_> = tried.ok()["results"].as_array().unwrap().iter().map(|result| &result["outcome"]).collect();
    assert_eq!(outcomes, ["filled", "added", "refused"]);
    assert_eq!(tried.json["results"][1]["member_id"], Value::Null, "an id that nobody has yet");
    assert_eq!(export(&app, "masked", 50).await.len(), 1);
    let audit = inside(&app, "GET", "/api/v1/audit?action=members.imported", "admin", None).await;
    assert_eq!(audit.ok()["audit"], json!([]));
}

#[tokio::test]
async fn a_request_that_is_no_list_of_members_is_refused_as_a_whole() {
    let app = TestApp::new().await;
    let row = json!({ "openid": "o1" });
    let many = vec![row.clone(); 201];
    for (body, named) in [
        (json!({}), "`members`"),
        (json!({ "members": [] }), "`members`"),
        (json!({ "members": row }), "`members`"),
        (json!({ "members": [row, 5] }), "`members`"),
        (json!({ "members": many }), "200"),
        (json!({ "members": [row], "dry_run": null }), "`dry_run`"),
        (json!({ "members": [row], "announce": "yes" }), "`announce`"),
        (json!({ "members": [row], "quiet": true }), "`quiet`"),
    ] {
        let answer = inside(&app, "POST", "/api/v1/import", "members:write", Some(body.clone())).await;
        let hint = answer.failed("bad_request", 400, -400)["hint"].as_str().unwrap();
        assert!(hint.contains(named), "{body:.60}: {hint}");
    }
    let huge = json!({ "members": [{ "openid": "o1", "note": "x".repeat(5 << 20) }] });
    let answer = inside(&app, "POST", "/api/v1/import", "members:write", Some(huge)).await;
    answer.failed("too_large", 413, -413);
    assert_eq!(export(&app, "masked", 50).await.len(), 0);
}

#[tokio::test]
async fn where_there_are_several_apps_a_row_says_of_which_it_is() {
    let app = TestApp::with(|settings| settings.appids.push(OTHER.to_owned())).await;
    let refused = became(&app, json!({ "openid": "o1" })).await;
    assert!(refused["hint"].as_str().unwrap().contains("`appid`"), "{refused}");
    for appid in [APPID, OTHER] {
        assert_eq!(became(&app, json!({ "openid": "o1", "appid": appid })).await["outcome"], "added");
    }
    let token = app.api_token(&["members:read"]).await;
    let only = app.send_inside(request("GET", &format!("/api/v1/export?appid={OTHER}"), Some(&token), None)).await;
    assert_eq!((only.ok()["members"].as_array().unwrap().len(), &only.json["members"][0]["appid"]), (1, &json!(OTHER)));
}
