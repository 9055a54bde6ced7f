//! Logging in, and the session that comes of it.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{
    code, encrypted, envelope, instant, integer, joined, list, map, named, object, one_of, request, text, text_or_null,
    word,
};

const TAG: &str = "session";

/// `POST /v1/login`
pub fn login() -> Operation {
    Operation::new(
        "login",
        "login",
        "登录：用 wx.login 的 code 换取 skey",
        "Trades a code of wx.login for an skey. The code goes to WeChat once. A profile that comes along never decides the login.",
    )
    .parameter("IdempotencyKey")
    .takes_either("LoginRequest", &json!({ "code": "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P" }))
    .answers(
        "Logged in; the skey is shown this once",
        "LoginReply",
        &json!({
            "errcode": 0, "errmsg": "ok", "skey": "wxg_…", "expires_in": 604_800, "expires_at": 1_795_604_800,
            "is_new": true, "profile": "absent", "member": super::example_member(),
        }),
    )
    .refuses(&["code_invalid", "code_used", "blocked", "conflict"])
    .asks_wechat()
    .writes()
}

/// `GET /v1/session`
pub fn session() -> Operation {
    let example = json!({
        "errcode": 0, "errmsg": "ok", "member": super::example_member(), "expires_in": 604_800, "expires_at": 1_795_604_800,
    });
    Operation::new(
        "session",
        TAG,
        "当前会话",
        "The session of the skey and its member. Using a session renews its idle time, with at most one write in ten minutes.",
    )
    .skey()
    .answers("The session is live", "SessionReply", &example)
}

/// `POST /v1/session/refresh`
pub fn refresh() -> Operation {
    let example =
        json!({ "errcode": 0, "errmsg": "ok", "skey": "wxg_…", "expires_in": 604_800, "expires_at": 1_795_604_800 });
    Operation::new("refreshSession", TAG, "换发 skey", "A new skey for the same session; the old one ends at once.")
        .skey()
        .takes_nothing()
        .answers("The new skey, shown this once", "RefreshReply", &example)
        .writes()
}

/// `POST /v1/session/check`
pub fn check() -> Operation {
    Operation::new(
        "checkSession",
        TAG,
        "检查 session_key 是否有效",
        "Asks WeChat whether the stored session_key is the current one; the answer is remembered for 5 seconds.",
    )
    .skey()
    .takes_nothing()
    .answers("WeChat's word", "CheckReply", &json!({ "errcode": 0, "errmsg": "ok", "session_key": "valid" }))
    .asks_wechat()
}

/// `DELETE /v1/session`
pub fn logout() -> Operation {
    Operation::new("logout", TAG, "退出登录", "Ends the session of the skey; answered once that is durable.")
        .skey()
        .takes_nothing()
        .answers("Ended", "Done", &super::example_done())
        .writes()
}

/// `GET /v1/sessions`
pub fn sessions() -> Operation {
    let session = json!({
        "id": "0001a2b3c4d5e6f7", "created_at": 1_795_000_000, "last_seen_at": 1_795_000_600, "user_agent": null, "current": true,
    });
    Operation::new("sessions", TAG, "我的所有会话", "The member's live sessions, the newest first.").skey().answers(
        "The sessions",
        "SessionsReply",
        &json!({ "errcode": 0, "errmsg": "ok", "sessions": [session] }),
    )
}

/// `DELETE /v1/sessions/{id}`
pub fn end_session() -> Operation {
    Operation::new("endSession", TAG, "结束一个会话", "Ends one of the member's own sessions.")
        .skey()
        .parameter("SessionId")
        .takes_nothing()
        .answers("Ended", "Done", &super::example_done())
        .refuses(&["not_found"])
        .writes()
}

/// `DELETE /v1/sessions`
pub fn end_sessions() -> Operation {
    Operation::new("endSessions", TAG, "结束所有会话", "Ends all of the member's sessions, this one included.")
        .skey()
        .takes_nothing()
        .answers("Ended", "Done", &super::example_done())
        .writes()
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let ends = || (integer("Seconds until it ends if it is not used"), instant("When it ends if it is not used"));
    let (expires_in, expires_at) = ends();
    let skey = || text("The session's secret, opaque: `wxg_` and URL-safe base64. Never in a URL");
    let session = object(
        json!({
            "id": { "type": "string", "pattern": "^[0-9a-f]{16}$" },
            "created_at": instant("The login"),
            "last_seen_at": instant("The last use, to ten minutes"),
            "user_agent": text_or_null("Of the login"),
            "current": { "type": "boolean", "description": "Whether it is the session of this request" },
        }),
        json!({}),
    );
    map(json!({
        "LoginRequest": login_request(),
        "LoginReply": envelope(json!({
            "skey": skey(), "expires_in": expires_in, "expires_at": expires_at,
            "is_new": { "type": "boolean", "description": "Whether the member came into being with this login" },
            "profile": word(&["absent", "stored", "refused"], "What became of the profile that came along"),
            "member": named("Member"),
        })),
        "SessionReply": envelope(json!({
            "member": named("Member"), "expires_in": expires_in, "expires_at": expires_at,
        })),
        "RefreshReply": envelope(json!({ "skey": skey(), "expires_in": expires_in, "expires_at": expires_at })),
        "CheckReply": envelope(json!({
            "session_key": word(&["valid", "stale"], "stale: call wx.login before the next encrypted payload"),
        })),
        "SessionsReply": envelope(json!({ "sessions": list(&session) })),
    }))
}

fn login_request() -> Value {
    let fields = json!({
        "code": code("Of wx.login"),
        "js_code": code("Another name of code"),
        "appid": {
            "type": "string", "minLength": 1, "maxLength": 64,
            "description": "Required when the server has several apps 多个小程序时必填",
        },
        "rawData": text("Of wx.getUserInfo, together with signature"),
        "signature": text("Of wx.getUserInfo, together with rawData"),
    });
    request(joined(fields, encrypted()), one_of(&[&["code"], &["js_code"]]))
}
