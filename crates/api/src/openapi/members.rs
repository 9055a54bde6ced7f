//! What the team's services and operators see of members.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, instant, list, map, named, object, text, text_or_null, word};

/// `GET /api/v1/members/{id}`
pub fn show() -> Operation {
    let member = |id: &str, appid: &str, openid: &str| {
        json!({
            "id": id, "appid": appid, "openid": openid, "unionid": "oUnionExample", "nickName": "小明", "avatarUrl": null,
            "phone": "138****0000", "phone_trust": "code", "phone_bound_at": 1_795_000_000, "status": "active", "note": null,
            "attributes": {}, "created_at": 1_795_000_000, "last_login_at": 1_795_000_000, "updated_at": 1_795_000_000,
        })
    };
    let example = json!({
        "errcode": 0, "errmsg": "ok",
        "member": member("01980c2e-7c1e-7000-8000-000000000000", "wx0123456789abcdef", "oExample"),
        "linked": [member("01980c2e-7c1e-7000-8000-000000000001", "wx00000000000000ff", "oOther")],
    });
    Operation::new(
        "member",
        "members",
        "查看用户及其在其他小程序中的身份",
        "A member, and who the same person is in other apps, as far as WeChat gave the same unionid. The number is masked.",
    )
    .api_token("members:read")
    .parameter("MemberId")
    .answers("The member", "ManagedMemberReply", &example)
    .refuses(&["not_found"])
}

/// The member in the path.
pub fn parameters() -> Map<String, Value> {
    map(json!({
        "MemberId": {
            "name": "id", "in": "path", "required": true, "description": "The member's id",
            "schema": { "type": "string", "format": "uuid" }, "example": "01980c2e-7c1e-7000-8000-000000000000",
        },
    }))
}

/// What these operations answer.
pub fn schemas() -> Map<String, Value> {
    let optional = || json!({ "type": ["string", "null"] });
    let member = object(
        json!({
            "id": { "type": "string", "format": "uuid" },
            "appid": text("The mini program"), "openid": text("WeChat's name of the person there"),
            "unionid": text_or_null("WeChat's name of the person across the team's apps; null while WeChat has not said it"),
            "nickName": optional(), "avatarUrl": optional(), "phone": text_or_null("Masked"),
            "phone_trust": { "type": ["string", "null"], "enum": ["code", "hash", "local", null] },
            "phone_bound_at": { "type": ["integer", "null"], "format": "int64", "description": "Unix seconds" },
            "status": word(&["active", "blocked"], "Whether the team let them in"), "note": optional(),
            "attributes": { "type": "object", "description": "The team's own" },
            "created_at": instant("The first login"), "last_login_at": instant("The last login, to a day"),
            "updated_at": instant("The last change"),
        }),
        json!({}),
    );
    map(json!({
        "ManagedMember": member,
        "ManagedMemberReply": envelope(json!({ "member": named("ManagedMember"), "linked": list(&named("ManagedMember")) })),
    }))
}
