//! What the team's proxy, services and operators ask.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, instant, integer, map, object, only, request, text, text_or_null, word};

/// The identity headers of forward-auth; all of them are there, empty when unknown.
pub const IDENTITY: [(&str, &str); 6] = [
    ("Wxgate-Member", "The member's id"),
    ("Wxgate-App", "The appid, percent-encoded"),
    ("Wxgate-Openid", "WeChat's name of the person in this app, percent-encoded"),
    ("Wxgate-Unionid", "WeChat's name of the person across the team's apps, percent-encoded; empty when unknown"),
    ("Wxgate-Name", "The nickname, percent-encoded UTF-8; empty when unknown"),
    ("Wxgate-Session", "The session's id, 16 hex digits"),
];

/// `GET /forward-auth`
pub fn forward_auth() -> Operation {
    decides("forwardAuth", "For Caddy and Traefik: whose request is it? Never a redirect, never limited.")
}

/// `GET /forward-auth/nginx`
pub fn forward_auth_nginx() -> Operation {
    decides("forwardAuthNginx", "The same for nginx's auth_request, which refuses at anything but 2xx, 401 and 403.")
}

fn decides(id: &str, description: &str) -> Operation {
    Operation::new(id, "services", "反向代理鉴权：应答头给出身份", description)
        .security("skey", &[])
        .answers_in_headers("Who it is, in the headers; no body", &IDENTITY.map(|(name, _)| name))
        .refuses(&["unauthorized", "blocked", "outcome_unknown"])
}

/// `POST /introspect`
pub fn introspect() -> Operation {
    Operation::new("introspect", "services", "查询 skey（RFC 7662）", "What an skey stands for, as RFC 7662 says it.")
        .api_token("introspect")
        .takes_form("IntrospectRequest", &json!({ "token": "wxg_…" }))
        .answers(
            "All of it, or only that it is not active",
            "IntrospectReply",
            &json!({
                "active": true, "sub": "01980c2e-7c1e-7000-8000-000000000000", "client_id": "wx0123456789abcdef",
                "openid": "oExample", "unionid": null, "iat": 1_795_000_000, "exp": 1_795_604_800, "sid": "0001a2b3c4d5e6f7",
            }),
        )
}

/// `GET /healthz`
pub fn healthz() -> Operation {
    Operation::new("health", "operation", "存活检查", "200 while the process serves.").answers(
        "It serves",
        "Health",
        &json!({ "status": "ok" }),
    )
}

/// `POST /api/v1/probe`
pub fn begin_probe() -> Operation {
    let description = "Begins a probe: `GET /healthz?probe=NAME` by the public URL, sent within a minute, is recognised by this server.";
    Operation::new("beginProbe", "operation", "开始一次探测：请求是否经对外网址到达本服务", description)
        .api_token("admin")
        .takes_nothing()
        .answers("The probe's name", "ProbeReply", &json!({ "errcode": 0, "errmsg": "ok", "probe": "0f".repeat(16) }))
}

/// `GET /api/v1/probe`
pub fn seen_probe() -> Operation {
    let seen = json!({ "client": "203.0.113.7", "forwarded_for": "203.0.113.7", "query": "a=b+c" });
    Operation::new(
        "seenProbe",
        "operation",
        "探测请求到达时的样子",
        "What arrived of the last probe, as the proxies left it.",
    )
    .api_token("admin")
    .answers("What arrived, or null", "SeenReply", &json!({ "errcode": 0, "errmsg": "ok", "seen": seen }))
}

/// `GET /readyz`
pub fn readyz() -> Operation {
    let ready = json!({ "status": "ready", "store": { "status": "ok", "schema_version": 1 }, "wechat": "reachable" });
    let not_ready = json!({ "status": "not_ready", "store": { "status": "the disk is full" }, "wechat": "unknown" });
    Operation::new(
        "readiness",
        "operation",
        "就绪检查",
        "Whether the database is open, migrated and writable. That WeChat is away is said in the body alone.",
    )
    .answers("Ready", "Ready", &ready)
    .responds(StatusCode::SERVICE_UNAVAILABLE, "Not ready", "NotReady", &not_ready)
}

/// `GET /openapi.json`
pub fn openapi() -> Operation {
    let example = json!({ "openapi": "3.1.0", "info": { "title": "wxgate", "version": "0.1.0" }, "paths": {} });
    Operation::new("openapi", "operation", "本文档", "This document.").answers("This document", "OpenApi", &example)
}

/// `GET /docs`
pub fn docs() -> Operation {
    Operation::new(
        "docs",
        "operation",
        "在线文档",
        "A page that shows this document. It loads nothing from other hosts.",
    )
    .answers_bytes("The page", "text/html; charset=utf-8", &[POLICY])
}

/// `GET /docs/rapidoc.js`
pub fn viewer() -> Operation {
    Operation::new(
        "docsViewer",
        "operation",
        "在线文档的脚本",
        "What the page of /docs is drawn with, always compressed.",
    )
    .answers_bytes("RapiDoc", "text/javascript; charset=utf-8", &[POLICY, ("Content-Encoding", "Gzip")])
}

const POLICY: (&str, &str) = ("Content-Security-Policy", "Policy");

/// Headers that only these have.
pub fn headers() -> Map<String, Value> {
    map(json!({
        "Policy": { "description": "What the page may load", "required": true, "schema": { "type": "string" } },
        "Gzip": { "description": "How it is compressed", "required": true, "schema": only("gzip") },
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let token =
        |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": 4096, "description": description });
    let wechat = || word(&["reachable", "unreachable", "unknown"], "How WeChat answered the last call");
    let readiness = |status: &str, store: Value| {
        object(json!({ "status": only(status), "store": store, "wechat": wechat() }), json!({}))
    };
    let active = object(
        json!({
            "active": { "type": "boolean", "enum": [true] },
            "sub": { "type": "string", "format": "uuid", "description": "The member's id" },
            "client_id": text("The appid"), "openid": text("WeChat's name of the person there"),
            "unionid": text_or_null("WeChat's name of the person across the team's apps"),
            "iat": instant("The login"), "exp": instant("The end if it is not used"), "sid": text("The session's id"),
        }),
        json!({}),
    );
    map(json!({
        "IntrospectRequest": request(
            json!({ "token": token("The skey"), "token_type_hint": token("Looked at by nobody") }),
            json!({ "required": ["token"] }),
        ),
        "IntrospectReply": { "oneOf": [active, {
            "type": "object", "properties": { "active": { "type": "boolean", "enum": [false] } },
            "required": ["active"], "maxProperties": 1,
        }] },
        "ProbeReply": envelope(json!({
            "probe": { "type": "string", "pattern": "^[0-9a-f]{32}$", "description": "For /healthz?probe=…" },
        })),
        "SeenReply": envelope(json!({ "seen": { "oneOf": [{ "type": "null" }, object(
            json!({
                "client": text_or_null("Whose request it is taken for"),
                "forwarded_for": text_or_null("X-Forwarded-For as it came"),
                "query": text("The query as it came, without the probe"),
            }),
            json!({}),
        )] } })),
        "Health": object(json!({ "status": only("ok") }), json!({})),
        "Ready": readiness("ready", object(
            json!({ "status": only("ok"), "schema_version": integer("The newest migration") }),
            json!({}),
        )),
        "NotReady": readiness("not_ready", object(json!({ "status": text("What is wrong") }), json!({}))),
        "OpenApi": object(
            json!({
                "openapi": text("The version of OpenAPI"),
                "info": { "type": "object" },
                "paths": { "type": "object" },
            }),
            json!({
                "servers": { "type": "array" }, "tags": { "type": "array" }, "components": { "type": "object" },
            }),
        ),
    }))
}
