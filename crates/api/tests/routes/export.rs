//! The copy of everything that is held about a person, against the tables that hold it.

use std::collections::BTreeSet;
use std::sync::Arc;

use image::ImageFormat;
use serde_json::json;
use wxgate_store::{MemberId, Profile, Store};

use super::avatars::{picture, uploaded};
use super::support::plugins::Probe;
use super::support::push::{Pushed, event};
use super::support::{START, TestApp, request};

/// Where each column of a person's data stands in the export.
const COVERED: &[(&str, &str)] = &[
    ("members.id", "/member/id"),
    ("members.appid", "/member/appid"),
    ("members.openid", "/member/openid"),
    ("members.unionid", "/member/unionid"),
    ("members.nick_name", "/member/nickName"),
    ("members.avatar_url", "/member/avatarUrl"),
    ("members.gender", "/member/gender"),
    ("members.country", "/member/country"),
    ("members.province", "/member/province"),
    ("members.city", "/member/city"),
    ("members.language", "/member/language"),
    ("members.phone_sealed", "/member/phone_info/phoneNumber"),
    ("members.phone_trust", "/member/phone_trust"),
    ("members.phone_bound_at", "/member/phone_bound_at"),
    ("members.status", "/member/status"),
    ("members.note", "/member/note"),
    ("members.attributes", "/member/attributes"),
    ("members.created_at", "/member/created_at"),
    ("members.last_login_at", "/member/last_login_at"),
    ("members.updated_at", "/member/updated_at"),
    ("members.revision", "/member/revision"),
    ("sessions.id", "/sessions/0/id"),
    ("sessions.created_at", "/sessions/0/created_at"),
    ("sessions.last_seen_at", "/sessions/0/last_seen_at"),
    ("sessions.expires_at", "/sessions/0/expires_at"),
    ("sessions.ends_at", "/sessions/0/ends_at"),
    ("sessions.user_agent", "/sessions/0/user_agent"),
    ("sessions.sealed_key", "/session_keys_obtained_at/0"),
    ("avatars.id", "/member/avatarUrl"),
    ("avatars.picture", "/avatar/picture"),
    ("avatars.kept_at", "/avatar/kept_at"),
    ("failures.began_at", "/failures/0/began_at"),
    ("failures.cause", "/failures/0/cause"),
    ("failed_requests.happened_at", "/failed_requests/0/at"),
    ("failed_requests.kind", "/failed_requests/0/kind"),
    ("failed_requests.cause", "/failed_requests/0/cause"),
    ("failed_requests.rid", "/failed_requests/0/rid"),
    ("used_payloads.session_id", "/phone_proofs/0/session_id"),
    ("used_payloads.sealed_answer", "/phone_proofs/0/phone_info/phoneNumber"),
    ("used_payloads.usable_until", "/phone_proofs/0/usable_until"),
    ("audit.happened_at", "/audit/0/at"),
    ("audit.actor", "/audit/0/actor"),
    ("audit.action", "/audit/0/action"),
    ("audit.detail", "/audit/1/detail/status"),
    ("wechat_events.event", "/wechat_events/0/event"),
    ("wechat_events.sealed_content", "/wechat_events/0/content/debug_str"),
    ("wechat_events.happened_at", "/wechat_events/0/happened_at"),
    ("wechat_events.received_at", "/wechat_events/0/received_at"),
    ("plugin_entries.plugin", "/plugin_entries/0/plugin"),
    ("plugin_entries.key", "/plugin_entries/0/key"),
    ("plugin_entries.sealed_value", "/plugin_entries/0/value/favourite"),
    ("plugin_entries.expires_at", "/plugin_entries/0/expires_at"),
];

/// Why a column is not in it.
const EXEMPT: &[(&str, &[&str])] = &[
    (
        "the number that rows give each other",
        &["members.number", "sessions.member", "failures.id", "audit.id", "wechat_events.id", "failed_requests.id"],
    ),
    (
        "the member, who is named at the top",
        &[
            "used_payloads.member_id",
            "avatars.member_id",
            "avatars.check_id",
            "audit.member_id",
            "failed_requests.member_id",
            "failures.subject",
            "wechat_events.subject",
            "plugin_entries.member_id",
        ],
    ),
    ("the app, which is named at the top", &["wechat_events.appid", "failed_requests.appid"]),
    ("WeChat's number, where it said one: not of a payload, which this one is of", &["failed_requests.errcode"]),
    ("numbers of a diagnosis, which would tell a forger more than the cause does", &["failed_requests.detail"]),
    ("how many alike a row stands for, which then is nobody's", &["failed_requests.count"]),
    (
        "sums of many people",
        &["login_stats.hour", "login_stats.appid", "login_stats.what", "login_stats.cause", "login_stats.count"],
    ),
    ("a keyed hash of the number, which is there itself", &["members.phone_index"]),
    ("a hash of a secret, which would help nobody but a thief", &["sessions.skey_hash"]),
    (
        "a hash of what the person sent or WeChat said, known again by it alone",
        &["used_payloads.digest", "wechat_events.digest"],
    ),
    ("the address of an operator", &["audit.origin"]),
    ("how long the audit is kept", &["audit_retention.id", "audit_retention.kept_since"]),
    ("of people who are not here any more", &["audit.pseudonym", "erasures.pseudonym", "erasures.erased_at"]),
    ("about the server's own pushes, for ten minutes", &["push_seen.url", "push_seen.message", "push_seen.seen_at"]),
    (
        "the app's, not a person's",
        &[
            "access_tokens.appid",
            "access_tokens.sealed_token",
            "access_tokens.expires_at",
            "forced_tokens.appid",
            "forced_tokens.forced_at",
        ],
    ),
    (
        "the server's own keys, not a person's",
        &["signing_keys.number", "signing_keys.sealed_key", "signing_keys.public_key", "signing_keys.created_at"],
    ),
    (
        "the team's, not a member's",
        &[
            "api_tokens.id",
            "api_tokens.name",
            "api_tokens.hash",
            "api_tokens.scopes",
            "api_tokens.created_at",
            "api_tokens.expires_at",
            "api_tokens.revoked_at",
        ],
    ),
    (
        "where the team is told of events, not a member's",
        &[
            "webhooks.number",
            "webhooks.id",
            "webhooks.url",
            "webhooks.types",
            "webhooks.description",
            "webhooks.sealed_secret",
            "webhooks.sealed_previous",
            "webhooks.previous_until",
            "webhooks.created_at",
            "webhooks.disabled_at",
            "webhooks.disabled_reason",
            "webhooks.deleted_at",
        ],
    ),
    (
        "ids, words and instants on their way to the team, of what is in the export itself; gone within weeks",
        &[
            "outbox.id",
            "outbox.event_id",
            "outbox.type",
            "outbox.data",
            "outbox.happened_at",
            "deliveries.id",
            "deliveries.event",
            "deliveries.webhook",
            "deliveries.member_id",
            "deliveries.state",
            "deliveries.attempts",
            "deliveries.first_at",
            "deliveries.attempted_at",
            "deliveries.status",
            "deliveries.error",
            "deliveries.next_at",
            "deliveries.settled_at",
        ],
    ),
];

#[tokio::test]
async fn export_complete() {
    let app = TestApp::with_push().await;
    app.app.install(vec![Arc::new(Probe::new("probe"))]).await.unwrap();
    let skey = app.login("o1").await.skey;
    for number in ["13800138000", "13900139000"] {
        let code = app.wechat.phone_code("o1", number, number, "86");
        app.post("/v1/phone", &skey, json!({ "phoneCode": code })).await.ok();
    }
    let pair = json!({ "encryptedData": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" });
    app.post("/v1/phone", &skey, pair).await.failed("unopenable", 422, -422);
    let content = event("debug_demo", "o1", &json!({ "debug_str": "hello" }));
    assert_eq!(app.push(&Pushed::of(&content, START, "1")).await.text, "success");
    let id: MemberId = app.get("/v1/me", &skey).await.ok()["member"]["id"].as_str().unwrap().parse().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let profile = Profile {
        nick_name: text("小明"),
        avatar_url: text("https://thirdwx.qlogo.cn/1"),
        gender: Some(1),
        country: text("中国"),
        province: text("广东"),
        city: text("深圳"),
        language: text("zh_CN"),
    };
    app.store.change_profile(id, profile, wxgate_store::UnixSeconds(START)).await.unwrap();
    uploaded(&app, &skey, &picture(1, ImageFormat::Png)).await;
    let kept = json!({ "key": "k", "value": "tea", "member": id });
    app.ask(request("POST", "/x/probe/keep", None, Some(kept))).await.ok();
    let database = app.database();
    database.execute("UPDATE members SET note = 'a regular'", []).unwrap();
    let line = r#"INSERT INTO audit (happened_at, actor, action, member_id, detail)
                  SELECT 1, 'command', 'member.changed', id, '{"status":"active"}' FROM members"#;
    database.execute(line, []).unwrap();
    database.execute("UPDATE sessions SET user_agent = 'a phone'", []).unwrap();

    let export = app.get("/v1/me/export", &skey).await;
    for (column, place) in COVERED {
        let held = export.ok().pointer(place).unwrap_or_else(|| panic!("{column} at {place}: {}", export.text));
        assert!(!held.is_null(), "{column} at {place}");
    }
    let numbers =
        export.json["phone_proofs"].as_array().unwrap().iter().map(|proof| proof["phone_info"]["phoneNumber"].as_str());
    assert_eq!(numbers.collect::<BTreeSet<_>>().len(), 2, "the number before is held too, and said");

    let mut tables = database
        .prepare(
            "SELECT tables.name || '.' || columns.name
             FROM sqlite_schema AS tables
             JOIN pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name <> 'refinery_schema_history'",
        )
        .unwrap();
    let columns: BTreeSet<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let exempt = EXEMPT.iter().flat_map(|(_, columns)| columns.iter());
    let named: Vec<&str> = COVERED.iter().map(|(column, _)| column).chain(exempt).copied().collect();
    let known: BTreeSet<String> = named.iter().map(ToString::to_string).collect();
    assert_eq!(known.len(), named.len(), "a column is covered or exempt, not both");
    let difference: Vec<_> = columns.symmetric_difference(&known).collect();
    assert!(difference.is_empty(), "neither in the export nor exempt, or gone: {difference:?}");
}
