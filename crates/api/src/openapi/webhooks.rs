//! Who is told of events, and what became of telling them.

use serde_json::{Map, Value, json};
use wxgate_store::EventType;

use super::operation::Operation;
use super::shapes::{
    envelope, instant, integer, list as list_of, map, named, object, request, text, text_or_null, word,
};

const TAG: &str = "webhooks";
const SCOPE: &str = "admin";
const REASONS: &[&str] = &["operator", "failing", "gone", "backlog"];
const STATES: &[&str] = &["pending", "delivered", "failed"];

/// `GET /api/v1/webhooks`
pub fn list() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "webhooks": [example_webhook()] });
    Operation::new("webhooks", TAG, "webhook 列表", "All webhooks, oldest first, without their secrets.")
        .api_token(SCOPE)
        .answers("All of them", "WebhooksReply", &example)
}

/// `POST /api/v1/webhooks`
pub fn create() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "id": example_id(), "secret": "whsec_…" });
    Operation::new(
        "createWebhook",
        TAG,
        "新建 webhook",
        "Has events delivered to `url` from now on, signed by Standard Webhooks 1.0. The secret is shown this once. Only https, \
         and no private or loopback address unless the server's `webhooks.allow_private` says so. There are at most 32.",
    )
    .api_token(SCOPE)
    .takes_json("NewWebhook", &json!({ "url": "https://shop.example.com/hooks", "types": ["member.created", "phone.bound"] }))
    .answers("It is in force", "CreatedWebhook", &example)
    .writes()
}

/// `GET /api/v1/webhooks/{id}`
pub fn show() -> Operation {
    of_one("webhook", "查看 webhook", "One webhook, without its secret.").answers(
        "The webhook",
        "WebhookReply",
        &example_reply(),
    )
}

/// `PATCH /api/v1/webhooks/{id}`
pub fn change() -> Operation {
    of_one(
        "changeWebhook",
        "修改、停用或启用 webhook",
        "What is given replaces what was. While a webhook is disabled nothing is queued for it; what waited goes on when it is \
         enabled, for a week.",
    )
    .takes_json("WebhookChange", &json!({ "enabled": true }))
    .answers("As it is now", "WebhookReply", &example_reply())
    .writes()
}

/// `DELETE /api/v1/webhooks/{id}`
pub fn delete() -> Operation {
    of_one("deleteWebhook", "删除 webhook", "Deletes it. What waits for it is not delivered any more.")
        .takes_nothing()
        .answers("It is gone", "Done", &super::example_done())
        .writes()
}

/// `POST /api/v1/webhooks/{id}/test`
pub fn test() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "delivered": false, "status": 302, "error": "redirect" });
    of_one(
        "testWebhook",
        "发送测试消息",
        "Sends a signed message of the type `webhook.test` at once and says what became of it, within 15 seconds. It is in \
         no list and is not sent again.",
    )
    .takes_nothing()
    .answers("Whether it arrived", "WebhookTest", &example)
}

/// `POST /api/v1/webhooks/{id}/rotate-secret`
pub fn rotate() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "secret": "whsec_…", "previous_secret_until": 1_795_086_400 });
    of_one(
        "rotateWebhookSecret",
        "更换签名密钥",
        "Makes a new secret, shown this once. For 24 hours the one before signs as well, so that no message is refused.",
    )
    .takes_nothing()
    .answers("It signs from now on", "WebhookSecret", &example)
    .writes()
}

/// `GET /api/v1/deliveries`
pub fn deliveries() -> Operation {
    let example = json!({ "errcode": 0, "errmsg": "ok", "deliveries": [example_delivery()], "next": null });
    Operation::new(
        "deliveries",
        TAG,
        "投递记录",
        "Events on their way to webhooks, newest first. What is settled is kept for a week, and the last 100,000 at most.",
    )
    .api_token(SCOPE)
    .parameter("DeliveriesOfWebhook")
    .parameter("DeliveriesInState")
    .parameter("After")
    .parameter("Limit")
    .answers("A page", "DeliveriesReply", &example)
}

/// `POST /api/v1/deliveries/{id}/resend`
pub fn resend() -> Operation {
    Operation::new(
        "resendDelivery",
        TAG,
        "重新投递",
        "Queues a delivery again, whatever became of it, before later events of its member. The receiver knows it by the same \
         `webhook-id`.",
    )
    .api_token(SCOPE)
    .parameter("DeliveryId")
    .takes_nothing()
    .answers("It is queued", "Done", &super::example_done())
    .refuses(&["not_found"])
    .writes()
}

fn of_one(id: &str, summary: &str, description: &str) -> Operation {
    Operation::new(id, TAG, summary, description).api_token(SCOPE).parameter("WebhookId").refuses(&["not_found"])
}

fn example_id() -> &'static str {
    "01980c2e-7c1e-7000-8000-000000000002"
}

fn example_webhook() -> Value {
    json!({
        "id": example_id(), "url": "https://shop.example.com/hooks", "types": ["member.created", "phone.bound"],
        "description": null, "enabled": true, "disabled_at": null, "disabled_reason": null, "previous_secret_until": null,
        "created_at": 1_795_000_000,
    })
}

fn example_reply() -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "webhook": example_webhook() })
}

fn example_delivery() -> Value {
    json!({
        "id": "1042", "webhook_id": example_id(), "event_id": "01980c2e-7c1e-7000-8000-000000000003",
        "type": "member.created", "member_id": "01980c2e-7c1e-7000-8000-000000000000", "happened_at": 1_795_000_000,
        "state": "pending", "attempts": 1, "attempted_at": 1_795_000_001, "status": 503, "error": "status",
        "next_at": 1_795_000_005,
    })
}

/// What stands in the paths and queries of these operations.
pub fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    map(json!({
        "WebhookId": {
            "name": "id", "in": "path", "required": true, "description": "As POST /api/v1/webhooks gave it",
            "schema": { "type": "string", "format": "uuid" }, "example": example_id(),
        },
        "DeliveryId": {
            "name": "id", "in": "path", "required": true, "description": "As GET /api/v1/deliveries lists it",
            "schema": { "type": "string", "pattern": "^[1-9][0-9]{0,18}$" }, "example": "1042",
        },
        "DeliveriesOfWebhook": query("webhook", "Those of one webhook", json!({ "type": "string", "format": "uuid" })),
        "DeliveriesInState": query("state", "Those that stand there", json!({ "type": "string", "enum": STATES })),
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let kinds: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    let kind = json!({ "type": "string", "enum": kinds });
    let types =
        json!({ "type": ["array", "null"], "items": kind, "description": "Null for all, those of later versions too" });
    let wanted = json!({
        "type": ["array", "null"], "items": kind, "minItems": 1, "description": "Null, or nothing, for all",
    });
    let url = json!({ "type": "string", "format": "uri", "maxLength": 2048, "description": "https, without user name and #fragment" });
    let description =
        json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 256, "description": "For people 备注" });
    let instant_or_null =
        |description: &str| json!({ "type": ["integer", "null"], "format": "int64", "description": description });
    let status = json!({ "type": ["integer", "null"], "description": "HTTP's; null without an answer" });
    let error = text_or_null(
        "Why it was not delivered: `status`, `redirect`, `gone`, `timeout`, `unreachable`, `address` (may not be posted to), \
         `broken_answer`, `secret_lost` (rotate it)",
    );
    let uuid = |description: &str| json!({ "type": "string", "format": "uuid", "description": description });
    let reason = json!({ "type": ["string", "null"], "enum": REASONS.iter().map(|word| json!(word)).chain([Value::Null]).collect::<Vec<_>>() });
    map(json!({
        "Webhook": object(json!({
            "id": uuid("Its name"), "url": text("Where events go"), "types": types,
            "description": text_or_null("For people"), "enabled": { "type": "boolean" },
            "disabled_at": instant_or_null("Since when it gets nothing"), "disabled_reason": reason,
            "previous_secret_until": instant_or_null("Until when the secret before the last rotation signs as well"),
            "created_at": instant("When it was made"),
        }), json!({})),
        "WebhooksReply": envelope(json!({ "webhooks": list_of(&named("Webhook")) })),
        "WebhookReply": envelope(json!({ "webhook": named("Webhook") })),
        "NewWebhook": request(
            json!({ "url": url, "types": wanted, "description": description }),
            json!({ "required": ["url"] }),
        ),
        "WebhookChange": request(
            json!({ "url": url, "types": wanted, "description": description, "enabled": { "type": "boolean" } }),
            json!({}),
        ),
        "CreatedWebhook": envelope(json!({ "id": uuid("Its name"), "secret": text("whsec_ and base64; shown this once") })),
        "WebhookSecret": envelope(json!({
            "secret": text("whsec_ and base64; shown this once"),
            "previous_secret_until": instant("Until when the one before signs as well"),
        })),
        "WebhookTest": envelope(json!({ "delivered": { "type": "boolean" }, "status": status, "error": error })),
        "Delivery": object(json!({
            "id": text("Its name"), "webhook_id": uuid("Where it goes"), "event_id": uuid("The webhook-id that the receiver reads"),
            "type": text("The event's"),
            "member_id": { "type": ["string", "null"], "format": "uuid", "description": "Whom it is about" },
            "happened_at": instant("The event's"), "state": word(STATES, "Where it stands"),
            "attempts": integer("How many so far"), "attempted_at": instant_or_null("The last of them"),
            "status": status, "error": error,
            "next_at": instant_or_null("When it is tried next; null when it is settled or waits for an earlier one of its member"),
        }), json!({})),
        "DeliveriesReply": envelope(json!({
            "deliveries": list_of(&named("Delivery")), "next": text_or_null("`after` of the next page; null on the last one"),
        })),
    }))
}
