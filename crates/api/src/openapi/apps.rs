//! The apps: their shared access_token, and WeChat's own interfaces behind it.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, list, map, object, request, text};

const TAG: &str = "apps";

/// `GET /api/v1/apps`
pub fn apps() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "apps": [{ "appid": "wx0123456789abcdef", "push": false }] });
    Operation::new("apps", TAG, "小程序列表", "The mini programs of this server, without their secrets.")
        .api_token("wechat:token")
        .answers("All of them", "AppsReply", &example)
}

/// `GET /api/v1/apps/{appid}/access-token`
pub fn access_token() -> Operation {
    Operation::new(
        "accessToken",
        TAG,
        "共享的 access_token",
        "The one that all of the team's services share: renewed before it ends, asked for once however many need it.",
    )
    .of_app("wechat:token")
    .answers("At least 300 seconds of it are left whenever WeChat can be reached", "AccessTokenReply", &example_token())
    .asks_wechat()
}

/// `POST /api/v1/apps/{appid}/access-token/stale`
pub fn stale() -> Operation {
    Operation::new(
        "accessTokenStale",
        TAG,
        "报告被微信拒绝的 access_token",
        "Reports one that WeChat refused, and gets the one to use now. If it was the one in force, WeChat is asked which one \
         is, at most every 5 seconds; a new one is never forced on a report.",
    )
    .of_app("wechat:token")
    .takes_json("StaleToken", &json!({ "access_token": "77_…" }))
    .answers("The one to use now", "AccessTokenReply", &example_token())
    .asks_wechat()
}

/// `POST /api/v1/apps/{appid}/wechat/{path}`
pub fn call() -> Operation {
    Operation::new(
        "callWechat",
        TAG,
        "调用微信服务端接口",
        "Calls WeChat's interface at `path` with the access_token attached, as POST with this body or as GET without one. \
         Query and body go as they are; a refused token is renewed and the call repeated once. Only what the server's \
         `calls.allowed` lists, and never what takes the AppSecret, makes tokens or clears quota. The answer is WeChat's \
         own, as it came: status, type and bytes. It has at most 2 MiB, the request 1 MiB.",
    )
    .of_app("wechat:call")
    .parameter("WechatPath")
    .takes_bytes()
    .answers_bytes("WeChat's answer, its refusals too", "*/*", &[])
    .asks_wechat()
}

impl Operation {
    /// Asks for an API token with `scope` and an app of this server.
    fn of_app(self, scope: &str) -> Self {
        self.api_token(scope).parameter("AppId").refuses(&["not_found"])
    }
}

fn example_token() -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "access_token": "77_…", "expires_in": 7200 })
}

/// What stands in the paths of these operations.
pub fn parameters() -> Map<String, Value> {
    map(json!({
        "AppId": {
            "name": "appid", "in": "path", "required": true, "description": "One of this server's apps",
            "schema": { "type": "string" }, "example": "wx0123456789abcdef",
        },
        "WechatPath": {
            "name": "path", "in": "path", "required": true,
            "description": "WeChat's path with its slashes as they are: plain segments of letters, digits, `_`, `-` and `.`",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
            "example": "wxa/getwxacodeunlimit",
        },
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let app = object(
        json!({
            "appid": text("The mini program"),
            "push": { "type": "boolean", "description": "Whether it is configured for message push" },
        }),
        json!({}),
    );
    let token = json!({
        "type": "string", "minLength": 1, "maxLength": 1024, "description": "The one that WeChat refused",
    });
    map(json!({
        "AppsReply": envelope(json!({ "apps": list(&app) })),
        "StaleToken": request(json!({ "access_token": token }), json!({ "required": ["access_token"] })),
        "AccessTokenReply": envelope(json!({
            "access_token": text("A secret of the app"),
            "expires_in": { "type": "integer", "format": "int64", "minimum": 0, "description": "Seconds that are left" },
        })),
    }))
}
