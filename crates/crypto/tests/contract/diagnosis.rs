//! Every cause is found from what an operator can paste, and says what to do.

use crate::{APPID, IV, NOW, PHONE, key, sealed};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::collections::HashSet;
use wxgate_crypto::diagnosis::{self, Cause, Diagnosis, Field, Question};
use wxgate_crypto::payload::{Encrypted, Kind, seal};
use wxgate_crypto::{Repair, SessionKey};

fn ask(keys: &[SessionKey], encrypted_data: &str, iv: &str) -> Diagnosis {
    let question = Question { session_keys: keys, encrypted_data, iv, appid: Some(APPID), now: Some(NOW) };
    diagnosis::diagnose_as(&question, Kind::Phone)
}

fn cause_of(encrypted: &Encrypted) -> Cause {
    ask(&[key()], encrypted.encrypted_data(), &encrypted.iv_text()).cause
}

fn cause_of_text(text: &str) -> Cause {
    cause_of(&sealed(text))
}

#[test]
fn a_good_payload_opens_and_tells_all() {
    let encrypted = sealed(PHONE);
    let diagnosis = ask(&[key()], encrypted.encrypted_data(), &encrypted.iv_text());
    assert_eq!((&diagnosis.cause, diagnosis.key_index, diagnosis.kind), (&Cause::Opens, Some(0), Some(Kind::Phone)));
    assert_eq!((diagnosis.repairs.len(), diagnosis.plaintext.as_deref().map(String::as_str)), (0, Some(PHONE)));
    assert_eq!(diagnosis.watermark.as_ref().unwrap().appid, APPID);
    assert!(!format!("{diagnosis:?}").contains("138"));
}

#[test]
fn damage_of_transport_is_named() {
    // Characters that every damage touches.
    let encrypted = (0..1_000_u128)
        .map(|n| seal(PHONE.as_bytes(), &key(), n.to_be_bytes()))
        .find(|encrypted| encrypted.encrypted_data().contains('+') && encrypted.encrypted_data().contains('/'))
        .unwrap();
    let (data, iv) = (encrypted.encrypted_data(), encrypted.iv_text());
    for (damaged, repair) in [
        (data.replace('+', " "), Repair::SpaceForPlus),
        (data.replace('+', "-").replace('/', "_"), Repair::UrlSafeAlphabet),
        (data.replace('+', "%2B").replace('=', "%3D"), Repair::PercentEncoded),
        (format!("{}\n{}", &data[..76], &data[76..]), Repair::LineBreaks),
    ] {
        let diagnosis = ask(&[key()], &damaged, &iv);
        assert_eq!((diagnosis.cause, diagnosis.repairs), (Cause::Repaired(repair), vec![repair]));
    }
    assert_eq!(ask(&[key()], data, iv.trim_end_matches('=')).cause, Cause::Repaired(Repair::MissingPadding));
    let twice = data.replace('+', "%252B");
    assert_eq!(ask(&[key()], &twice, &iv).cause, Cause::EncodedTwice(Field::EncryptedData));
}

#[test]
fn text_cut_out_of_json_is_named() {
    let encrypted = sealed(PHONE);
    let (data, iv) = (encrypted.encrypted_data(), encrypted.iv_text());
    assert_eq!(ask(&[key()], data, &iv.replace('=', "\\u003d")).cause, Cause::Escaped(Field::Iv));
    assert_eq!(ask(&[key()], &format!("\"{data}\""), &iv).cause, Cause::Escaped(Field::EncryptedData));
    let slashed = "r7BXXKkLb8qr\\/Nn05n0qiA==";
    assert_eq!(ask(&[key()], data, slashed).cause, Cause::Escaped(Field::Iv));
    assert_eq!(diagnosis::session_key("ABEiM0RVZneImaq7zN3u\\/w==").unwrap_err(), Cause::Escaped(Field::SessionKey));
}

#[test]
fn a_text_of_the_wrong_shape_is_named() {
    let encrypted = sealed(PHONE);
    let (data, iv) = (encrypted.encrypted_data(), encrypted.iv_text());
    for nothing in ["", " ", "undefined", "null"] {
        assert_eq!(ask(&[key()], nothing, &iv).cause, Cause::Absent(Field::EncryptedData));
        assert_eq!(ask(&[key()], data, nothing).cause, Cause::Absent(Field::Iv));
        assert_eq!(diagnosis::session_key(nothing).unwrap_err(), Cause::Absent(Field::SessionKey));
    }
    assert_eq!(ask(&[key()], "***", &iv).cause, Cause::NotBase64(Field::EncryptedData));
    assert_eq!(ask(&[key()], &data[..100], &iv).cause, Cause::Length { field: Field::EncryptedData, bytes: 75 });
    assert_eq!(ask(&[key()], data, "Dw4NDAsKCQgHBgUEAwIB").cause, Cause::Length { field: Field::Iv, bytes: 15 });
    assert_eq!(ask(&[key()], &iv, data).cause, Cause::IvAndDataSwapped);
}

#[test]
fn a_session_key_that_was_changed_is_named() {
    assert!(diagnosis::session_key(key().expose()).is_ok());
    for (text, cause) in [
        ("ABEiM0RVZneImaq7zN3u", Cause::Length { field: Field::SessionKey, bytes: 15 }),
        ("ABEiM0RVZneImaq7zN3u/w", Cause::SessionKeyDamaged(Repair::MissingPadding)),
        ("ABEiM0RVZneImaq7zN3u_w==", Cause::SessionKeyDamaged(Repair::UrlSafeAlphabet)),
        ("ABEiM0RVZneImaq7zN3u%2Fw%3D%3D", Cause::SessionKeyDamaged(Repair::PercentEncoded)),
        ("ABEiM0RVZneImaq7zN3u%252Fw==", Cause::EncodedTwice(Field::SessionKey)),
        ("not a key!", Cause::NotBase64(Field::SessionKey)),
    ] {
        assert_eq!(diagnosis::session_key(text).unwrap_err(), cause, "{text}");
    }
}

#[test]
fn keys_that_do_not_fit_are_told_from_those_that_did_once() {
    let encrypted = sealed(PHONE);
    let (data, iv) = (encrypted.encrypted_data(), encrypted.iv_text());
    let other = SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap();
    assert_eq!(ask(&[], data, &iv).cause, Cause::NoSessionKey);
    assert_eq!(ask(std::slice::from_ref(&other), data, &iv).cause, Cause::StaleSessionKey);
    let diagnosis = ask(&[other, key()], data, &iv);
    assert_eq!((diagnosis.cause, diagnosis.key_index), (Cause::OlderSessionKey, Some(1)));
}

#[test]
fn a_wrong_iv_is_told_from_a_wrong_key() {
    let encrypted = sealed(PHONE);
    let other = seal(b"", &key(), *b"of another call.").iv_text();
    assert_eq!(ask(&[key()], encrypted.encrypted_data(), &other).cause, Cause::WrongIv);

    let swapped = SessionKey::parse(&encrypted.iv_text()).unwrap();
    let diagnosis = ask(&[swapped], encrypted.encrypted_data(), key().expose());
    assert_eq!(diagnosis.cause, Cause::IvAndKeySwapped);
    assert_eq!(diagnosis.plaintext.unwrap().as_str(), PHONE);
}

#[test]
fn what_was_cut_at_a_block_or_altered_inside_is_told_from_a_wrong_key() {
    let encrypted = sealed(PHONE);
    let iv = encrypted.iv_text();
    // 96 bytes: six blocks of the ten.
    assert_eq!(ask(&[key()], &encrypted.encrypted_data()[..128], &iv).cause, Cause::CutOrAltered);
    let altered = encrypted.encrypted_data().replacen(&encrypted.encrypted_data()[40..44], "AAAA", 1);
    assert_eq!(ask(&[key()], &altered, &iv).cause, Cause::CutOrAltered);
}

#[test]
fn padding_to_32_is_named() {
    // Spaces fill the text up to a length that takes 31 bytes of padding.
    let text = format!("{PHONE}{}", " ".repeat((33 - PHONE.len() % 32) % 32));
    let plaintext = [text.as_bytes(), &[31; 31]].concat();
    // Sealed with padding of its own, a whole block, which is taken off again.
    let encrypted = seal(&plaintext, &key(), IV);
    let data = base64(&encrypted.ciphertext()[..plaintext.len()]);
    assert_eq!(ask(&[key()], &data, &encrypted.iv_text()).cause, Cause::PaddedTo32);
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[test]
fn content_that_is_not_what_it_should_be_is_named() {
    assert_eq!(cause_of_text("hello"), Cause::NotJson);
    assert_eq!(cause_of_text(r#"{"activityId":"1"}"#), Cause::UnknownContent);
    assert_eq!(cause_of_text(&PHONE.replace("\"86\"", "86")), Cause::Schema { kind: Kind::Phone });
    let profile = r#"{"nickName":"","watermark":{"timestamp":1700000000,"appid":"wx0123456789abcdef"}}"#;
    assert_eq!(cause_of_text(profile), Cause::OtherKind { wanted: Kind::Phone, found: Kind::UserInfo });
    let other = PHONE.replace(APPID, "wxffffffffffffffff");
    assert_eq!(cause_of_text(&other), Cause::OtherApp { appid: "wxffffffffffffffff".into() });
    assert_eq!(cause_of_text(&PHONE.replace("1700000000", "1699999699")), Cause::TooOld { seconds: 301 });
    assert_eq!(cause_of_text(&PHONE.replace("1700000000", "1700000061")), Cause::FromTheFuture { seconds: 61 });
}

#[test]
fn without_a_wanted_kind_an_appid_or_a_time_none_is_missed() {
    let encrypted = sealed(r#"{"nickName":"","watermark":{"timestamp":0,"appid":"wxffffffffffffffff"}}"#);
    let question = Question {
        session_keys: &[key()],
        encrypted_data: encrypted.encrypted_data(),
        iv: &encrypted.iv_text(),
        appid: None,
        now: None,
    };
    assert_eq!(diagnosis::diagnose(&question).cause, Cause::Opens);
}

#[test]
fn every_cause_has_a_word_a_sentence_and_a_cure_in_both_languages() {
    let mut causes = vec![
        Cause::Opens,
        Cause::OlderSessionKey,
        Cause::StaleSessionKey,
        Cause::NoSessionKey,
        Cause::IvAndDataSwapped,
        Cause::IvAndKeySwapped,
        Cause::WrongIv,
        Cause::CutOrAltered,
        Cause::PaddedTo32,
        Cause::NotJson,
        Cause::UnknownContent,
        Cause::Schema { kind: Kind::Phone },
        Cause::OtherKind { wanted: Kind::Phone, found: Kind::UserInfo },
        Cause::OtherApp { appid: "wx1".into() },
        Cause::TooOld { seconds: 301 },
        Cause::FromTheFuture { seconds: 61 },
    ];
    for field in [Field::SessionKey, Field::EncryptedData, Field::Iv] {
        causes.extend([
            Cause::Absent(field),
            Cause::Escaped(field),
            Cause::EncodedTwice(field),
            Cause::NotBase64(field),
        ]);
        causes.push(Cause::Length { field, bytes: 15 });
    }
    let repairs = [
        Repair::PercentEncoded,
        Repair::LineBreaks,
        Repair::SpaceForPlus,
        Repair::UrlSafeAlphabet,
        Repair::MissingPadding,
    ];
    causes.extend(repairs.into_iter().flat_map(|repair| [Cause::Repaired(repair), Cause::SessionKeyDamaged(repair)]));

    let sentences: HashSet<_> = causes.iter().map(|cause| cause.sentence(false)).collect();
    assert_eq!(sentences.len(), causes.len());
    assert_eq!(causes.iter().map(Cause::code).collect::<HashSet<_>>().len(), 23);
    for cause in &causes {
        let kept = serde_json::to_string(cause).unwrap();
        assert_eq!(serde_json::from_str::<Cause>(&kept).unwrap(), *cause, "{kept}");
        for text in [cause.sentence(false), cause.cure(false)] {
            assert!(text.is_ascii() && text.ends_with('.') && !text.contains(". ") && !text.contains("  "), "{text}");
        }
        for text in [cause.sentence(true), cause.cure(true)] {
            assert!(text.ends_with('。') && text.matches('。').count() == 1 && !text.contains("  "), "{text}");
        }
    }
}
