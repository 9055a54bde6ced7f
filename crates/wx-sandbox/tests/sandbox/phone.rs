use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wxgate_crypto::payload::{self, Encrypted};
use wxgate_sandbox::{AppSpec, PhoneTap, UserSpec};

use crate::bench::{Answer, Bench, NOW, open};

fn tap(bench: &Bench) -> PhoneTap {
    bench.sandbox.phone(bench.appid(), &bench.user.id).unwrap()
}

async fn number(bench: &Bench, body: &Value) -> Answer {
    bench.business("getuserphonenumber", body).await
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

async fn known(bench: &Bench, hash: &str) -> Answer {
    bench.business("checkencryptedmsg", &json!({"encrypted_msg_hash": hash})).await
}

#[tokio::test]
async fn a_code_gives_the_number_once_with_the_time_of_the_tap() {
    let bench = Bench::new().await;
    let tap = tap(&bench);
    bench.sandbox.advance(7);
    let answer = number(&bench, &json!({"code": tap.code})).await;
    let watermark = json!({"timestamp": NOW, "appid": bench.appid()});
    let info = json!({"phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86", "watermark": watermark});
    assert_eq!(answer.json(), json!({"errcode": 0, "errmsg": "ok", "phone_info": info}));
    let again = number(&bench, &json!({"code": tap.code})).await;
    assert_eq!(again.errcode(), 40029);
    assert!(again.text("errmsg").starts_with("invalid code hint: ["), "{again:?}");
}

#[tokio::test]
async fn a_code_is_good_for_five_minutes() {
    let bench = Bench::new().await;
    let (young, old) = (tap(&bench), tap(&bench));
    bench.sandbox.advance(300);
    assert_eq!(number(&bench, &json!({"code": young.code})).await.errcode(), 0);
    bench.sandbox.advance(1);
    assert_eq!(number(&bench, &json!({"code": old.code})).await.errcode(), 40029);
}

#[tokio::test]
async fn a_login_code_is_no_phone_code() {
    let bench = Bench::new().await;
    let code = bench.login();
    assert_eq!(number(&bench, &json!({"code": code})).await.errcode(), 40029);
    assert_eq!(bench.exchange(&code).await.errcode(), 0, "and it is not used up by trying");
}

#[tokio::test]
async fn a_code_of_another_app_is_40013() {
    let bench = Bench::new().await;
    let other = bench.sandbox.add_app();
    let tap = bench.sandbox.phone(&other.appid, "alice").unwrap();
    assert_eq!(number(&bench, &json!({"code": tap.code})).await.errcode(), 40013);
}

#[tokio::test]
async fn a_code_must_belong_to_the_openid_that_is_given() {
    let bench = Bench::new().await;
    bench.sandbox.add_user(UserSpec::named("bob"));
    let tap = tap(&bench);
    let others = bench.sandbox.openid(bench.appid(), "bob");
    assert_eq!(number(&bench, &json!({"code": tap.code, "openid": others})).await.errcode(), 40029);
    assert_eq!(number(&bench, &json!({"code": tap.code, "openid": bench.openid()})).await.errcode(), 0);
}

#[tokio::test]
async fn foreign_numbers_carry_their_country_code() {
    let bench = Bench::new().await;
    let spec =
        UserSpec { phone: Some("4155550123".into()), country_code: Some("1".into()), ..UserSpec::named("alice") };
    bench.sandbox.add_user(spec);
    let tap = tap(&bench);
    let phone: payload::Phone = open(&tap.data, &bench.key(), bench.appid(), NOW).unwrap();
    assert_eq!(
        (phone.phone_number.as_str(), phone.pure_phone_number.as_str(), phone.country_code.as_str()),
        ("+14155550123", "4155550123", "1")
    );
    let info = number(&bench, &json!({"code": tap.code})).await.json()["phone_info"].clone();
    assert_eq!(
        [&info["phoneNumber"], &info["purePhoneNumber"], &info["countryCode"]],
        ["+14155550123", "4155550123", "1"]
    );
}

#[tokio::test]
async fn a_country_code_can_be_a_number() {
    let bench = Bench::new().await;
    let appid = Some(bench.app.appid.clone());
    bench.sandbox.put_app(AppSpec { appid, numeric_country_code: Some(true), ..AppSpec::default() });
    let answer = number(&bench, &json!({"code": tap(&bench).code})).await;
    assert_eq!(answer.json()["phone_info"]["countryCode"], 86);
}

#[tokio::test]
async fn the_sealed_number_opens_with_the_living_key() {
    let bench = Bench::new().await;
    let phone: payload::Phone = open(&tap(&bench).data, &bench.key(), bench.appid(), NOW).unwrap();
    assert_eq!((phone.phone_number.as_str(), phone.watermark.timestamp), ("13800138000", NOW));
}

#[tokio::test]
async fn minted_ciphertexts_are_known_by_text_and_by_bytes_for_three_days() {
    let bench = Bench::new().await;
    let data = tap(&bench).data;
    let bytes = Encrypted::parse(&data.encrypted_data, &data.iv).unwrap();
    let hashes = [sha256(&data.encrypted_data), sha256(bytes.ciphertext())];
    bench.sandbox.advance(3 * 86_400);
    for hash in &hashes {
        let answer = known(&bench, hash).await;
        assert_eq!(answer.json(), json!({"errcode": 0, "errmsg": "ok", "vaild": true, "create_time": NOW}));
        assert_eq!(known(&bench, &hash.to_uppercase()).await.errcode(), 0);
    }
    bench.sandbox.advance(1);
    for hash in &hashes {
        assert_eq!(known(&bench, hash).await.errcode(), 1);
    }
}

#[tokio::test]
async fn a_ciphertext_made_with_a_stolen_key_is_not_known() {
    let bench = Bench::new().await;
    bench.login();
    let forged = payload::seal(b"{\"phoneNumber\":\"13900139000\"}", &bench.key(), [7; 16]);
    let answer = known(&bench, &sha256(forged.encrypted_data())).await;
    assert_eq!(answer.errcode(), 1);
    assert!(answer.text("errmsg").starts_with("data not exit hint: ["));
}

#[tokio::test]
async fn a_ciphertext_of_another_app_is_not_known() {
    let bench = Bench::new().await;
    let other = bench.sandbox.add_app();
    let data = bench.sandbox.phone(&other.appid, "alice").unwrap().data;
    assert_eq!(known(&bench, &sha256(data.encrypted_data)).await.errcode(), 1);
}

#[tokio::test]
async fn a_hash_is_64_hex_digits() {
    let bench = Bench::new().await;
    for hash in ["", "00", &"g".repeat(64)] {
        assert_eq!(known(&bench, hash).await.errcode(), 40097, "{hash:?}");
    }
}
