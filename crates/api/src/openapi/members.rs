//! What the team's services and operators see of members.

use serde_json::{Map, Value, json};

use super::member::example_export;
use super::operation::Operation;
use super::record;
use super::shapes::{
    any_of, envelope, instant, integer, joined, list, map, named, object, request, text, text_or_null, word,
};
use crate::managed_fields::NOTE_CHARACTERS;

const TAG: &str = "members";

/// `GET /api/v1/members`
pub fn list_some() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "members": [example_member()], "next": null });
    Operation::new(
        "members",
        TAG,
        "查找用户",
        "Members for whom all holds that is given, those who joined last first. Go on while `next` is not null, also after a \
         page with few members: one request looks at no more than a million. Numbers are masked.",
    )
    .api_token("members:read")
    .parameter("MemberAppId")
    .parameter("MemberPhone")
    .parameter("MemberOpenid")
    .parameter("MemberNickName")
    .parameter("MemberStatus")
    .parameter("After")
    .parameter("Limit")
    .answers("A page", "ManagedMembersReply", &example)
    .refuses(&["bad_request"])
}

/// `GET /api/v1/members/{id}`
pub fn show() -> Operation {
    let mut linked = example_member();
    linked["id"] = "01980c2e-7c1e-7000-8000-000000000001".into();
    linked["appid"] = "wx00000000000000ff".into();
    let example = json!({ "errcode": 0, "errmsg": "ok", "member": example_member(), "linked": [linked] });
    Operation::new(
        "member",
        TAG,
        "查看用户及其在其他小程序中的身份",
        "A member, and who the same person is in other apps, as far as WeChat gave the same unionid. The number is masked.",
    )
    .of_member("members:read")
    .answers("The member", "ManagedMemberReply", &example)
}

/// `PATCH /api/v1/members/{id}`
pub fn change() -> Operation {
    let mut changed = example_member();
    changed["status"] = "blocked".into();
    changed["revision"] = 1.into();
    Operation::new(
        "changeMember",
        TAG,
        "封禁、备注、自定义属性",
        "Blocks a member or lets them in again, and replaces the note and all attributes. What is not given stays. A blocked \
         member is 403 everywhere from the next request on; their sessions go on when they are unblocked. The later one of \
         two has the last word, unless it names the `revision` that it saw: then it is a `conflict`.",
    )
    .of_member("members:write")
    .takes_json("MemberChange", &json!({ "status": "blocked", "note": "spam", "attributes": { "level": 3 }, "revision": 0 }))
    .answers("The member as they are now", "ChangedMemberReply", &json!({ "errcode": 0, "errmsg": "ok", "member": changed }))
    .refuses(&["conflict"])
    .writes()
}

/// `DELETE /api/v1/members/{id}`
pub fn erase() -> Operation {
    Operation::new("eraseMember", TAG, "删除用户的全部数据", "Erases a member and all of theirs; it cannot be undone.")
        .of_member("members:write")
        .takes_nothing()
        .answers("Nothing of them is left", "Done", &super::example_done())
        .writes()
}

/// `GET /api/v1/members/{id}/export`
pub fn export() -> Operation {
    Operation::new(
        "exportMember",
        TAG,
        "导出用户的全部数据",
        "Everything held about a member; numbers are whole here. The audit says that it was given out.",
    )
    .of_member("members:write")
    .answers("All of it", "ExportReply", &example_export())
    .writes()
}

/// `GET /api/v1/members/{id}/sessions`
pub fn sessions() -> Operation {
    let session = json!({
        "id": "0000019a00000001", "created_at": 1_795_000_000, "last_seen_at": 1_795_000_000, "expires_at": 1_795_604_800,
        "ends_at": 1_797_592_000, "user_agent": null,
    });
    Operation::new("memberSessions", TAG, "用户的会话", "The live sessions of a member, newest first.")
        .of_member("members:read")
        .answers("All of them", "MemberSessionsReply", &json!({ "errcode": 0, "errmsg": "ok", "sessions": [session] }))
}

/// `DELETE /api/v1/members/{id}/sessions`
pub fn end_sessions() -> Operation {
    Operation::new("endMemberSessions", TAG, "下线用户的全部会话", "Logs a member out everywhere.")
        .of_member("sessions:write")
        .takes_nothing()
        .answers("How many ended", "EndedReply", &json!({ "errcode": 0, "errmsg": "ok", "ended": 2 }))
        .writes()
}

/// `DELETE /api/v1/members/{id}/sessions/{session}`
pub fn end_session() -> Operation {
    Operation::new("endMemberSession", TAG, "下线用户的一个会话", "Ends one session of a member.")
        .of_member("sessions:write")
        .parameter("MemberSession")
        .takes_nothing()
        .answers("It has ended", "Done", &super::example_done())
        .writes()
}

impl Operation {
    /// Asks for an API token with `scope` and a member of this server.
    fn of_member(self, scope: &str) -> Self {
        self.api_token(scope).parameter("MemberId").refuses(&["not_found"])
    }
}

fn example_member() -> Value {
    joined(json!({ "phone": "138****0000" }), record::example())
}

/// What stands in the paths and queries of these operations.
pub fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    map(json!({
        "MemberId": {
            "name": "id", "in": "path", "required": true, "description": "The member's id",
            "schema": { "type": "string", "format": "uuid" }, "example": "01980c2e-7c1e-7000-8000-000000000000",
        },
        "MemberSession": {
            "name": "session", "in": "path", "required": true, "description": "The session's id, as listed",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{16}$" }, "example": "0000019a00000001",
        },
        "MemberAppId": query("appid", "One of this server's apps; without it, all", json!({ "type": "string" })),
        "MemberPhone": query(
            "phone",
            "Exactly this number: `+8613800138000`, the + as %2B; without one it is taken as one of +86",
            json!({ "type": "string", "pattern": "^[+ ]?[0-9]{5,18}$" }),
        ),
        "MemberOpenid": query("openid", "Exactly this openid", json!({ "type": "string", "minLength": 1, "maxLength": 256 })),
        "MemberNickName": query(
            "nickName",
            "How the nickname begins; letters of ASCII in either case",
            json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        ),
        "MemberStatus": query("status", "Who are so", word(&["active", "blocked"], "")),
    }))
}

/// What these operations answer.
pub fn schemas() -> Map<String, Value> {
    let member = object(joined(json!({ "phone": text_or_null("Masked") }), record::properties()), json!({}));
    let change = json!({
        "status": word(&["active", "blocked"], "Whether the team lets them in"),
        "note": {
            "type": ["string", "null"], "minLength": 1, "maxLength": NOTE_CHARACTERS,
            "description": "The operators' words, of control characters only line breaks and tabs; null removes them",
        },
        "attributes": {
            "type": "object",
            "description": "The team's own JSON in place of all there was, at most 8 KiB; the mini program sees it in `member`",
        },
        "revision": { "type": "integer", "format": "int64", "minimum": 0, "description": "The revision that is changed" },
    });
    let session = object(
        json!({
            "id": text("16 hex digits"), "created_at": instant("The login"), "last_seen_at": instant("The last use"),
            "expires_at": instant("The end if it is not used"), "ends_at": instant("The end in any case"),
            "user_agent": text_or_null("Of the login"),
        }),
        json!({}),
    );
    map(json!({
        "SessionRecord": session,
        "ManagedMember": member,
        "ManagedMemberReply": envelope(json!({ "member": named("ManagedMember"), "linked": list(&named("ManagedMember")) })),
        "ManagedMembersReply": envelope(json!({
            "members": list(&named("ManagedMember")), "next": text_or_null("For `after`; null at the end"),
        })),
        "MemberChange": request(change, any_of(&[&["status"], &["note"], &["attributes"]])),
        "ChangedMemberReply": envelope(json!({ "member": named("ManagedMember") })),
        "MemberSessionsReply": envelope(json!({ "sessions": list(&named("SessionRecord")) })),
        "EndedReply": envelope(json!({ "ended": integer("How many sessions ended") })),
    }))
}
