//! Message push: the vectors, and what no altered push gets past.

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::Value;
use wxgate_crypto::Error;
use wxgate_crypto::push::{Channel, EncodingAesKey, Push, PushToken, Sealed, Stage};

const TIMESTAMP: &str = "1700000000";
const NONCE: &str = "415670741";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const OTHER_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDE00";
/// [`KEY`] with other bits in its last character that belong to no byte.
const SAME_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE";

fn key(text: &str) -> EncodingAesKey {
    EncodingAesKey::parse(text).expect("a key")
}

fn token(text: &str) -> PushToken {
    PushToken::parse(text).expect("a token")
}

fn channel(appid: &str, text: &str) -> Channel {
    Channel::new(appid, token("pamtest"), key(text))
}

fn push(sealed: &Sealed) -> Push<'_> {
    let Sealed { encrypt, msg_signature } = sealed;
    Push { timestamp: TIMESTAMP, nonce: NONCE, msg_signature, encrypt }
}

fn sealed_by(channel: &Channel) -> Sealed {
    channel.seal("<xml>我是中文</xml>", *b"16 random bytes!", TIMESTAMP, NONCE)
}

fn stage(channel: &Channel, push: &Push<'_>) -> Stage {
    channel.open(push).expect_err("a push that is refused").stage()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().expect(name)
}

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../vectors/message-push.json")).expect("vectors are JSON");
    let vectors = file["vectors"].as_array().expect("a list of vectors").clone();
    assert_eq!(vectors.len(), 12);
    vectors
}

/// The channel of a vector: of the receiver that the server expects, or else of the one inside.
fn channel_of(vector: &Value) -> Channel {
    let appid = vector["appid"].as_str().or(vector["trailing_id"].as_str()).unwrap_or("wx");
    let aes_key = vector["encoding_aes_key"].as_str().unwrap_or(KEY);
    Channel::new(appid, token(text(vector, "token")), key(aes_key))
}

#[test]
fn every_signed_url_of_the_vectors_is_recognised() {
    let signed: Vec<_> = vectors().into_iter().filter(|vector| vector.get("signature").is_some()).collect();
    assert_eq!(signed.len(), 4);
    for vector in signed {
        let (channel, timestamp, nonce) = (channel_of(&vector), text(&vector, "timestamp"), text(&vector, "nonce"));
        assert_eq!(channel.signature(timestamp, nonce), text(&vector, "signature"), "{}", vector["id"]);
        assert!(channel.signature_matches(timestamp, nonce, text(&vector, "signature")));
        assert!(!channel.signature_matches(timestamp, nonce, &text(&vector, "signature").to_uppercase()));
    }
}

#[test]
fn every_encrypted_vector_opens_as_it_should_and_is_sealed_the_same() {
    let encrypted: Vec<_> = vectors().into_iter().filter(|vector| vector.get("encrypt").is_some()).collect();
    assert_eq!(encrypted.len(), 10);
    for vector in encrypted {
        let (channel, id) = (channel_of(&vector), &vector["id"]);
        let [timestamp, nonce] = ["timestamp", "nonce"].map(|name| vector[name].as_str().unwrap_or_default());
        let plaintext = vector["plaintext"].as_str();
        let random = || text(&vector, "random").as_bytes().try_into().expect("16 bytes");
        let sealed = plaintext.map(|plaintext| channel.seal(plaintext, random(), timestamp, nonce));
        let msg_signature = match (vector["msg_signature"].as_str(), &sealed) {
            (Some(given), _) => given,
            (None, sealed) => &sealed.as_ref().expect("a message to sign").msg_signature,
        };
        let push = Push { timestamp, nonce, msg_signature, encrypt: text(&vector, "encrypt") };
        match channel.open(&push) {
            Ok(message) => {
                assert_eq!(Some(message.as_str()), plaintext, "{id}");
                let sealed = sealed.as_ref().expect("what opened");
                assert_eq!((sealed.encrypt.as_str(), sealed.msg_signature.as_str()), (push.encrypt, msg_signature));
            }
            Err(refused) => assert_eq!(refused.stage().as_str(), text(&vector, "error_stage"), "{id}"),
        }
    }
}

#[test]
fn a_push_for_the_key_before_opens_until_that_key_is_forgotten() {
    let before = sealed_by(&channel("wx1", OTHER_KEY));
    assert_eq!(stage(&channel("wx1", KEY), &push(&before)), Stage::Padding);
    let both = channel("wx1", KEY).with_previous(key(OTHER_KEY));
    assert_eq!(both.open(&push(&before)).unwrap().as_str(), "<xml>我是中文</xml>");
    assert!(both.open(&push(&sealed_by(&channel("wx1", KEY)))).is_ok());
}

#[test]
fn a_push_for_another_app_or_of_another_token_is_refused() {
    let sealed = sealed_by(&channel("wx2", KEY));
    assert_eq!(stage(&channel("wx1", KEY), &push(&sealed)), Stage::Appid);
    assert_eq!(stage(&channel("wx", KEY), &push(&sealed)), Stage::Appid);
    let other = Channel::new("wx2", token("pamtest2"), key(KEY));
    assert_eq!(stage(&other, &push(&sealed)), Stage::MsgSignature);
}

/// What somebody could send who has the token and not the key.
#[test]
fn each_stage_after_the_signature_refuses_what_is_wrong_there() {
    let channel = channel("wx1", KEY);
    let whole = BASE64_STANDARD.decode(sealed_by(&channel).encrypt).unwrap();
    let mut unpadded = whole.clone();
    let last = unpadded.len() - 17;
    unpadded[last] ^= 1;
    let mut long = whole.clone();
    long[0] ^= 0xff;
    for (ciphertext, expected) in [
        ("!".to_owned(), Stage::Base64),
        (String::new(), Stage::Blocks),
        (BASE64_STANDARD.encode(&whole[..48]), Stage::Blocks),
        (BASE64_STANDARD.encode(&unpadded), Stage::Padding),
        (BASE64_STANDARD.encode(&long), Stage::Length),
    ] {
        let mut parts = ["pamtest", TIMESTAMP, NONCE, &ciphertext];
        let msg_signature = sha1(&mut parts);
        let push = Push { timestamp: TIMESTAMP, nonce: NONCE, msg_signature: &msg_signature, encrypt: &ciphertext };
        assert_eq!(stage(&channel, &push), expected, "{ciphertext}");
    }
}

/// The signature as the documentation describes it, made apart from the code under test.
fn sha1(parts: &mut [&str]) -> String {
    use sha1::Digest;
    parts.sort_unstable();
    let digest = sha1::Sha1::digest(parts.concat());
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Why the time in the URL alone must not decide whether a push is new.
#[test]
fn time_and_nonce_can_be_exchanged() {
    let channel = channel("wx1", KEY);
    let sealed = sealed_by(&channel);
    assert!(channel.open(&Push { timestamp: NONCE, nonce: TIMESTAMP, ..push(&sealed) }).is_ok());
    assert!(channel.signature_matches(NONCE, TIMESTAMP, &channel.signature(TIMESTAMP, NONCE)));
}

#[test]
fn a_key_is_43_letters_and_digits_whatever_bits_its_end_leaves_over() {
    let sealed = sealed_by(&channel("wx1", KEY));
    assert!(channel("wx1", SAME_KEY).open(&push(&sealed)).is_ok());
    let long = format!("{KEY}A");
    for bad in ["", &KEY[1..], &long, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=", &KEY.replace('a', "+")] {
        assert_eq!(EncodingAesKey::parse(bad).err(), Some(Error::EncodingAesKey), "{bad}");
    }
    for bad in ["", "ab", "a-b", &"a".repeat(33)] {
        assert_eq!(PushToken::parse(bad).err(), Some(Error::PushToken), "{bad}");
    }
}

#[test]
fn secrets_and_what_holds_them_print_nothing() {
    let shown = format!("{:?}", channel("wx1", KEY));
    assert_eq!(shown, "Channel(..)");
    assert_eq!(format!("{:?}", key(KEY)), "EncodingAesKey(..)");
    assert_eq!(format!("{:?}", token("pamtest")), "PushToken(..)");
}

/// Every bit of what the sender says: of the time, the nonce, the signature and the ciphertext.
#[test]
fn push_bitflip() {
    let pushes = if std::env::var_os("WXGATE_LONG").is_some() { 1_000_u32 } else { 8 };
    let channel = channel("wx1", KEY);
    for number in 0..pushes {
        let message = format!(r#"{{"Event":"user_authorization_cancellation","OpenID":"o{number}"}}"#);
        let (timestamp, nonce) = (format!("{}", 1_700_000_000 + number), format!("{}", 415_670_741 + 7 * number));
        let sealed = channel.seal(&message, [number.to_le_bytes()[0]; 16], &timestamp, &nonce);
        let parts = [&timestamp, &nonce, &sealed.msg_signature, &sealed.encrypt];
        for (at, part) in parts.iter().enumerate() {
            for bit in 0..part.len() * 8 {
                let mut flipped = part.as_bytes().to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                // What is no text any more does not come so far.
                let Ok(flipped) = String::from_utf8(flipped) else { continue };
                let mut parts = parts.map(String::as_str);
                parts[at] = &flipped;
                let [timestamp, nonce, msg_signature, encrypt] = parts;
                let push = Push { timestamp, nonce, msg_signature, encrypt };
                assert_eq!(stage(&channel, &push), Stage::MsgSignature, "part {at}, bit {bit}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_sealed_message_opens(message: String, random: [u8; 16], timestamp: String, nonce: String) {
        let channel = channel("wx0123456789abcdef", KEY);
        let Sealed { encrypt, msg_signature } = channel.seal(&message, random, &timestamp, &nonce);
        let (timestamp, nonce) = (timestamp.as_str(), nonce.as_str());
        let push = Push { timestamp, nonce, msg_signature: &msg_signature, encrypt: &encrypt };
        let opened = channel.open(&push).unwrap();
        prop_assert_eq!(opened.as_str(), &message);
    }

    #[test]
    fn no_push_panics(bytes: Vec<u8>, blocks in prop::collection::vec(any::<[u8; 32]>(), 1..6), other: String) {
        let channel = channel("wx1", KEY);
        for encrypt in [BASE64_STANDARD.encode(&bytes), BASE64_STANDARD.encode(blocks.as_flattened()), other.clone()] {
            let msg_signature = sha1(&mut ["pamtest", TIMESTAMP, NONCE, &encrypt]);
            let push = Push { timestamp: TIMESTAMP, nonce: NONCE, msg_signature: &msg_signature, encrypt: &encrypt };
            prop_assert_ne!(stage(&channel, &push), Stage::MsgSignature);
        }
        let _ = (EncodingAesKey::parse(&other), PushToken::parse(&other));
    }
}
