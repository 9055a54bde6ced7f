//! What an attacker can do to a payload without a MAC, and what comes of it (threat P6).

use crate::{APPID, IV, NOW, PHONE, key, sealed};
use std::collections::HashMap;
use wxgate_crypto::payload::{self, Encrypted, Expect, Phone, Stage, UserInfo, seal};

fn open(encrypted: &Encrypted) -> Result<Phone, Stage> {
    payload::open(encrypted, &key(), &Expect { appid: APPID, now: NOW }).map_err(|error| error.stage())
}

/// The payload with another IV: its first block becomes `block`.
fn with_first_block(text: &str, block: [u8; 16]) -> Encrypted {
    let plain = &text.as_bytes()[..16];
    let iv = std::array::from_fn(|index| IV[index] ^ plain[index] ^ block[index]);
    let iv_text = seal(b"", &key(), iv).iv_text();
    Encrypted::parse(sealed(text).encrypted_data(), &iv_text).expect("the shape is untouched")
}

/// All changes of one byte of the first block to another printable one.
fn changes(text: &str) -> impl Iterator<Item = Encrypted> {
    let first: [u8; 16] = *text.as_bytes().first_chunk().expect("16 bytes");
    (0..16).flat_map(move |index| {
        (b' '..=b'~').filter(move |byte| *byte != first[index]).map(move |byte| {
            let mut block = first;
            block[index] = byte;
            with_first_block(text, block)
        })
    })
}

#[test]
fn no_printable_change_of_the_first_block_is_accepted() {
    assert!(open(&sealed(PHONE)).is_ok());
    let mut stages = HashMap::new();
    for encrypted in changes(PHONE) {
        *stages.entry(open(&encrypted).unwrap_err().as_str()).or_insert(0) += 1;
    }
    assert_eq!(stages.values().sum::<u32>(), 1_504);
    // Most are sound JSON: it is the strict schema that stops them, not luck with the syntax.
    assert!(stages["schema"] > 900, "{stages:?}");
}

#[test]
fn no_change_of_the_first_block_is_accepted_when_the_keys_stand_in_another_order() {
    let foreign = r#"{"countryCode":"852","purePhoneNumber":"91234567","phoneNumber":"+85291234567","watermark":{"timestamp":1700000000,"appid":"wx0123456789abcdef"}}"#;
    assert!(open(&sealed(foreign)).is_ok());
    assert_eq!(changes(foreign).filter(|encrypted| open(encrypted).is_ok()).count(), 0);
}

#[test]
fn a_profile_shows_what_strictness_is_for() {
    // The same attack on a kind that is read leniently: the first letters of an openid are the client's to choose.
    let text = r#"{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"","watermark":{"timestamp":1700000000,"appid":"wx0123456789abcdef"}}"#;
    let forged = with_first_block(text, *br#"{"openId":"oAAAA"#);
    let user: UserInfo = payload::open(&forged, &key(), &Expect { appid: APPID, now: NOW }).unwrap();
    assert_eq!(user.open_id.unwrap(), "oAAAA0egBJY1zhBYw2KhdUfwVJJE");
}

#[test]
fn a_phone_number_has_exactly_its_keys_types_and_digits() {
    let watermark = r#""watermark":{"timestamp":1700000000,"appid":"wx0123456789abcdef"}"#;
    let number = r#""phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":"86""#;
    let refused = |text: &str| assert_eq!(open(&sealed(text)).unwrap_err(), Stage::Schema, "{text}");
    assert!(open(&sealed(&format!("{{{number},{watermark}}}"))).is_ok());

    refused(&format!("{{{number}}}"));
    for more in [number, watermark, r#""countryCode":"86""#, r#""phoneNumber":"13800138001""#, r#""new":1"#, r#""":"""#]
    {
        refused(&format!("{{{more},{number},{watermark}}}"));
        refused(&format!("{{{number},{watermark},{more}}}"));
    }
    for (from, to) in [
        (r#""countryCode":"86""#, r#""countryCode":86"#),
        (r#""countryCode":"86""#, r#""countryCode":null"#),
        (r#""countryCode":"86""#, r#""countryCode":"""#),
        (r#""countryCode":"86""#, r#""countryCode":"+86""#),
        (r#""countryCode":"86""#, r#""countryCode":"86861""#),
        (r#","countryCode":"86""#, ""),
        (r#""phoneNumber":"138"#, r#""phoneNumber":"139"#),
        (r#""phoneNumber":"138"#, r#""phoneNumber":"+86138"#),
        ("13800138000", "1380013800x"),
        ("13800138000", "138 0013 8000"),
        ("13800138000", "１３８００１３８０００"),
        ("13800138000", "138"),
        ("13800138000", "1380013800012345"),
        ("1700000000", "1700000000.0"),
        ("1700000000", "\"1700000000\""),
        ("1700000000", "99999999999999999999"),
        (r#""timestamp":"#, r#""timestamp":1700000000,"timestamp":"#),
        (r#""timestamp":"#, r#""more":1,"timestamp":"#),
        (r#"{"timestamp":1700000000,"appid":"wx0123456789abcdef"}"#, r#"[1700000000,"wx0123456789abcdef"]"#),
    ] {
        let text = PHONE.replace(from, to);
        assert_ne!(text, PHONE, "{from}");
        refused(&text);
    }
    let array = r#"["13800138000","13800138000","86",{"timestamp":1700000000,"appid":"wx0123456789abcdef"}]"#;
    assert_eq!(open(&sealed(array)).unwrap_err(), Stage::Json);
}

#[test]
fn a_foreign_number_has_its_country_code_in_front() {
    assert!(Phone::consistent("13800138000", "13800138000", "86"));
    assert!(Phone::consistent("+85291234567", "91234567", "852"));
    assert!(Phone::consistent("85291234567", "91234567", "852"));
    for (phone_number, pure, country_code) in [
        ("91234567", "91234567", "852"),
        ("++85291234567", "91234567", "852"),
        ("0085291234567", "91234567", "852"),
        ("+8613800138000", "13800138000", "86"),
        ("+85391234567", "91234567", "852"),
        ("123", "123", "86"),
        ("", "", ""),
    ] {
        assert!(!Phone::consistent(phone_number, pure, country_code), "{phone_number}");
    }
}

#[test]
fn all_failures_read_the_same() {
    let garbage = Encrypted::parse("AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA==").unwrap();
    let utf8 = seal(&[0xff], &key(), IV);
    let mut stages = Vec::new();
    for (encrypted, now) in [
        (garbage, NOW),
        (utf8, NOW),
        (sealed("{"), NOW),
        (sealed("{}"), NOW),
        (sealed(PHONE), NOW + 301),
        (sealed(PHONE), 0),
    ] {
        let error = payload::open::<Phone>(&encrypted, &key(), &Expect { appid: APPID, now }).unwrap_err();
        assert_eq!(error.to_string(), "the payload cannot be opened");
        stages.push(error.stage().as_str());
    }
    assert_eq!(stages, ["padding", "utf8", "json", "schema", "too_old", "from_the_future"]);
}
