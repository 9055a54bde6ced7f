//! What a member may see and change of themselves, and the phone number.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::record;
use super::shapes::{
    PAIRS, any_of, code, encrypted, envelope, instant, instant_or_null, integer, joined, list, map, named, object,
    one_of, only, request, text, text_or_null, word,
};

const TAG: &str = "member";

/// `POST /v1/phone`
pub fn phone() -> Operation {
    let number = json!({ "phoneNumber": "138****0000", "purePhoneNumber": "138****0000", "countryCode": "86" });
    Operation::new(
        "bindPhone",
        "phone",
        "绑定手机号",
        "Binds the number behind a tap on the phone button: its code, or the encrypted pair where the server accepts that. \
         The same request with the same skey answers the same and does nothing twice. Replacing a bound number needs a \
         login of the last 5 minutes.",
    )
    .skey()
    .takes_either("PhoneRequest", &json!({ "phoneCode": "0123456789abcdef0123456789abcdef" }))
    .answers("Bound", "PhoneReply", &json!({ "errcode": 0, "errmsg": "ok", "phone_info": number, "trust": "code" }))
    .refuses(&["code_invalid", "code_used", "login_too_old"])
    .opens()
    .asks_wechat()
}

/// `GET /v1/me`
pub fn me() -> Operation {
    Operation::new("me", TAG, "我的资料", "The member of the skey.").skey().answers(
        "The member",
        "MemberReply",
        &example_member_reply(),
    )
}

/// `PATCH /v1/me`
pub fn change_me() -> Operation {
    Operation::new(
        "changeMe",
        TAG,
        "修改昵称、头像",
        "Keeps what the member typed or chose. No key, no change. Where the app lets WeChat judge nicknames, a risky one is \
         refused, and none is kept without WeChat's word.",
    )
    .skey()
    .takes_json("MeRequest", &json!({ "nickName": "小明" }))
    .answers("The member as it is now", "MemberReply", &example_member_reply())
    .refuses(&["login_too_old", "too_many_requests"])
    .writes()
    .asks_wechat()
}

/// `DELETE /v1/me`
pub fn erase() -> Operation {
    Operation::new(
        "eraseMe",
        TAG,
        "注销并删除全部数据",
        "Erases the member and all of theirs; answered once that is durable. Needs a login of the last 5 minutes.",
    )
    .skey()
    .takes_nothing()
    .answers("Erased", "Done", &super::example_done())
    .refuses(&["login_too_old"])
    .writes()
}

/// `POST /v1/me/profile`
pub fn profile() -> Operation {
    let example =
        json!({ "rawData": "{\"nickName\":\"小明\"}", "signature": "0123456789abcdef0123456789abcdef01234567" });
    Operation::new(
        "proveProfile",
        TAG,
        "提交微信签名或加密的资料",
        "Keeps a profile that WeChat signed or encrypted. With both pairs the signed one decides.",
    )
    .skey()
    .takes_json("ProfileRequest", &example)
    .answers("The member as it is now", "MemberReply", &example_member_reply())
    .opens()
}

/// `POST /v1/me/open-data`
pub fn open_data() -> Operation {
    let example = json!({
        "kind": "werun", "encryptedData": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==",
    });
    let steps = json!([{ "timestamp": 1_794_931_200, "step": 8000 }]);
    Operation::new(
        "openData",
        TAG,
        "解密微信运动、分享、群数据",
        "Opens and checks an encrypted payload and answers with its content; nothing is kept.",
    )
    .skey()
    .takes_json("OpenDataRequest", &example)
    .answers(
        "The content",
        "OpenDataReply",
        &json!({ "errcode": 0, "errmsg": "ok", "kind": "werun", "stepInfoList": steps }),
    )
    .opens()
}

/// Somebody of whom little is held.
pub fn example_export() -> Value {
    let number = json!({ "phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86" });
    let more = json!({
        "gender": null, "country": null, "province": null, "city": null, "language": null, "phone_info": number,
    });
    let member = joined(more, record::example());
    json!({
        "errcode": 0, "errmsg": "ok", "member": member, "sessions": [], "session_keys_obtained_at": [1_795_000_000],
        "audit": [], "failures": [], "failed_requests": [], "phone_proofs": [], "wechat_events": [], "avatar": null, "plugin_entries": [],
    })
}

/// `GET /v1/me/export`
pub fn export() -> Operation {
    Operation::new(
        "exportMe",
        TAG,
        "导出我的全部数据",
        "Everything held about the person; numbers are whole here. The audit says that it was given out.",
    )
    .skey()
    .answers("All of it", "ExportReply", &example_export())
    .refuses(&["too_many_requests"])
    .writes()
}

impl Operation {
    /// What opening an encrypted payload can come to, and the write that follows.
    fn opens(self) -> Self {
        self.refuses(&["unopenable", "too_many_requests"]).writes()
    }
}

fn example_member_reply() -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "member": super::example_member() })
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let kind = word(&["werun", "share", "group"], "Of wx.getWeRunData, wx.getShareInfo or wx.getGroupEnterInfo");
    let signed = json!({ "rawData": text("As WeChat gave it"), "signature": text("As WeChat gave it") });
    let phone_code = code("`e.detail.code` of the phone button, never the code of wx.login");
    let mut either_code_or_pair = vec![&["phoneCode"][..]];
    either_code_or_pair.extend(PAIRS);
    let mut either_pair = vec![&["rawData", "signature"][..]];
    either_pair.extend(PAIRS);
    map(json!({
        "PhoneRequest": request(joined(json!({ "phoneCode": phone_code }), encrypted()), one_of(&either_code_or_pair)),
        "PhoneReply": envelope(json!({
            "phone_info": named("PhoneInfo"),
            "trust": word(&["code", "hash", "local"], "By code, by WeChat's own hash check, or by decryption alone"),
        })),
        "PhoneInfo": object(
            json!({
                "phoneNumber": text("With the country's prefix when it is a foreign one; masked unless the server says otherwise"),
                "purePhoneNumber": text("Without the prefix"),
                "countryCode": text("86 and the like"),
            }),
            json!({}),
        ),
        "MemberReply": envelope(json!({ "member": named("Member") })),
        "MeRequest": request(
            json!({
                "nickName": { "type": "string", "minLength": 1, "maxLength": 64, "description": "No control characters" },
                "avatarUrl": {
                    "type": "string", "minLength": 1, "maxLength": 1024,
                    "description": "Of the picture that this member uploaded, or https on a host that the server allows",
                },
            }),
            json!({}),
        ),
        "ProfileRequest": request(joined(signed, encrypted()), any_of(&either_pair)),
        "OpenDataRequest": request(
            joined(json!({ "kind": kind }), encrypted()),
            joined(json!({ "required": ["kind"] }), map(one_of(&PAIRS))),
        ),
        "OpenDataReply": { "oneOf": [named("WeRun"), named("Share"), named("Group")] },
        "WeRun": envelope(json!({
            "kind": only("werun"),
            "stepInfoList": list(&object(json!({ "timestamp": instant("The day"), "step": integer("Steps") }), json!({}))),
        })),
        "Share": envelope(json!({ "kind": only("share"), "openGId": text("The group") })),
        "Group": group(),
        "ExportReply": export_reply(),
    }))
}

fn group() -> Value {
    let mut group = envelope(json!({ "kind": only("group"), "opengid": text("The group") }));
    for (name, schema) in [
        ("open_single_roomid", text("Of a conversation of two")),
        ("group_openid", text("The member in this group")),
        ("chat_type", integer("WeChat's number for the kind of chat")),
    ] {
        group["properties"][name] = schema;
    }
    group
}

fn export_reply() -> Value {
    let optional = || json!({ "type": ["string", "null"] });
    let more = json!({
        "gender": { "type": ["integer", "null"] }, "country": optional(), "province": optional(), "city": optional(),
        "language": optional(), "phone_info": { "oneOf": [named("PhoneInfo"), { "type": "null" }] },
    });
    let member = object(joined(more, record::properties()), json!({}));
    let avatar = object(
        json!({
            "media_type": only("image/jpeg"), "picture": text("The uploaded picture, base64"),
            "kept_at": instant("The upload"),
        }),
        json!({}),
    );
    let audit = object(
        json!({
            "at": instant("When"), "actor": text("Who"), "action": text("What"),
            "detail": { "type": ["object", "null"], "description": "What changed; null when the action says it all" },
        }),
        json!({}),
    );
    let failure = object(
        json!({ "began_at": instant("A try at opening a payload"), "cause": text_or_null("Why it failed; null while it is under way") }),
        json!({}),
    );
    let proof = object(
        json!({
            "session_id": text("Which session brought it"),
            "phone_info": { "oneOf": [named("PhoneInfo"), { "type": "null" }] },
            "usable_until": instant("Until when it is remembered, so that it proves nothing twice"),
        }),
        json!({}),
    );
    let event = object(
        json!({
            "event": text("WeChat's word"), "happened_at": instant("By WeChat's word"), "received_at": instant("Its arrival"),
            "content": { "type": ["object", "null"], "description": "What WeChat's message push said" },
        }),
        json!({}),
    );
    let entry = object(
        json!({
            "plugin": text("Which plugin keeps it"), "key": text("Under what"),
            "value": { "description": "What it keeps; any JSON" }, "expires_at": instant_or_null("When it goes by itself, Unix seconds"),
        }),
        json!({}),
    );
    let failed = object(
        json!({
            "at": instant("When"), "kind": text("login, opening or phone"), "cause": text("Why"),
            "errcode": { "type": ["integer", "null"], "description": "WeChat's own number" },
            "rid": text_or_null("The request's id; null for several"),
        }),
        json!({}),
    );
    envelope(json!({
        "member": member, "sessions": list(&named("SessionRecord")), "session_keys_obtained_at": list(&instant("When WeChat gave one")),
        "audit": list(&audit), "failures": list(&failure), "failed_requests": list(&failed), "phone_proofs": list(&proof), "wechat_events": list(&event),
        "avatar": { "oneOf": [avatar, { "type": "null" }] }, "plugin_entries": list(&entry),
    }))
}
