//! The pictures that members upload.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, map, only, request, text};

/// What a picture is sent with.
const HEADERS: [(&str, &str); 5] = [
    ("Cache-Control", "Immutable"),
    ("Content-Disposition", "Inline"),
    ("Content-Security-Policy", "Sandboxed"),
    ("Cross-Origin-Resource-Policy", "CrossOrigin"),
    ("ETag", "AvatarTag"),
];

/// `POST /v1/me/avatar`
pub fn upload() -> Operation {
    let example = json!({
        "errcode": 0, "errmsg": "ok", "avatarUrl": "https://api.example.com/v1/avatars/0123456789abcdef0123456789abcdef",
    });
    Operation::new(
        "uploadAvatar",
        "member",
        "上传头像（wx.uploadFile，字段 avatar）",
        "Keeps the picture of open-type=chooseAvatar: PNG, JPEG or WebP, told by its content, up to 1 MiB. It is drawn anew as \
         a JPEG of at most 256 pixels, so that nothing but pixels survives, and becomes the member's avatarUrl at once; the \
         one before is gone. Where the app lets WeChat judge pictures, none is kept that it will not, and one that it finds \
         risky goes within half an hour.",
    )
    .skey()
    .takes_files("AvatarRequest")
    .answers("Kept", "AvatarReply", &example)
    .refuses(&["login_too_old", "too_many_requests"])
    .writes()
    .asks_wechat()
}

/// `GET /v1/avatars/{id}`
pub fn show() -> Operation {
    Operation::new(
        "avatar",
        "member",
        "头像",
        "An uploaded picture. Its id cannot be guessed and changes with the picture.",
    )
    .parameter("AvatarId")
    .answers_bytes("The picture", "image/jpeg", &HEADERS)
    .answers_empty(StatusCode::NOT_MODIFIED, "The one that `If-None-Match` names", &HEADERS)
    .refuses(&["not_found", "storage_full", "internal"])
}

/// What stands in the paths of these operations.
pub fn parameters() -> Map<String, Value> {
    map(json!({
        "AvatarId": {
            "name": "id", "in": "path", "required": true, "description": "As it stands in `avatarUrl`",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" }, "example": "0123456789abcdef0123456789abcdef",
        },
    }))
}

/// The headers that pictures alone have.
pub fn headers() -> Map<String, Value> {
    let header =
        |description: &str, schema: Value| json!({ "description": description, "required": true, "schema": schema });
    map(json!({
        "Immutable": header("It never changes", only("public, max-age=31536000, immutable")),
        "Inline": header("To be shown", only("inline")),
        "Sandboxed": header("It does nothing", only("default-src 'none'; sandbox")),
        "CrossOrigin": header("It may be shown anywhere", only("cross-origin")),
        "AvatarTag": header("The id, quoted", json!({ "type": "string" })),
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let file =
        json!({ "type": "string", "contentMediaType": "application/octet-stream", "description": "The picture" });
    map(json!({
        "AvatarRequest": request(json!({ "avatar": file }), json!({ "required": ["avatar"] })),
        "AvatarReply": envelope(json!({
            "avatarUrl": text("Where it is; a path of the public listener where the server has no public_url"),
        })),
    }))
}
