//! Statements that services verify offline.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shapes::{envelope, instant, integer, list, map, object, only, request, text};

/// `POST /v1/jwt`
pub fn statement() -> Operation {
    let example = json!({
        "errcode": 0, "errmsg": "ok", "jwt": "eyJhbGciOiJFZERTQSIs…", "expires_in": 300, "expires_at": 1_795_000_300,
    });
    Operation::new(
        "statement",
        "session",
        "签发 JWT：供自己的服务离线验证会话",
        "A signed statement of the session for one of your services, which verifies it with the keys of \
         /.well-known/jwks.json and asks nobody. A JSON Web Token (EdDSA, Ed25519) with iss, sub (the member's id), aud, \
         client_id (the appid), sid, iat, exp and jti; openid and unionid if the server exposes them. It holds for 5 minutes \
         unless the server says otherwise, never beyond the session's end, and cannot be taken back: what must not outlive \
         a logout asks the server. 404 unless jwt.enabled.",
    )
    .skey()
    .may_take_json("JwtRequest", &json!({ "aud": "https://shop.example.com" }))
    .answers("The statement", "JwtReply", &example)
    .refuses(&["not_found"])
    .writes()
}

/// `GET /.well-known/jwks.json`
pub fn keys() -> Operation {
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    Operation::new(
        "statementKeys",
        "services",
        "验证 JWT 的公钥（JWKS）",
        "All keys that a statement in force may be signed with, and the next one, a day before it signs (RFC 7517). \
         404 unless jwt.enabled.",
    )
    .answers_with("The keys", "Jwks", &json!({ "keys": [key] }), &[("Cache-Control", "Hourly")])
    .refuses(&["not_found"])
    .writes()
}

/// The header that the keys alone have.
pub fn headers() -> Map<String, Value> {
    map(json!({
        "Hourly": { "description": "To be kept for an hour", "required": true, "schema": only("public, max-age=3600") },
    }))
}

/// What these operations send and answer.
pub fn schemas() -> Map<String, Value> {
    let aud = json!({
        "type": "string", "minLength": 1, "maxLength": 256,
        "description": "The service it is for, one of the server's jwt.audiences; may be left out where there is one 受众",
    });
    let key = object(
        json!({
            "kty": only("OKP"), "crv": only("Ed25519"), "use": only("sig"), "alg": only("EdDSA"),
            "kid": text("The key's name in the header of a token: its thumbprint, RFC 7638"),
            "x": text("The public key, base64url of 32 bytes"),
        }),
        json!({}),
    );
    map(json!({
        "JwtRequest": request(json!({ "aud": aud }), json!({})),
        "JwtReply": envelope(json!({
            "jwt": text("The token, in the compact form of three parts"),
            "expires_in": integer("Seconds until it ends"),
            "expires_at": instant("When it ends"),
        })),
        "Jwks": object(json!({ "keys": list(&key) }), json!({})),
    }))
}
