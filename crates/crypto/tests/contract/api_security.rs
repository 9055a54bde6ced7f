//! WeChat's own samples of API security, and what may not pass.

#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails its test")]

use serde_json::{Map, Value, json};
use wxgate_crypto::Error;
use wxgate_crypto::api_security::{About, Party, SigningKey, SymmetricKey, VerifyingKey};

const APP_KEY: &str = include_str!("../keys/app.pem");
const APP_PUBLIC: &str = include_str!("../keys/app-public.pem");

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/server-api-signature.json")).unwrap()
}

fn vector<'a>(vectors: &'a Value, id: &str) -> &'a Value {
    vectors["vectors"].as_array().unwrap().iter().find(|vector| vector["id"] == id).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The published symmetric key, with the keys of the other side that stand under these names.
fn party(vectors: &Value, others: Vec<VerifyingKey>) -> Party {
    let aes = &vectors["aes256_gcm"];
    Party {
        symmetric: SymmetricKey::parse(text(&aes["sn"]), text(&aes["key"])).unwrap(),
        own: SigningKey::parse("own", APP_KEY).unwrap(),
        others,
    }
}

fn application(vectors: &Value) -> VerifyingKey {
    VerifyingKey::parse(text(&vectors["rsa"]["sn"]), text(&vectors["rsa"]["sample_public_key_pem"])).unwrap()
}

fn platform(vectors: &Value) -> VerifyingKey {
    let platform = &vectors["platform_rsa"];
    VerifyingKey::parse(text(&platform["sn"]), text(&platform["certificate_pem"])).unwrap()
}

fn about<'a>(vectors: &'a Value, vector: &Value) -> About<'a> {
    let common = &vectors["common"];
    About { url: text(&common["url"]), appid: text(&common["appid"]), timestamp: vector["timestamp"].as_i64().unwrap() }
}

fn without_bindings(plaintext: &Value) -> Map<String, Value> {
    let mut fields: Map<String, Value> = serde_json::from_str(text(plaintext)).unwrap();
    fields.retain(|name, _| !name.starts_with('_'));
    fields
}

#[test]
fn the_official_request_and_answer_verify_and_decrypt() {
    let vectors = vectors();
    for (signed, sealed, key) in [
        ("rsa-request-signature", "aes-request", application(&vectors)),
        ("rsa-response-signature", "aes-response", platform(&vectors)),
    ] {
        let (signed, sealed) = (vector(&vectors, signed), vector(&vectors, sealed));
        let serial = if signed["key"] == "rsa" { &vectors["rsa"]["sn"] } else { &vectors["platform_rsa"]["sn"] };
        let (about, signature) = (about(&vectors, signed), text(&signed["signature"]));
        let party = party(&vectors, vec![key]);
        let open = |serial, body: &str, now| party.open(&about, &[(serial, signature)], body.as_bytes(), now);
        let body = text(&sealed["body"]);
        let expected = without_bindings(&sealed["plaintext"]);
        for offset in [-300, 0, 300] {
            assert_eq!(open(Some(text(serial)), body, about.timestamp + offset).unwrap(), expected);
        }
        assert_eq!(open(None, body, about.timestamp).unwrap(), expected);
        for offset in [-301, 301] {
            assert_eq!(open(None, body, about.timestamp + offset), Err(Error::ApiAge));
        }
        assert_eq!(open(Some("another serial"), body, about.timestamp), Err(Error::ApiSignature));
        assert_eq!(
            open(None, &body.replacen(r#""data":""#, r#""data":"A"#, 1), about.timestamp),
            Err(Error::ApiSignature)
        );
    }
}

#[test]
fn a_signature_over_five_lines_is_none() {
    let vectors = vectors();
    let request = vector(&vectors, "rsa-request-signature");
    let body = format!("{}\n{}", text(&vectors["rsa"]["sn"]), text(&request["body"]));
    let party = party(&vectors, vec![application(&vectors)]);
    let about = about(&vectors, request);
    let opened = party.open(&about, &[(None, text(&request["signature"]))], body.as_bytes(), about.timestamp);
    assert_eq!(opened, Err(Error::ApiSignature));
}

/// Somebody who talks to themselves: what is sealed opens again.
fn mirror() -> Party {
    let vectors = vectors();
    party(&vectors, vec![application(&vectors), VerifyingKey::parse("own", APP_PUBLIC).unwrap()])
}

const HERE: About<'static> = About { url: "https://api.weixin.qq.com/wxa/x", appid: "wx1", timestamp: 1_700_000_000 };

#[test]
fn what_is_sealed_opens_in_its_own_place_alone() {
    let party = mirror();
    let fields = Map::from_iter([("openid".to_owned(), json!("o1")), ("scene".to_owned(), json!(0))]);
    let sealed = party.seal(&HERE, fields.clone());
    let open = |about: &About<'_>| {
        party.open(about, &[(Some("own"), &sealed.signature)], sealed.body.as_bytes(), HERE.timestamp)
    };
    assert_eq!(open(&HERE).unwrap(), fields);
    assert!(!sealed.body.contains("openid"));
    for elsewhere in [
        About { url: "https://api.weixin.qq.com/wxa/y", ..HERE },
        About { appid: "wx2", ..HERE },
        About { timestamp: HERE.timestamp + 1, ..HERE },
    ] {
        assert_eq!(open(&elsewhere), Err(Error::ApiSignature), "{elsewhere:?}");
    }
    assert_ne!(party.seal(&HERE, fields.clone()).body, party.seal(&HERE, fields).body);
}

#[test]
fn a_signed_message_of_another_key_or_place_does_not_decrypt() {
    let party = mirror();
    let stranger = Party {
        symmetric: SymmetricKey::parse("sn", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap(),
        ..mirror()
    };
    let sealed = stranger.seal(&HERE, Map::new());
    let opened = party.open(&HERE, &[(Some("own"), &sealed.signature)], sealed.body.as_bytes(), HERE.timestamp);
    assert_eq!(opened, Err(Error::ApiMessage));
}

#[test]
fn keys_of_another_kind_are_refused_and_not_shown() {
    for key in ["", "AAAA", "no base64"] {
        assert!(SymmetricKey::parse("sn", key).is_err(), "{key}");
    }
    for pem in ["", APP_PUBLIC, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        assert!(SigningKey::parse("sn", pem).is_err());
    }
    assert!(VerifyingKey::parse("sn", APP_KEY).is_err());
    assert!(VerifyingKey::parse("sn", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").is_err());
    assert!(!format!("{:?}", mirror().own).contains("own"));
}
