//! Every published and made vector, walked to its expected end.

use serde_json::Value;
use wxgate_crypto::payload::{self, Encrypted, Expect, Kind, Phone, Stage, UserInfo};
use wxgate_crypto::{Error, Repair, SessionKey, Shape, diagnosis, signature};

fn vectors(json: &str, count: usize) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(json).expect("vectors are JSON");
    let vectors = std::mem::take(file["vectors"].as_array_mut().expect("a list of vectors"));
    assert_eq!(vectors.len(), count);
    vectors
}

fn payloads() -> Vec<Value> {
    vectors(include_str!("../vectors/user-data-decrypt.json"), 20)
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().expect(name)
}

/// The word that the vectors have for a failure before decryption.
fn shape_stage(error: &Error) -> &'static str {
    match error {
        Error::SessionKey(Shape::Length { .. }) => "key_length",
        Error::Iv(Shape::Length { .. }) => "iv_length",
        Error::EncryptedData(Shape::Length { .. }) => "ciphertext_length",
        _ => "base64",
    }
}

/// Opens a vector as a profile: `Err` with the stage at which it stopped.
fn walk(vector: &Value) -> Result<UserInfo, &'static str> {
    let key = SessionKey::parse(text(vector, "session_key")).map_err(|error| shape_stage(&error))?;
    let encrypted =
        Encrypted::parse(text(vector, "encrypted_data"), text(vector, "iv")).map_err(|error| shape_stage(&error))?;
    let appid = vector["expected_appid"].as_str().or(vector["appid"].as_str()).unwrap_or("");
    payload::open(&encrypted, &key, &Expect { appid, now: 1_700_000_000 }).map_err(|error| error.stage().as_str())
}

#[test]
fn every_good_payload_gives_its_plaintext_and_is_sealed_the_same() {
    for vector in payloads().iter().filter(|vector| vector["expect"] == "ok") {
        let key = SessionKey::parse(text(vector, "session_key")).unwrap();
        let encrypted = Encrypted::parse(text(vector, "encrypted_data"), text(vector, "iv")).unwrap();
        assert_eq!(encrypted.repairs(), []);
        let plaintext = payload::open_text(&encrypted, &key).unwrap();
        assert_eq!(plaintext.as_str(), text(vector, "plaintext"), "{}", vector["id"]);
        assert_eq!(
            encrypted.ciphertext().len() - plaintext.len(),
            usize::try_from(vector["pad_len"].as_u64().unwrap()).unwrap()
        );

        let iv: Vec<u8> = wxgate_crypto::transport::repair_base64(text(vector, "iv")).unwrap().1;
        let again = payload::seal(plaintext.as_bytes(), &key, iv.try_into().unwrap());
        assert_eq!(again, encrypted, "{}", vector["id"]);
        assert_eq!(again.iv_text(), text(vector, "iv"));
    }
}

#[test]
fn every_good_payload_is_of_its_kind() {
    let kinds: Vec<_> = payloads()
        .iter()
        .filter(|vector| vector["expect"] == "ok")
        .map(|vector| {
            let question = diagnosis::Question {
                session_keys: &[SessionKey::parse(text(vector, "session_key")).unwrap()],
                encrypted_data: text(vector, "encrypted_data"),
                iv: text(vector, "iv"),
                appid: vector["appid"].as_str(),
                now: None,
            };
            let diagnosis = diagnosis::diagnose(&question);
            assert_eq!(diagnosis.cause, diagnosis::Cause::Opens, "{}", vector["id"]);
            diagnosis.kind.unwrap()
        })
        .collect();
    let names: Vec<_> = kinds.iter().map(Kind::as_str).collect();
    assert_eq!(names, ["user_info", "phone", "phone", "user_info", "user_info", "werun", "share", "group"]);
}

#[test]
fn every_bad_payload_stops_at_its_stage() {
    for vector in payloads().iter().filter(|vector| vector["expect"] == "error" && vector["repairable"].is_null()) {
        assert_eq!(walk(vector).err(), vector["error_stage"].as_str(), "{}", vector["id"]);
    }
}

#[test]
fn every_repairable_payload_opens_and_says_what_was_repaired() {
    let good = payloads().into_iter().find(|vector| vector["id"] == "synth-userinfo-anonymous").unwrap();
    let repairs: Vec<_> = payloads()
        .iter()
        .filter(|vector| vector["repairable"] == true)
        .map(|vector| {
            assert_eq!(walk(vector), walk(&good), "{}", vector["id"]);
            let encrypted = Encrypted::parse(text(vector, "encrypted_data"), text(vector, "iv")).unwrap();
            assert_eq!(encrypted.encrypted_data(), text(&good, "encrypted_data"));
            encrypted.repairs().to_vec()
        })
        .collect();
    assert_eq!(repairs, [[Repair::SpaceForPlus], [Repair::UrlSafeAlphabet]]);
}

#[test]
fn the_published_phone_with_words_for_a_timestamp_decrypts_and_is_not_json() {
    let vector = payloads().into_iter().find(|vector| vector["id"] == "blog-phone-redacted").unwrap();
    let key = SessionKey::parse(text(&vector, "session_key")).unwrap();
    let encrypted = Encrypted::parse(text(&vector, "encrypted_data"), text(&vector, "iv")).unwrap();
    assert_eq!(payload::open_text(&encrypted, &key).unwrap().as_str(), text(&vector, "plaintext"));
    let error = payload::open::<Phone>(&encrypted, &key, &Expect { appid: "", now: 0 }).unwrap_err();
    assert_eq!(error.stage(), Stage::Json);
}

#[test]
fn every_raw_data_vector_holds() {
    for vector in vectors(include_str!("../vectors/rawdata-signature.json"), 3) {
        let key = SessionKey::parse(text(&vector, "session_key")).unwrap();
        let (raw_data, signature) = (text(&vector, "raw_data"), text(&vector, "signature"));
        let good = vector["expect"] == "ok";
        assert_eq!(signature::raw_data_matches(raw_data, &key, signature), good, "{}", vector["id"]);
        assert_eq!(signature::raw_data(raw_data, &key) == signature, good);
        assert!(payload::RawData::parse(raw_data).is_some());
        assert!(!signature::raw_data_matches(raw_data, &key, &signature[..39]), "a part is no signature");
        assert!(!signature::raw_data_matches(raw_data, &key, ""));
    }
}

#[test]
fn every_login_state_vector_holds() {
    for vector in vectors(include_str!("../vectors/session-signature.json"), 6) {
        // One official example is published without its key, and shows nothing but the format.
        let Some(key) = vector["session_key"].as_str() else { continue };
        let signature = signature::login_state(&SessionKey::parse(key).unwrap(), text(&vector, "message").as_bytes());
        assert_eq!(signature == text(&vector, "signature"), vector["expect"] == "ok", "{}", vector["id"]);
    }
}
