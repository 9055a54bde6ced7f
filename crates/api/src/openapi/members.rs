//! What the team's services and operators see of members.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::record;
use super::shapes::{envelope, joined, list, map, named, object, text_or_null};

/// `GET /api/v1/members/{id}`
pub fn show() -> Operation {
    let mut linked = example_member();
    linked["id"] = "01980c2e-7c1e-7000-8000-000000000001".into();
    linked["appid"] = "wx00000000000000ff".into();
    let example = json!({ "errcode": 0, "errmsg": "ok", "member": example_member(), "linked": [linked] });
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

fn example_member() -> Value {
    joined(json!({ "phone": "138****0000" }), record::example())
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
    let member = object(joined(json!({ "phone": text_or_null("Masked") }), record::properties()), json!({}));
    map(json!({
        "ManagedMember": member,
        "ManagedMemberReply": envelope(json!({ "member": named("ManagedMember"), "linked": list(&named("ManagedMember")) })),
    }))
}
