use serde_json::Value;
use wxgate_crypto::SessionKey;
use wxgate_crypto::payload::{
    Content, Encrypted, Expect, Group, Kind, Phone, Share, Stage, Unopenable, UserInfo, WeRun, open, open_text, seal,
};
use wxgate_fuzz::Target;

const APPID: &str = "wx0123456789abcdef";
const EXPECT: Expect<'_> = Expect { appid: APPID, now: 1_700_000_000 };
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "\"phoneNumber\":", "\"purePhoneNumber\":", "\"countryCode\":", "\"watermark\":", "\"timestamp\":", "\"appid\":",
    "\"openGId\":", "\"opengid\":", "\"nickName\":", "\"stepInfoList\":", "\"86\"", "{", "}", "[", "]", ",", ":", "\"",
    "null", "true", "\\u0030", "\\ud800", "+", "1700000000", "1699999699", "1700000061", "13800138000", "\u{4f60}", "\t",
];
#[rustfmt::skip]
const OUTCOMES: &[&str] = &[
    "phone", "user_info", "werun", "share", "group",
    "utf8", "json", "schema", "watermark_appid", "too_old", "from_the_future",
];

#[test]
fn what_opens_is_what_was_sealed_and_of_the_one_right_shape() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/payload");
    let key = SessionKey::parse("ABEiM0RVZneImaq7zN3u/w==").expect("a key");
    Target { corpus, words: WORDS, inputs: 80_000, outcomes: OUTCOMES }.run(|input| {
        let sealed = seal(input, &key, *b"an iv for tests.");
        match (open_text(&sealed, &key), str::from_utf8(input)) {
            (Ok(opened), Ok(text)) => assert_eq!(*opened, text),
            (Err(error), Err(_)) => return error.stage().as_str(),
            (opened, _) => panic!("opened: {}", opened.is_ok()),
        }
        match stage::<Phone>(&sealed, &key) {
            Ok(kind) => {
                assert!(is_phone(&serde_json::from_slice(input).expect("JSON")));
                kind.as_str()
            }
            Err(Stage::OtherKind(kind)) => other(kind, &sealed, &key),
            Err(stage) => stage.as_str(),
        }
    });
}

fn other(kind: Kind, sealed: &Encrypted, key: &SessionKey) -> &'static str {
    let opened = match kind {
        Kind::Phone => panic!("a phone is no other kind than a phone"),
        Kind::UserInfo => stage::<UserInfo>(sealed, key),
        Kind::WeRun => stage::<WeRun>(sealed, key),
        Kind::Share => stage::<Share>(sealed, key),
        Kind::Group => stage::<Group>(sealed, key),
    };
    opened.map_or_else(|stage| stage.as_str(), |kind| kind.as_str())
}

fn stage<C: Content>(sealed: &Encrypted, key: &SessionKey) -> Result<Kind, Stage> {
    open::<C>(sealed, key, &EXPECT).map(|_| C::KIND).map_err(|error| {
        assert_eq!(error.to_string(), Unopenable::from(Stage::Padding).to_string(), "failures read alike");
        error.stage()
    })
}

/// The shape of a phone number, said a second time and another way.
fn is_phone(value: &Value) -> bool {
    let text = |name| value[name].as_str().expect("a string");
    let (number, pure, code) = (text("phoneNumber"), text("purePhoneNumber"), text("countryCode"));
    let spelt = [format!("{code}{pure}"), format!("+{code}{pure}")];
    let is_one_number = if code == "86" { number == pure } else { spelt.iter().any(|spelt| spelt == number) };
    let watermark = &value["watermark"];
    let timestamp = watermark["timestamp"].as_i64().expect("an integer");
    let keys = |value: &Value| value.as_object().map(serde_json::Map::len);
    is_one_number
        && pure.bytes().chain(code.bytes()).all(|byte| byte.is_ascii_digit())
        && (keys(value), keys(watermark)) == (Some(4), Some(2))
        && watermark["appid"] == APPID
        && (EXPECT.now - 300..=EXPECT.now + 60).contains(&timestamp)
}
