//! What holds for every input.

use crate::{APPID, NOW, key};
use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::json;
use wxgate_crypto::diagnosis::{self, Question};
use wxgate_crypto::payload::{
    self, Content, Encrypted, Expect, Group, Phone, RawData, Share, Stage, UserInfo, WeRun, seal,
};
use wxgate_crypto::{Purpose, SessionKey, Skey, Vault, transport::repair_base64};

const EXPECT: Expect<'_> = Expect { appid: APPID, now: NOW };

fn round_trip<C: Content>(mut content: serde_json::Value, iv: [u8; 16]) -> C {
    content["watermark"] = json!({ "timestamp": NOW, "appid": APPID });
    let encrypted = seal(content.to_string().as_bytes(), &key(), iv);
    let received = Encrypted::parse(encrypted.encrypted_data(), &encrypted.iv_text()).expect("what was sealed");
    assert_eq!(received, encrypted);
    payload::open(&received, &key(), &EXPECT).expect("what was sealed")
}

proptest! {
    #[test]
    fn a_sealed_phone_opens(pure in "[0-9]{4,15}", country_code in "[0-9]{1,4}", plus: bool, iv: [u8; 16]) {
        let prefix = match country_code.as_str() {
            "86" => String::new(),
            code => format!("{}{code}", if plus { "+" } else { "" }),
        };
        let number = format!("{prefix}{pure}");
        let content = json!({ "phoneNumber": number, "purePhoneNumber": pure, "countryCode": country_code });
        let phone: Phone = round_trip(content, iv);
        prop_assert_eq!(&phone.phone_number, &number);
        prop_assert_eq!(&phone.pure_phone_number, &pure);
        prop_assert_eq!(&phone.country_code, &country_code);
    }

    #[test]
    fn a_sealed_profile_opens(name: String, open_id: Option<String>, gender: i64, iv: [u8; 16]) {
        let mut content = json!({ "nickName": name, "gender": gender });
        if let Some(open_id) = &open_id {
            content["openId"] = json!(open_id);
        }
        let user: UserInfo = round_trip(content, iv);
        prop_assert_eq!((user.nick_name, user.gender, user.open_id), (name, gender, open_id));
    }

    #[test]
    fn sealed_steps_open(steps in prop::collection::vec(any::<(i64, i64)>(), 0..31), iv: [u8; 16]) {
        let list: Vec<_> = steps.iter().map(|(timestamp, step)| json!({ "timestamp": timestamp, "step": step })).collect();
        let run: WeRun = round_trip(json!({ "stepInfoList": list }), iv);
        prop_assert_eq!(run.step_info_list.iter().map(|day| (day.timestamp, day.step)).collect::<Vec<_>>(), steps);
    }

    #[test]
    fn a_sealed_group_opens(id: String, chat_type: i64, iv: [u8; 16]) {
        prop_assert_eq!(round_trip::<Share>(json!({ "openGId": id }), iv).open_g_id, id.clone());
        let group: Group = round_trip(json!({ "opengid": id, "chat_type": chat_type }), iv);
        prop_assert_eq!((group.opengid, group.chat_type), (id, Some(chat_type)));
    }

    #[test]
    fn sealed_bytes_open_as_text_or_are_not_text(bytes: Vec<u8>, iv: [u8; 16]) {
        match (payload::open_text(&seal(&bytes, &key(), iv), &key()), String::from_utf8(bytes)) {
            (Ok(opened), Ok(text)) => prop_assert_eq!(&*opened, &text),
            (Err(error), Err(_)) => prop_assert_eq!(error.stage(), Stage::Utf8),
            (opened, _) => prop_assert!(false, "{}", opened.is_ok()),
        }
    }

    #[test]
    fn damaged_base64_comes_back_whole(bytes: Vec<u8>, damage: [bool; 5]) {
        let canonical = BASE64_STANDARD.encode(&bytes);
        let mut text = canonical.clone();
        if damage[0] { text = text.trim_end_matches('=').to_owned(); }
        if damage[1] { text = text.replace('/', "_"); }
        if damage[2] { text = text.replace('+', " "); }
        if damage[3] { text.insert_str(text.len() / 2, "\r\n"); }
        if damage[4] { text = text.replace('/', "%2F").replace('+', "%2B").replace(' ', "%20"); }
        let (repaired, decoded, repairs) = repair_base64(&text).unwrap();
        prop_assert_eq!((&repaired, decoded), (&canonical, bytes));
        prop_assert_eq!(repairs.is_empty(), text == canonical);
        prop_assert_eq!(repair_base64(&canonical).unwrap().2, []);
    }

    #[test]
    fn no_text_panics(text in ".*", other in "[A-Za-z0-9+/=%_ \r\n\\\\\"-]*") {
        for (one, two) in [(&text, &other), (&other, &text), (&other, &other)] {
            let _ = repair_base64(one);
            let _ = SessionKey::parse(one);
            let _ = diagnosis::session_key(one);
            let _ = Skey::parse(one);
            let _ = Skey::parse(&format!("wxg_{one}"));
            let _ = RawData::parse(one);
            let _ = Vault::parse_key_file(one);
            let _ = Vault::parse_key_file(&format!("wxgate-key-1 {one} {two}"));
            let _ = Encrypted::parse(one, two);
            let _ = Phone::consistent(one, two, one);
            for keys in [&[][..], &[key()]] {
                let question = Question { session_keys: keys, encrypted_data: one, iv: two, appid: Some(one), now: Some(0) };
                let diagnosis = diagnosis::diagnose(&question);
                let _ = (diagnosis.cause.sentence(true), diagnosis.cause.cure(false));
            }
        }
    }

    #[test]
    fn no_payload_panics(blocks in prop::collection::vec(any::<[u8; 16]>(), 1..8), iv: [u8; 16], now: i64) {
        let data = BASE64_STANDARD.encode(blocks.as_flattened());
        let iv = BASE64_STANDARD.encode(iv);
        let encrypted = Encrypted::parse(&data, &iv).unwrap();
        prop_assert!(payload::open::<Phone>(&encrypted, &key(), &EXPECT).is_err());
        let question =
            Question { session_keys: &[key()], encrypted_data: &data, iv: &iv, appid: Some(APPID), now: Some(now) };
        prop_assert_eq!(diagnosis::diagnose(&question).repairs, []);
    }

    #[test]
    fn no_plaintext_panics(text in r#"\{("[a-zA-Z]{0,8}":(null|[0-9]{1,20}|"[^"]{0,8}"|\[\{\}\]),?){0,4}\}"#, now: i64) {
        let texts = [text.clone(), text.replacen('{', r#"{"phoneNumber":"1","opengid":"1","#, 1)];
        for text in texts {
            let encrypted = seal(text.as_bytes(), &key(), [0; 16]);
            let expect = Expect { appid: APPID, now };
            let _ = payload::open::<Phone>(&encrypted, &key(), &expect);
            let _ = payload::open::<UserInfo>(&encrypted, &key(), &expect);
            let _ = payload::open::<WeRun>(&encrypted, &key(), &expect);
            let _ = payload::open::<Share>(&encrypted, &key(), &expect);
            let _ = payload::open::<Group>(&encrypted, &key(), &expect);
            let _ = RawData::parse(&text);
        }
    }

    #[test]
    fn sealed_values_open_and_other_bytes_do_not(plaintext: Vec<u8>, appid: String, openid: String, bytes: Vec<u8>) {
        let vault = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
        let sealed = vault.seal(Purpose::Answer, &appid, &openid, &plaintext);
        prop_assert_eq!(&*vault.open(Purpose::Answer, &appid, &openid, &sealed).unwrap(), &plaintext);
        prop_assert!(vault.open(Purpose::Answer, &appid, &openid, &bytes).is_err());
        prop_assert!(vault.open(Purpose::Answer, &appid, &openid, &[&sealed[..4], &bytes].concat()).is_err());
    }

    #[test]
    fn an_skey_has_one_text(id in 1..=i64::MAX) {
        let skey = Skey::for_session(id);
        let read = Skey::parse(&skey.expose()).unwrap();
        prop_assert_eq!(read.session_id(), id);
        prop_assert!(read.matches(&skey.hash()));
    }
}
