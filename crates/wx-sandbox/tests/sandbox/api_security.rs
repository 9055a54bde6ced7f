//! API security as a client sees it: what must be signed, what is wrong with it, and how answers are.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use wxgate_crypto::api_security::{About, Party, SigningKey, SymmetricKey, VerifyingKey};
use wxgate_sandbox::{ApiSecuritySpec, Endpoint, FaultKind};

use crate::bench::{Answer, Bench, NOW};

const SYMMETRIC_KEY: &str = "otUpngOjU+nVQaWJIC3D/yMLV17RKaP6t4Ot9tbnzLY=";
const APP: &str = include_str!("../../../crypto/tests/keys/app.pem");
const APP_PUBLIC: &str = include_str!("../../../crypto/tests/keys/app-public.pem");
const WECHAT: &str = include_str!("../../../crypto/tests/keys/wechat.pem");
const WECHAT_PUBLIC: &str = include_str!("../../../crypto/tests/keys/wechat-public.pem");
const PATH: &str = "/wxa/business/checkencryptedmsg";

fn spec() -> ApiSecuritySpec {
    ApiSecuritySpec {
        symmetric_serial: "sym".to_owned(),
        symmetric_key: SYMMETRIC_KEY.to_owned(),
        app_serial: "app".to_owned(),
        app_public_key: APP_PUBLIC.to_owned(),
        platform_serial: "wechat".to_owned(),
        platform_key: WECHAT.to_owned(),
        deprecated: None,
    }
}

/// The same for the control interface.
pub(crate) fn keys() -> Value {
    json!({ "keys": {
        "symmetric_serial": "sym", "symmetric_key": SYMMETRIC_KEY, "app_serial": "app", "app_public_key": APP_PUBLIC,
        "platform_serial": "wechat", "platform_key": WECHAT, "deprecated": ["before", WECHAT],
    }})
}

/// The client's side.
fn client(symmetric_serial: &str) -> Party {
    Party {
        symmetric: SymmetricKey::parse(symmetric_serial, SYMMETRIC_KEY).unwrap(),
        own: SigningKey::parse("app", APP).unwrap(),
        others: vec![VerifyingKey::parse("wechat", WECHAT_PUBLIC).unwrap()],
    }
}

async fn secured() -> Bench {
    let bench = Bench::new().await;
    bench.sandbox.secure(bench.appid(), spec()).unwrap();
    bench
}

/// What a request says beside its body.
#[derive(Clone)]
struct Signed {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Signed {
    fn by(party: &Party, url: &str, appid: &str, timestamp: i64) -> Self {
        let fields = Map::from_iter([("encrypted_msg_hash".to_owned(), json!("0".repeat(64)))]);
        let sealed = party.seal(&About { url, appid, timestamp }, fields);
        let headers = vec![
            ("Wechatmp-Appid", appid.to_owned()),
            ("Wechatmp-TimeStamp", timestamp.to_string()),
            ("Wechatmp-Signature", sealed.signature),
        ];
        Self { headers, body: sealed.body }
    }

    fn canonical(bench: &Bench) -> Self {
        Self::by(&client("sym"), &format!("https://api.weixin.qq.com{PATH}"), bench.appid(), NOW)
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| *given != name);
        self
    }

    fn with(self, name: &'static str, value: &str) -> Self {
        let mut signed = self.without(name);
        signed.headers.push((name, value.to_owned()));
        signed
    }

    async fn sent(self, bench: &Bench) -> Answer {
        let headers =
            self.headers.iter().fold(String::new(), |head, (name, value)| head + name + ": " + value + "\r\n");
        let (length, token) = (self.body.len(), bench.token().await);
        let head = format!("POST {PATH}?access_token={token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}");
        Answer::parse(&bench.raw(&format!("{head}Content-Length: {length}\r\n\r\n{}", self.body)).await)
    }
}

#[tokio::test]
async fn a_signed_request_is_answered_and_a_refusal_is_plain() {
    let bench = secured().await;
    let tap = bench.sandbox.phone(bench.appid(), &bench.user.id).unwrap();
    let hash = sha256(&tap.data.encrypted_data);
    for url in [format!("https://api.weixin.qq.com{PATH}"), format!("http://x{PATH}")] {
        let fields = Map::from_iter([("encrypted_msg_hash".to_owned(), json!(hash))]);
        let sealed = client("sym").seal(&About { url: &url, appid: bench.appid(), timestamp: NOW }, fields);
        let signed = Signed { body: sealed.body, ..Signed::canonical(&bench) };
        let answer = signed.with("Wechatmp-Signature", &sealed.signature).sent(&bench).await;
        assert_eq!(opened(&bench, &answer).unwrap()["vaild"], json!(true), "{url}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("vaild"));
    }
    let unknown = Signed::canonical(&bench).sent(&bench).await;
    assert_eq!((unknown.errcode(), unknown.header("wechatmp-signature")), (1, None));
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What an answer says, if it is signed as it must be.
fn opened(bench: &Bench, answer: &Answer) -> Result<Map<String, Value>, wxgate_crypto::Error> {
    let header = |name| answer.header(name).unwrap_or_default();
    let url = format!("https://api.weixin.qq.com{PATH}");
    assert_eq!(header("wechatmp-appid"), bench.appid());
    let about = About { url: &url, appid: bench.appid(), timestamp: header("wechatmp-timestamp").parse().unwrap() };
    let signature = (Some(header("wechatmp-serial")), header("wechatmp-signature"));
    client("sym").open(&about, &[signature], &answer.body, NOW)
}

#[tokio::test]
async fn what_is_wrong_with_a_request_has_its_errcode() {
    let bench = secured().await;
    let good = || Signed::canonical(&bench);
    let other = bench.sandbox.add_app();
    let url = format!("https://api.weixin.qq.com{PATH}");
    let plain = Signed { headers: Vec::new(), body: json!({ "encrypted_msg_hash": "0".repeat(64) }).to_string() };
    for (what, signed, errcode) in [
        ("nothing is signed", plain, 40233),
        ("no appid", good().without("Wechatmp-Appid"), 40233),
        ("no time", good().without("Wechatmp-TimeStamp"), 40231),
        ("no signature", good().without("Wechatmp-Signature"), 40232),
        ("an appid that is none", good().with("Wechatmp-Appid", "wx1"), 40236),
        ("another app's", good().with("Wechatmp-Appid", &other.appid), 40237),
        ("another time", good().with("Wechatmp-TimeStamp", &(NOW + 1).to_string()), 40234),
        ("another serial", good().with("Wechatmp-Serial", "stranger"), 40234),
        ("another body", Signed { body: "{}".to_owned(), ..good() }, 40234),
        ("another place", Signed::by(&client("sym"), "https://api.weixin.qq.com/wxa/x", bench.appid(), NOW), 40234),
        ("another symmetric key", Signed::by(&client("other"), &url, bench.appid(), NOW), 40235),
        ("too old", Signed::by(&client("sym"), &url, bench.appid(), NOW - 301), 40240),
    ] {
        assert_eq!(signed.sent(&bench).await.errcode(), errcode, "{what}");
    }
    assert_eq!(good().with("Wechatmp-Serial", "app").sent(&bench).await.errcode(), 1, "the serial may be told");
    let off = Bench::new().await;
    assert_eq!(Signed::canonical(&off).sent(&off).await.errcode(), 40239, "it is not switched on");
}

#[tokio::test]
async fn answers_can_be_signed_wrongly_on_demand() {
    let bench = secured().await;
    let tap = bench.sandbox.phone(bench.appid(), &bench.user.id).unwrap();
    let fields = || Map::from_iter([("encrypted_msg_hash".to_owned(), json!(sha256(&tap.data.encrypted_data)))]);
    let url = format!("https://api.weixin.qq.com{PATH}");
    let ask = async || {
        let sealed = client("sym").seal(&About { url: &url, appid: bench.appid(), timestamp: NOW }, fields());
        let signed = Signed { body: sealed.body, ..Signed::canonical(&bench) };
        signed.with("Wechatmp-Signature", &sealed.signature).sent(&bench).await
    };
    for (fault, error) in [
        (FaultKind::BadSignature, wxgate_crypto::Error::ApiSignature),
        (FaultKind::UnknownSerial, wxgate_crypto::Error::ApiSignature),
        (FaultKind::OldTimestamp, wxgate_crypto::Error::ApiAge),
    ] {
        bench.sandbox.fault(Endpoint::CheckEncrypted, fault.times(1)).unwrap();
        assert_eq!(opened(&bench, &ask().await), Err(error));
    }
    bench.sandbox.fault(Endpoint::CheckEncrypted, FaultKind::Unsigned.times(1)).unwrap();
    let unsigned = ask().await;
    assert_eq!((unsigned.json()["vaild"].as_bool(), unsigned.header("wechatmp-signature")), (Some(true), None));
    assert!(opened(&bench, &ask().await).is_ok());
}

#[tokio::test]
async fn it_is_switched_on_by_http_too_and_keys_that_are_none_are_refused() {
    let bench = Bench::new().await;
    let verb = "/_sandbox/api-security";
    assert_eq!(bench.post(verb, &keys()).await.status, 200);
    assert_eq!(Signed::canonical(&bench).sent(&bench).await.errcode(), 1);
    for (name, wrong) in [("symmetric_key", "AAAA"), ("app_public_key", WECHAT), ("platform_key", APP_PUBLIC)] {
        let mut body = keys();
        body["keys"][name] = json!(wrong);
        assert_eq!(bench.post(verb, &body).await.status, 400, "{name}");
    }
    assert!(!format!("{:?}", spec()).contains("PRIVATE"));
}
