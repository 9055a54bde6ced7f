//! What was counted, and what failed.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, instant, integer, list, map, named, object, text, text_or_null, word};

const TAG: &str = "statistics";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const EVENTS: &str = "text/event-stream";
const KINDS: &[&str] = &["login", "opening", "phone"];

/// `GET /metrics`
pub fn metrics() -> Operation {
    Operation::new(
        "metrics",
        "operation",
        "监控指标",
        "All that is counted and how things stand, as Prometheus reads it. No label names a person.",
    )
    .answers_bytes("The text of OpenMetrics", OPENMETRICS, &[])
    .refuses(&["internal"])
}

/// `GET /api/v1/stats`
pub fn stats() -> Operation {
    let example = json!({
        "errcode": 0, "errmsg": "ok", "timezone": "Asia/Shanghai", "bucket": "day",
        "buckets": [{
            "start": 1_794_931_200, "end": 1_795_017_600, "new_members": 12, "logins": 340,
            "failed_logins": { "code_used": 3 }, "phones": 9, "failed_phones": {}, "openings": 4,
            "failed_openings": { "stale_session_key": 1 },
        }],
    });
    Operation::new(
        "stats",
        TAG,
        "统计图表的数字",
        "Numbers for charts: one bucket after the other, empty ones too, from the one around `from` to the one that ends at or \
         after `to`, at most 1000. Days, weeks (from Monday) and months begin at midnight in the configured time zone, so that \
         a day on which clocks change has 23 or 25 hours. Counted by the hour and kept for 800 days.",
    )
    .api_token("stats:read")
    .parameter("From")
    .parameter("To")
    .parameter("Bucket")
    .parameter("OfApp")
    .answers("The buckets, the oldest first", "StatsReply", &example)
    .writes()
}

/// `GET /api/v1/failures`
pub fn failures() -> Operation {
    let example = json!({
        "errcode": 0, "errmsg": "ok",
        "failures": [{
            "id": "7", "at": 1_795_000_000, "kind": "login", "appid": "wx0123456789abcdef", "cause": "wechat_refused",
            "sentence": "微信拒绝了服务器的调用", "cure": "在微信公众平台的 IP 白名单里加入本服务器的出口地址。", "errcode": 40164,
            "member": null, "rid": "01980c2e7c1e70008000000000000000", "count": 1,
        }],
        "next": null,
    });
    Operation::new(
        "failures",
        TAG,
        "失败的登录与解密，含原因和办法",
        "Logins, encrypted payloads and phone codes that failed, the newest first, each with its cause and what helps in the \
         language of Accept-Language. The newest 10000 of 30 days. Of a flood, ten alike in a minute stand alone and the rest \
         is one row with their number. With `Accept: text/event-stream` each one as it comes: events `failure` with the same \
         JSON and its id, from after `Last-Event-ID` on; 16 streams at once.",
    )
    .api_token("stats:read")
    .parameter("FailuresAfter")
    .parameter("FailuresLimit")
    .parameter("FailureKind")
    .parameter("Cause")
    .parameter("OfMember")
    .parameter("OfRequest")
    .parameter("LastEventId")
    .answers("What failed", "FailuresReply", &example)
    .or_answers_bytes(EVENTS)
    .refuses(&["too_many_requests"])
    .writes()
}

/// What these operations are asked with.
pub fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let seconds = || json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": 4_102_444_800_i64 });
    map(json!({
        "From": query("from", "Unix seconds; 30 days before `to` without it", seconds()),
        "To": query("to", "Unix seconds; now without it", seconds()),
        "Bucket": query("bucket", "How long a bucket is; a day without it", word(&["hour", "day", "week", "month"], "Length")),
        "OfApp": query("appid", "One of this server's apps; all of them together without it", json!({ "type": "string" })),
        "FailuresAfter": query("after", "The `next` of the page before; not for a stream", json!({ "type": "integer", "format": "int64", "minimum": 1 })),
        "FailuresLimit": query("limit", "Rows; 50 without it; not for a stream", json!({ "type": "integer", "minimum": 1, "maximum": 200 })),
        "FailureKind": query("kind", "Only of this kind", word(KINDS, "What failed")),
        "Cause": query("cause", "Only of this cause", json!({ "type": "string", "minLength": 1, "maxLength": 64 })),
        "OfMember": query("member", "Only of this member", json!({ "type": "string", "format": "uuid" })),
        "OfRequest": query("rid", "Only of this request; not for a stream", json!({ "type": "string", "minLength": 1, "maxLength": 32 })),
        "LastEventId": {
            "name": "Last-Event-ID", "in": "header", "required": false, "description": "For a stream: the last id that was seen",
            "schema": { "type": "integer", "format": "int64", "minimum": 0 },
        },
    }))
}

/// What these operations answer.
pub fn schemas() -> Map<String, Value> {
    let causes = |description: &str| json!({ "type": "object", "description": description, "additionalProperties": { "type": "integer" } });
    let counts = object(
        json!({
            "start": instant("The beginning"), "end": instant("The next one's beginning"),
            "new_members": integer("Members who came"), "logins": integer("Sessions that were opened"),
            "failed_logins": causes("By the word they were answered"),
            "phones": integer("Numbers that were bound"),
            "failed_phones": causes("Codes of the button that gave no number, by the word they were answered"),
            "openings": integer("Encrypted payloads that were accepted"),
            "failed_openings": causes("By their diagnosis"),
        }),
        json!({}),
    );
    let failure = object(
        json!({
            "id": text("Grows with each"), "at": instant("When; of several the last"), "kind": word(KINDS, "What failed"),
            "appid": text_or_null("The mini program; null: the request named none"),
            "cause": text("The stable word: the contract's, or a payload's diagnosis"),
            "sentence": text("What is the matter"), "cure": text("What helps"),
            "errcode": { "type": ["integer", "null"], "description": "WeChat's own number" },
            "member": { "type": ["string", "null"], "format": "uuid", "description": "Null: not known, or erased since" },
            "rid": text_or_null("Finds the request in the log; null for several"),
            "count": integer("How many it stands for"),
        }),
        json!({}),
    );
    map(json!({
        "Counts": counts,
        "Failure": failure,
        "StatsReply": envelope(json!({
            "timezone": text("Where the buckets begin"), "bucket": word(&["hour", "day", "week", "month"], "Their length"),
            "buckets": list(&named("Counts")),
        })),
        "FailuresReply": envelope(json!({
            "failures": list(&named("Failure")),
            "next": text_or_null("`after` for what is older; null at the end"),
        })),
    }))
}
