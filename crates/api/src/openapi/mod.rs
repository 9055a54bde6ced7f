//! The OpenAPI document, made of the listeners' own lists: an endpoint cannot be served without being in it. Written as
//! JSON in code, because that reads as what it is, and because a file would repeat each refusal two hundred times.

pub mod apps;
pub mod avatar;
pub mod jwt;
pub mod login;
pub mod member;
pub mod members;
mod operation;
pub mod push;
mod record;
mod refusals;
pub mod services;
mod shapes;
pub mod statistics;
pub mod tokens;
pub mod transfer;
pub mod webhooks;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

pub use self::operation::Operation;
use self::shapes::{envelope, instant, map, object, only, text, text_or_null};
use crate::routes::{Endpoint, INTERNAL, PUBLIC};

/// Where the listeners stand unless the configuration says otherwise.
const PUBLIC_URL: &str = "http://127.0.0.1:8520";
const INTERNAL_URL: &str = "http://127.0.0.1:8521";

const ABOUT: &str = "Login server for WeChat Mini Programs 微信小程序登录服务.\n\n\
    The status and `errcode` of an answer are both always right. `error` is the word that programs match on. Unknown and \
    repeated keys of a request are refused by name; bodies have at most 16 KiB (a picture 1 MiB, an import 4 MiB) and are not compressed. A path that is not \
    here is 404 `not_found`, another method of one that is here 405 `method_not_allowed` with `Allow`, both in the shape of \
    every failure. What is no HTTP request is answered 400 or 431 without a body, and the connection ends.";

/// The document as `GET /openapi.json` serves it: one JSON object in UTF-8.
pub fn openapi() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    &TEXT
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wxgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [public_server()],
        "tags": [
            { "name": "login", "description": "登录 Logging in" },
            { "name": "session", "description": "会话 Sessions" },
            { "name": "phone", "description": "手机号 The phone number" },
            { "name": "member", "description": "个人资料 Profile and personal data" },
            { "name": "push", "description": "消息推送 What WeChat calls" },
            { "name": "apps", "description": "小程序与微信接口 The apps and WeChat's interfaces. Internal listener" },
            { "name": "services", "description": "内部服务 Who is this request from? Internal listener" },
            { "name": "members", "description": "用户管理 Members, for the team. Internal listener" },
            { "name": "administration", "description": "令牌与审计 API tokens and the audit. Internal listener" },
            { "name": "webhooks", "description": "事件通知 Who is told of what happens. Internal listener" },
            { "name": "statistics", "description": "统计与失败记录 Numbers for charts, and what failed. Internal listener" },
            { "name": "operation", "description": "运维 Running the server" },
        ],
        "paths": paths(),
        "components": {
            "securitySchemes": security_schemes(),
            "parameters": parameters(),
            "headers": headers(),
            "schemas": schemas(),
            "examples": refusals::examples(),
        },
    })
}

fn public_server() -> Value {
    json!({ "url": PUBLIC_URL, "description": "The public listener, through your reverse proxy 对外监听" })
}

fn internal_server() -> Value {
    json!({ "url": INTERNAL_URL, "description": "The internal listener, never on the internet 内部监听" })
}

fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for endpoint in PUBLIC {
        add(&mut paths, endpoint, (endpoint.describe)().refuses(&["bad_request", "too_many_requests"]));
    }
    for endpoint in INTERNAL {
        let shared = PUBLIC.iter().any(|public| public.path == endpoint.path);
        // Forward-auth is asked about other people's URLs and looks at the header alone; elsewhere an skey in one is refused.
        let refused: &[_] = if endpoint.path.starts_with("/forward-auth") { &[] } else { &["bad_request"] };
        if !shared {
            add(&mut paths, endpoint, (endpoint.describe)().refuses(refused));
        }
        let servers = if shared { json!([public_server(), internal_server()]) } else { json!([internal_server()]) };
        paths[endpoint.path]["servers"] = servers;
    }
    paths
}

fn add(paths: &mut Map<String, Value>, endpoint: &Endpoint, operation: Operation) {
    let item = paths.entry(endpoint.path).or_insert_with(|| json!({}));
    item[endpoint.method.as_str().to_ascii_lowercase()] = operation.into_json();
}

fn security_schemes() -> Value {
    let bearer = |format: &str, description: &str| json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": description });
    json!({
        "skey": bearer("wxg_…", "The secret of a member's session, from POST /v1/login 会话密钥"),
        "apiToken": bearer("wxa_…", "Made by `wxgate token create`, for the scopes it names 内部接口令牌"),
    })
}

fn parameters() -> Map<String, Value> {
    let mut parameters = map(json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Within 60 seconds the same key with the same body gets the same answer again 幂等键",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" },
        },
        "SessionId": {
            "name": "id", "in": "path", "required": true, "description": "As GET /v1/sessions lists it",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{16}$" }, "example": "0001a2b3c4d5e6f7",
        },
    }));
    parameters.extend(members::parameters());
    parameters.extend(tokens::parameters());
    parameters.extend(transfer::parameters());
    parameters.extend(push::parameters());
    parameters.extend(apps::parameters());
    parameters.extend(avatar::parameters());
    parameters.extend(webhooks::parameters());
    parameters.extend(statistics::parameters());
    parameters
}

fn headers() -> Map<String, Value> {
    let header =
        |description: &str, schema: Value| json!({ "description": description, "required": true, "schema": schema });
    let mut headers = map(json!({
        "X-Request-Id": header("Finds the request in the log", json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" })),
        "X-Content-Type-Options": header("The type is as it says", only("nosniff")),
        "Cache-Control": header("No answer is to be kept", only("no-store")),
        "WWW-Authenticate": header("RFC 6750", only("Bearer error=\"invalid_token\"")),
        "Retry-After": header("Whole seconds to wait", json!({ "type": "integer", "minimum": 1 })),
    }));
    headers.extend(avatar::headers());
    headers.extend(jwt::headers());
    headers.extend(services::headers());
    for (name, description) in services::IDENTITY {
        headers.insert(name.to_owned(), header(description, json!({ "type": "string" })));
    }
    headers
}

fn schemas() -> Map<String, Value> {
    let member = object(
        json!({
            "id": { "type": "string", "format": "uuid", "description": "Ours, safe to show" },
            "nickName": text_or_null("As the member chose it"),
            "avatarUrl": text_or_null("An uploaded picture's, a path where the server has no public_url, or one on a host that the server allows"),
            "phone": text_or_null("Masked unless the server says otherwise"),
            "created_at": instant("The first login"),
            "attributes": { "type": "object", "description": "The team's own" },
        }),
        json!({
            "openid": text("Only if the server exposes it"),
            "unionid": text("Only if the server exposes it"),
        }),
    );
    let mut schemas = map(json!({
        "Member": member,
        "Done": envelope(json!({})),
        "Nothing": { "type": "object", "maxProperties": 0, "description": "An empty object; no body will do" },
        "Refusal": refusals::schema(),
    }));
    schemas.extend(apps::schemas());
    schemas.extend(avatar::schemas());
    schemas.extend(jwt::schemas());
    schemas.extend(login::schemas());
    schemas.extend(member::schemas());
    schemas.extend(members::schemas());
    schemas.extend(push::schemas());
    schemas.extend(services::schemas());
    schemas.extend(tokens::schemas());
    schemas.extend(transfer::schemas());
    schemas.extend(webhooks::schemas());
    schemas.extend(statistics::schemas());
    schemas
}

fn example_member() -> Value {
    json!({
        "id": "01980c2e-7c1e-7000-8000-000000000000", "nickName": "小明", "avatarUrl": null, "phone": "138****0000",
        "created_at": 1_795_000_000, "attributes": {},
    })
}

fn example_done() -> Value {
    json!({ "errcode": 0, "errmsg": "ok" })
}
