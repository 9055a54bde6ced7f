//! What WeChat asks: message push.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{map, text};

const TAG: &str = "push";
/// How a push begins in `components.parameters`.
const SIGNED: [&str; 4] = ["PushAppid", "PushSignature", "PushTimestamp", "PushNonce"];

/// `GET /wx/push/{appid}`
pub fn verify() -> Operation {
    signed(Operation::new(
        "verifyPush",
        TAG,
        "消息推送：验证服务器地址",
        "How WeChat's console tries the address. A wrong signature, an app without push and an old time are refused alike.",
    ))
    .parameter("PushEchostr")
    .answers_text("`echostr`, as it came", "4375120948345356249")
    .refuses(&["forbidden"])
}

/// `POST /wx/push/{appid}`
pub fn receive() -> Operation {
    signed(Operation::new(
        "receivePush",
        TAG,
        "消息推送：接收事件（安全模式）",
        "An event of WeChat, in security mode alone; XML or JSON, at most 64 KiB. Answered once what it caused is durable; \
         the same event has one effect however often it comes. Whatever is not WeChat's is refused alike.",
    ))
    .parameter("PushEncryptType")
    .parameter("PushMsgSignature")
    .takes_push(&json!({ "ToUserName": "gh_0123456789ab", "Encrypt": "…" }))
    .answers_text("Received", "success")
    .refuses(&["forbidden"])
    .writes()
}

fn signed(operation: Operation) -> Operation {
    SIGNED.into_iter().fold(operation, Operation::parameter)
}

/// The query of a push, and the app in its path.
pub fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str| json!({ "name": name, "in": "query", "required": true, "description": description, "schema": { "type": "string" } });
    map(json!({
        "PushAppid": {
            "name": "appid", "in": "path", "required": true, "description": "The mini program",
            "schema": { "type": "string" }, "example": "wx0123456789abcdef",
        },
        "PushSignature": query("signature", "SHA-1 over token, timestamp and nonce"),
        "PushTimestamp": query("timestamp", "Unix seconds, within 5 minutes"),
        "PushNonce": query("nonce", "WeChat's"),
        "PushEchostr": query("echostr", "What to answer"),
        "PushEncryptType": query("encrypt_type", "`aes`"),
        "PushMsgSignature": query("msg_signature", "SHA-1 over token, timestamp, nonce and `Encrypt`"),
    }))
}

/// What these operations take.
pub fn schemas() -> Map<String, Value> {
    map(json!({
        "PushEnvelope": {
            "type": "object",
            "properties": { "ToUserName": text("The app's original id"), "Encrypt": text("The event, encrypted") },
            "required": ["Encrypt"],
        },
    }))
}
