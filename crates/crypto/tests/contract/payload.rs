//! Payloads as they arrive: transport, schema, watermark.

use crate::{APPID, IV, NOW, PHONE, key, sealed};
use wxgate_crypto::payload::{
    self, Content, Encrypted, Expect, Group, Kind, Phone, RawData, Share, Stage, UserInfo, WeRun,
};
use wxgate_crypto::{Error, Repair, SessionKey, Shape};

fn open<C: Content>(text: &str) -> Result<C, Stage> {
    payload::open(&sealed(text), &key(), &Expect { appid: APPID, now: NOW }).map_err(|error| error.stage())
}

fn with_watermark(content: &str) -> String {
    format!(r#"{{{content},"watermark":{{"timestamp":{NOW},"appid":"{APPID}"}}}}"#)
}

#[test]
fn an_iv_that_lost_its_plus_is_still_16_bytes() {
    let good = "+7BXXKkLb8qrSN+n05n0qg==";
    assert_eq!(Encrypted::parse("AAAAAAAAAAAAAAAAAAAAAA==", good).unwrap().iv_text(), good);
    for (damaged, repairs) in [
        (" 7BXXKkLb8qrSN n05n0qg==", vec![Repair::SpaceForPlus]),
        ("-7BXXKkLb8qrSN-n05n0qg", vec![Repair::UrlSafeAlphabet, Repair::MissingPadding]),
        ("%2B7BXXKkLb8qrSN%2bn05n0qg%3D%3D", vec![Repair::PercentEncoded]),
        ("+7BXXKkLb8\r\nqrSN+n05n0qg==\n", vec![Repair::LineBreaks]),
        (
            "%207BXXKkLb8qrSN%20n05n0qg=%0A",
            vec![Repair::PercentEncoded, Repair::LineBreaks, Repair::SpaceForPlus, Repair::MissingPadding],
        ),
    ] {
        let encrypted = Encrypted::parse("AAAAAAAAAAAAAAAAAAAAAA==", damaged).unwrap();
        assert_eq!((encrypted.iv_text().as_str(), encrypted.repairs()), (good, repairs.as_slice()), "{damaged}");
    }
}

#[test]
fn damage_to_both_texts_is_reported_once() {
    let encrypted = Encrypted::parse("AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert_eq!(encrypted.repairs(), [Repair::MissingPadding]);
}

#[test]
fn what_would_need_a_guess_is_not_repaired() {
    for text in [
        "A",
        "AAAAA",
        "AAAA=",
        "AAAA====",
        "AA=A",
        "AB==",
        "AA==\u{a0}",
        "AA%3",
        "AA%zz",
        "AA%253D%253D",
        "AA\t==",
        "AA\\/A",
        "\u{ff21}AAA",
    ] {
        assert_eq!(wxgate_crypto::transport::repair_base64(text), Err(Error::Base64), "{text}");
    }
}

#[test]
fn a_session_key_is_taken_as_it_is_or_not_at_all() {
    assert_eq!(SessionKey::parse("ABEiM0RVZneImaq7zN3u/w==").unwrap().expose(), "ABEiM0RVZneImaq7zN3u/w==");
    for text in [
        "ABEiM0RVZneImaq7zN3u/w",
        " ABEiM0RVZneImaq7zN3u/w==",
        "ABEiM0RVZneImaq7zN3u/w==\n",
        "ABEiM0RVZneImaq7zN3u_w==",
        "ABEiM0RVZneImaq7zN3u/x==",
        "ABEi M0RVZneImaq7zN3u/w==",
    ] {
        assert_eq!(SessionKey::parse(text).unwrap_err(), Error::SessionKey(Shape::NotBase64));
    }
    for (text, bytes) in [("", 0), ("ABEiM0RVZneImaq7zN3u", 15), ("ABEiM0RVZneImaq7zN3u/wA=", 17)] {
        assert_eq!(SessionKey::parse(text).unwrap_err(), Error::SessionKey(Shape::Length { bytes }));
    }
    assert_ne!(SessionKey::random().expose(), SessionKey::random().expose());
    assert!(SessionKey::parse(SessionKey::random().expose()).is_ok());
}

#[test]
fn the_padding_is_looked_at_whole() {
    // "x" and 15 bytes of padding, of which the first is altered through the IV.
    let mut iv = IV;
    let encrypted = payload::seal(b"x", &key(), iv);
    iv[1] ^= 1;
    let altered = Encrypted::parse(encrypted.encrypted_data(), &payload::seal(b"", &key(), iv).iv_text()).unwrap();
    assert_eq!(payload::open_text(&encrypted, &key()).unwrap().as_str(), "x");
    assert_eq!(payload::open_text(&altered, &key()).unwrap_err().stage(), Stage::Padding);
}

#[test]
fn the_watermark_names_this_app_and_is_fresh() {
    let at = |appid, now| {
        payload::open::<Phone>(&sealed(PHONE), &key(), &Expect { appid, now }).err().map(|error| error.stage())
    };
    assert_eq!(at(APPID, NOW + 300), None);
    assert_eq!(at(APPID, NOW + 301), Some(Stage::TooOld));
    assert_eq!(at(APPID, NOW - 60), None);
    assert_eq!(at(APPID, NOW - 61), Some(Stage::FromTheFuture));
    assert_eq!(at(APPID, i64::MAX), Some(Stage::TooOld));
    assert_eq!(at(APPID, i64::MIN), Some(Stage::FromTheFuture));
    assert_eq!(at("wx0123456789abcdeF", NOW), Some(Stage::WatermarkAppid));
    assert_eq!(at("", NOW), Some(Stage::WatermarkAppid));
}

#[test]
fn each_kind_is_read_and_no_other() {
    let user =
        open::<UserInfo>(&with_watermark(r#""openId":"o1","nickName":"Band","gender":1,"is_demote":true,"new":[]"#))
            .unwrap();
    assert_eq!(
        (user.open_id.as_deref(), user.nick_name.as_str(), user.gender, user.is_demote),
        (Some("o1"), "Band", 1, true)
    );
    assert_eq!((user.union_id, user.avatar_url.as_str(), user.watermark.timestamp), (None, "", NOW));

    let run = with_watermark(r#""stepInfoList":[{"timestamp":1,"step":100}]"#);
    assert_eq!(open::<WeRun>(&run).unwrap().step_info_list[0].step, 100);
    assert_eq!(open::<Share>(&with_watermark(r#""openGId":"tG""#)).unwrap().open_g_id, "tG");
    let group = open::<Group>(&with_watermark(r#""opengid":"tG","chat_type":3"#)).unwrap();
    assert_eq!((group.opengid.as_str(), group.chat_type, group.group_openid), ("tG", Some(3), None));

    assert_eq!(open::<Phone>(&run).unwrap_err(), Stage::OtherKind(Kind::WeRun));
    assert_eq!(open::<UserInfo>(PHONE).unwrap_err(), Stage::OtherKind(Kind::Phone));
    assert_eq!(open::<Group>(&with_watermark(r#""openGId":"tG""#)).unwrap_err(), Stage::OtherKind(Kind::Share));
    assert_eq!(open::<Share>(&with_watermark(r#""activityId":"1""#)).unwrap_err(), Stage::Schema);
    assert_eq!(open::<UserInfo>(r#"{"nickName":"Band"}"#).unwrap_err(), Stage::Schema, "no watermark");
    assert_eq!(open::<UserInfo>("[1]").unwrap_err(), Stage::Json);
}

#[test]
fn open_data_is_written_as_wechat_names_it() {
    let text = with_watermark(r#""stepInfoList":[{"timestamp":1,"step":100}]"#);
    assert_eq!(serde_json::to_string(&open::<WeRun>(&text).unwrap()).unwrap(), text);
    let text = with_watermark(r#""openGId":"tG""#);
    assert_eq!(serde_json::to_string(&open::<Share>(&text).unwrap()).unwrap(), text);
    let text = with_watermark(r#""opengid":"tG""#);
    assert_eq!(serde_json::to_string(&open::<Group>(&text).unwrap()).unwrap(), text);
}

#[test]
fn raw_data_is_an_object_with_whatever_it_has() {
    let profile = RawData::parse(r#"{"nickName":"微信用户","is_demote":true,"more":1} "#).unwrap();
    assert_eq!((profile.nick_name.as_str(), profile.is_demote, profile.city.as_str()), ("微信用户", true, ""));
    for text in ["", "[]", "{", "{} {}", r#"{"nickName":1}"#, r#"["a",1,"","","","","",false]"#] {
        assert!(RawData::parse(text).is_none(), "{text}");
    }
    for (gender, read) in [("1", 1), ("null", 0), (r#""male""#, 0), ("{}", 0)] {
        let profile = RawData::parse(&format!(r#"{{"nickName":"Band","gender":{gender}}}"#)).unwrap();
        assert_eq!((profile.nick_name.as_str(), profile.gender), ("Band", read), "{gender}");
    }
}

#[test]
fn nothing_secret_is_ever_printed() {
    let phone = open::<Phone>(PHONE).unwrap();
    let user = open::<UserInfo>(&with_watermark(r#""nickName":"Band""#)).unwrap();
    let raw = RawData::parse("{}").unwrap();
    let printed = format!("{:?} {phone:?} {user:?} {raw:?}", key());
    assert_eq!(printed, "SessionKey(..) Phone(..) UserInfo(..) RawData(..)");
    let printed = format!("{:?}", sealed(PHONE));
    assert_eq!(printed, "Encrypted { ciphertext_bytes: 160, iv_bytes: 16, repairs: [], .. }");
}
