//! A member's record, as in [`crate::member_record`]: in the export of the person and in what the team sees.

use serde_json::{Map, Value, json};

use super::shapes::{instant, integer, map, text, text_or_null, word};

/// Its properties; all of them are always there.
pub fn properties() -> Map<String, Value> {
    map(json!({
        "id": { "type": "string", "format": "uuid" },
        "appid": text("The mini program"), "openid": text("WeChat's name of the person there"),
        "unionid": text_or_null("WeChat's name of the person across the team's apps; null while WeChat has not said it"),
        "nickName": { "type": ["string", "null"] }, "avatarUrl": { "type": ["string", "null"] },
        "phone_trust": { "type": ["string", "null"], "enum": ["code", "hash", "local", null] },
        "phone_bound_at": { "type": ["integer", "null"], "format": "int64", "description": "Unix seconds" },
        "status": word(&["active", "blocked"], "Whether the team lets them in"),
        "note": text_or_null("The operators' words"),
        "attributes": { "type": "object", "description": "The team's own" },
        "created_at": instant("The first login"), "last_login_at": instant("The last login, to a day"),
        "updated_at": instant("The last change"),
        "revision": integer("How often operators changed status, note or attributes"),
    }))
}

/// Somebody who bound a number.
pub fn example() -> Map<String, Value> {
    map(json!({
        "id": "01980c2e-7c1e-7000-8000-000000000000", "appid": "wx0123456789abcdef", "openid": "oExample",
        "unionid": "oUnionExample", "nickName": "小明", "avatarUrl": null, "phone_trust": "code",
        "phone_bound_at": 1_795_000_000, "status": "active", "note": null, "attributes": {}, "created_at": 1_795_000_000,
        "last_login_at": 1_795_000_000, "updated_at": 1_795_000_000, "revision": 0,
    }))
}
