//! Members by the thousand.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::record;
use super::shapes::{envelope, joined, list, map, named, object, request, text, text_or_null, word};
use crate::routes::MOST_ROWS;

const TAG: &str = "members";

/// `GET /api/v1/export`
pub fn export() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "members": [example_member()], "next": null });
    Operation::new(
        "exportMembers",
        TAG,
        "导出全部用户",
        "All members, those who joined first first, each as an import takes them in. Whole numbers need the scope \
         members:write instead. The audit has a line before the first page is given out. Pictures that members uploaded are \
         not in it, but where they are served.",
    )
    .api_token("members:read")
    .parameter("ExportAppId")
    .parameter("ExportPhones")
    .parameter("After")
    .parameter("Limit")
    .answers("A page", "ExportPage", &example)
    .refuses(&["bad_request"])
    .writes()
}

/// `POST /api/v1/import`
pub fn import() -> Operation {
    let row =
        json!({ "openid": "oExample", "nickName": "小明", "phone": "+86 13800138000", "created_at": 1_795_000_000 });
    let result = json!({
        "outcome": "added", "member_id": "01980c2e-7c1e-7000-8000-000000000000", "reason": null, "hint": null,
        "left_out": [],
    });
    Operation::new(
        "importMembers",
        TAG,
        "导入用户",
        "Takes in members from elsewhere, at most 200 and 4 MiB at a time. Of somebody who is here only what they lack is \
         filled in; who was erased here stays so, unless `created_at` says that it is later. Repeating it changes nothing. \
         Rows that are no members are refused one by one, and the others are taken in. Nobody is told of it by events, \
         unless `announce` is true. With `dry_run` nothing is written, and each row is judged as if it were alone.",
    )
    .api_token("members:write")
    .takes_json("ImportRequest", &json!({ "members": [row], "dry_run": false }))
    .answers("What became of each row", "ImportReply", &json!({ "errcode": 0, "errmsg": "ok", "results": [result] }))
    .writes()
}

fn example_member() -> Value {
    let more = json!({
        "gender": null, "country": null, "province": null, "city": null, "language": null, "phone": "138****0000",
    });
    joined(more, record::example())
}

/// What stands in the queries of these operations.
pub fn parameters() -> Map<String, Value> {
    map(json!({
        "ExportAppId": {
            "name": "appid", "in": "query", "required": false, "description": "One of this server's apps; without it, all",
            "schema": { "type": "string", "minLength": 1 },
        },
        "ExportPhones": {
            "name": "phones", "in": "query", "required": false, "description": "masked if nobody says",
            "schema": word(&["masked", "whole"], "How numbers are given out"),
        },
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let optional = || json!({ "type": ["string", "null"] });
    let profile = json!({
        "gender": { "type": ["integer", "null"] }, "country": optional(), "province": optional(), "city": optional(),
        "language": optional(), "phone": text_or_null("Masked, or whole as `+86 13800138000`"),
    });
    let result = object(
        json!({
            "outcome": word(&["added", "filled", "same", "refused"], "What became of the row"),
            "member_id": { "type": ["string", "null"], "format": "uuid", "description": "Who it is, unless refused" },
            "reason": { "type": ["string", "null"], "enum": ["invalid", "erased", "id_taken", null] },
            "hint": text_or_null("Why it was refused, in the language that was asked for"),
            "left_out": list(&text("A field of the row that cannot be kept")),
        }),
        json!({}),
    );
    map(json!({
        "ExportedRow": object(joined(profile, record::properties()), json!({})),
        "ExportPage": envelope(json!({
            "members": list(&named("ExportedRow")), "next": text_or_null("For `after`; null at the end"),
        })),
        "ImportRequest": request(
            json!({
                "members": { "type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": { "type": "object", "description": ROW } },
                "dry_run": { "type": "boolean", "description": "Judge, and write nothing" },
                "announce": { "type": "boolean", "description": "Tell webhooks and plugins of it" },
            }),
            map(json!({ "required": ["members"] })).into(),
        ),
        "ImportReply": envelope(json!({ "results": list(&result) })),
    }))
}

/// A row of an import, in words: one that is wrong is refused alone, and so nothing here forbids it.
const ROW: &str = "As an export gives it; all but `openid` may be missing or null. `appid` is the only app if nobody says, `id` \
    a new one, `phone_trust` local, `status` active, an instant that of the import. `phone` is 13800138000, or +44 7700900000 \
    with a blank behind the country's code; one with an asterisk is left out. `note`, `attributes`, `gender`, `revision` and \
    instants that are wrong, and keys that no export has, refuse the row; of the profile, what cannot be kept is left out.";
