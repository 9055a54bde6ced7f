//! API tokens, and the audit.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, instant, instant_or_null, list, map, object, request, text, text_or_null};
use crate::api_token::SCOPES;
use crate::managed_fields::TOKEN_DAYS;

const TAG: &str = "administration";

/// `GET /api/v1/tokens`
pub fn list_all() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "tokens": [example_token()] });
    Operation::new(
        "tokens",
        TAG,
        "API 令牌列表",
        "The tokens that are not revoked, oldest first, without their secrets.",
    )
    .api_token("admin")
    .answers("All of them", "TokensReply", &example)
}

/// `POST /api/v1/tokens`
pub fn create() -> Operation {
    let mut example = example_token();
    example["errcode"] = 0.into();
    example["errmsg"] = "ok".into();
    example["token"] = "wxa_…".into();
    Operation::new(
        "createToken",
        TAG,
        "创建 API 令牌（只显示一次）",
        "A new token, shown this once. `admin` is all scopes, and nobody else makes tokens: so nobody grants what they lack.",
    )
    .api_token("admin")
    .takes_json("NewToken", &json!({ "name": "proxy", "scopes": ["introspect"], "expires_days": 90 }))
    .answers("The token", "NewTokenReply", &example)
    .writes()
}

/// `DELETE /api/v1/tokens/{id}`
pub fn revoke() -> Operation {
    Operation::new("revokeToken", TAG, "吊销 API 令牌", "Ends a token; the next request with it is refused.")
        .api_token("admin")
        .parameter("TokenId")
        .takes_nothing()
        .answers("It is revoked", "Done", &super::example_done())
        .refuses(&["not_found"])
        .writes()
}

/// `GET /api/v1/audit`
pub fn audit() -> Operation {
    let line = json!({
        "at": 1_795_000_000, "actor": "token:01980c2e-7c1e-7000-8000-000000000000", "origin": "192.0.2.1",
        "action": "member.blocked", "member_id": "01980c2e-7c1e-7000-8000-000000000000", "pseudonym": null,
        "detail": { "status": "blocked" },
    });
    let example = json!({ "errcode": 0, "errmsg": "ok", "audit": [line], "next": null });
    Operation::new(
        "audit",
        TAG,
        "审计日志",
        "Who did what to whom and from where, newest first. A line is kept for 180 days and never changes; once a member is \
         erased, a pseudonym stands for them. Go on while `next` is not null, also after a page with few lines.",
    )
    .api_token("admin")
    .parameter("AuditMember")
    .parameter("AuditActor")
    .parameter("AuditAction")
    .parameter("After")
    .parameter("Limit")
    .answers("A page", "AuditReply", &example)
    .refuses(&["bad_request"])
}

fn example_token() -> Value {
    json!({
        "id": "01980c2e-7c1e-7000-8000-000000000000", "name": "proxy", "scopes": ["introspect"],
        "created_at": 1_795_000_000, "expires_at": 1_802_776_000,
    })
}

/// What stands in the paths and queries of these operations.
pub fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str, most: u16| {
        json!({
            "name": name, "in": "query", "required": false, "description": description,
            "schema": { "type": "string", "minLength": 1, "maxLength": most },
        })
    };
    map(json!({
        "TokenId": {
            "name": "id", "in": "path", "required": true, "description": "The token's id",
            "schema": { "type": "string", "format": "uuid" }, "example": "01980c2e-7c1e-7000-8000-000000000000",
        },
        "AuditMember": {
            "name": "member", "in": "query", "required": false, "description": "About this member",
            "schema": { "type": "string", "format": "uuid" },
        },
        "AuditActor": query("actor", "By `member`, `wechat`, `command` or `token:` and an id", 128),
        "AuditAction": query("action", "What was done, such as `member.blocked`", 128),
        "After": {
            "name": "after", "in": "query", "required": false, "description": "`next` of the page before, with the same parameters",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{50}$" },
        },
        "Limit": {
            "name": "limit", "in": "query", "required": false, "description": "The most that a page holds",
            "schema": { "type": "integer", "minimum": 1, "maximum": 200, "default": 50 },
        },
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let scopes = json!({
        "type": "array", "items": { "type": "string", "enum": SCOPES }, "minItems": 1, "uniqueItems": true,
        "description": "What it allows; `admin` is all of it",
    });
    let uuid = || json!({ "type": "string", "format": "uuid" });
    let token = json!({
        "id": uuid(), "name": text("What people call it"), "scopes": scopes, "created_at": instant("The making"),
        "expires_at": instant_or_null("The end, Unix seconds; null for never"),
    });
    let mut new = map(token.clone());
    new.insert("token".to_owned(), text("The token itself: keep it, it is not shown again"));
    let asked = json!({
        "name": { "type": "string", "minLength": 1, "maxLength": 64, "description": "No control characters" },
        "scopes": scopes,
        "expires_days": { "type": "integer", "minimum": TOKEN_DAYS.start(), "maximum": TOKEN_DAYS.end() },
    });
    let line = object(
        json!({
            "at": instant("When"), "actor": text("Who"), "origin": text_or_null("The address of a service or an operator"),
            "action": text("What"), "member_id": { "type": ["string", "null"], "format": "uuid" },
            "pseudonym": text_or_null("Stands for an erased member"),
            "detail": { "type": ["object", "null"], "description": "What changed; null when the action says it all" },
        }),
        json!({}),
    );
    map(json!({
        "TokensReply": envelope(json!({ "tokens": list(&object(token, json!({}))) })),
        "NewToken": request(asked, json!({ "required": ["name", "scopes"] })),
        "NewTokenReply": envelope(new.into()),
        "AuditReply": envelope(json!({ "audit": list(&line), "next": text_or_null("For `after`; null at the end") })),
    }))
}
