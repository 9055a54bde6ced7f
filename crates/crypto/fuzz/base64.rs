use base64::{Engine, prelude::BASE64_STANDARD};
use wxgate_crypto::payload::Encrypted;
use wxgate_crypto::{Error, SessionKey, transport::repair_base64};
use wxgate_fuzz::Target;

const IV: &str = "AAECAwQFBgcICQoLDA0ODw==";
/// What transport does to a text.
const WORDS: &[&str] = &["%2B", "%2F", "%3D", "%25", "%", "\r\n", "\n", " ", "+", "-", "_", "/", "=", "==", "AAAA"];

fn target<'a>(outcomes: &'a [&'a str]) -> Target<'a> {
    Target { corpus: concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/base64"), words: WORDS, inputs: 150_000, outcomes }
}

#[test]
fn a_repaired_text_is_canonical_and_needs_no_more_repairs() {
    target(&["whole", "repaired", "refused"]).run(|input| {
        let Ok(text) = str::from_utf8(input) else { return "refused" };
        let Ok((repaired, bytes, repairs)) = repair_base64(text) else { return "refused" };
        assert_eq!(BASE64_STANDARD.encode(&bytes), repaired);
        assert!(repairs.iter().zip(&repairs[1.min(repairs.len())..]).all(|(one, next)| *one as u8 <= *next as u8));
        assert_eq!(repairs.is_empty(), repaired == text);
        assert_eq!(repair_base64(&repaired), Ok((repaired, bytes, Vec::new())));
        if repairs.is_empty() { "whole" } else { "repaired" }
    });
}

#[test]
fn a_payload_that_has_its_shape_keeps_it() {
    target(&["payload", "refused"]).run(|input| {
        let Ok(text) = str::from_utf8(input) else { return "refused" };
        let encrypted = match Encrypted::parse(text, IV) {
            Err(Error::EncryptedData(_)) => return "refused",
            parsed => parsed.expect("an iv that has its shape"),
        };
        assert!(!encrypted.ciphertext().is_empty() && encrypted.ciphertext().len().is_multiple_of(16));
        let again = Encrypted::parse(encrypted.encrypted_data(), &encrypted.iv_text()).expect("what it prints itself");
        assert_eq!((again.ciphertext(), again.repairs()), (encrypted.ciphertext(), &[][..]));
        "payload"
    });
}

#[test]
fn a_session_key_is_what_it_prints_and_nothing_else() {
    target(&["key", "refused"]).run(|input| {
        let Ok(text) = str::from_utf8(input) else { return "refused" };
        let Ok(key) = SessionKey::parse(text) else { return "refused" };
        assert_eq!((key.expose(), text.len()), (text, 24));
        assert!(!format!("{key:?}").contains(text));
        "key"
    });
}
