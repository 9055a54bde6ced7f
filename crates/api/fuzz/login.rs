use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use tokio::time::Instant;
use wx_client::{Client, NoKeep};
use wxgate_crypto::Vault;
use wxgate_fuzz::Target;
use wxgate_store::{SqliteStore, UnixSeconds};

use super::{App, Arc, HeaderMap, LoginRequest, decode};
use crate::auth::Authorization;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::Media;
use crate::problem::Problem;
use crate::text::Language;
use crate::{Settings, SystemClock};

const APPID: &str = "wx0123456789abcdef";
/// In the codes of the corpus, and in no answer.
const CODE: &str = "0a1b2c3d";
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "\"code\":", "\"js_code\":", "\"appid\":", "\"rawData\":", "\"signature\":", "\"encryptedData\":", "\"encrypteData\":",
    "\"encrypted_data\":", "\"iv\":", "\"0a1b2c3d\"", "\"wx0123456789abcdef\"", "\"\"", "null", "17", "[", "]", "{", "}", ",",
    "\\u0000", "\\ud800", "code=", "js_code=", "appid=", "rawData=", "signature=", "encryptedData=", "iv=", "&", "+", "%2B",
    "%", "=", "\u{4f60}",
];

#[test]
fn a_login_is_read_alike_as_json_and_as_form_and_a_refusal_repeats_no_value() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/login");
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder);
    let info = RequestInfo {
        arrived: Instant::now(),
        now: UnixSeconds(0),
        client: None,
        authorization: Authorization::of(&HeaderMap::new()),
        is_local: false,
        rid: app.request_ids.next(0),
    };
    let read = |media, bytes: &[u8]| decode(&app, &info, &HeaderMap::new(), Ok((media, bytes.to_vec().into())));
    Target { corpus, words: WORDS, inputs: 60_000, outcomes: &["json", "form", "refused"] }.run(|input| {
        let (media, request) = match (read(Media::Json, input), read(Media::Form, input)) {
            (Ok(request), _) => ("json", request),
            (Err(_), Ok(request)) => ("form", request),
            (Err(one), Err(other)) => {
                [one, other].into_iter().for_each(is_silent);
                return "refused";
            }
        };
        assert!((1..=512).contains(&request.code.len()) && request.code.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(request.appid, APPID);
        let fields = printed(&request);
        let as_json = read(Media::Json, Value::Object(fields.clone()).to_string().as_bytes());
        let as_form = read(Media::Form, form(&fields).as_bytes());
        for again in [as_json, as_form] {
            assert!(again.is_ok_and(|again| again.fingerprint() == request.fingerprint()));
        }
        media
    });
}

fn app(folder: &tempfile::TempDir) -> Arc<App> {
    let wechat = Client::new(&wx_client::Settings::default(), Vec::new(), Arc::new(NoKeep)).unwrap();
    let store = SqliteStore::open(&wxgate_store::Settings::default(), &folder.path().join("data")).unwrap();
    let vault = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
    App::new(Settings::for_apps([APPID]), Arc::new(wechat), Arc::new(store), Arc::new(vault), Arc::new(SystemClock))
}

/// The fields as a client would send them.
fn printed(request: &LoginRequest) -> Map<String, Value> {
    let mut fields = vec![("code", request.code.as_str()), ("appid", &request.appid)];
    for (names, pair) in
        [(["rawData", "signature"], &request.profile.signed), (["encryptedData", "iv"], &request.profile.sealed)]
    {
        let Some((one, other)) = pair else { continue };
        assert!(!one.is_empty() && !other.is_empty());
        fields.extend([(names[0], one.as_str()), (names[1], other)]);
    }
    fields.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

fn form(fields: &Map<String, Value>) -> String {
    let text =
        |value: &Value| utf8_percent_encode(value.as_str().unwrap(), NON_ALPHANUMERIC).to_string().replace("%20", "+");
    fields.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join("&")
}

/// A refusal may name a key, cut short; never a value.
fn is_silent(error: ApiError) {
    let ApiError::BadRequest(problem) = error else { panic!("{error}") };
    let names_a_key = matches!(problem, Problem::UnknownKey(_) | Problem::DuplicateKey(_));
    for language in [Language::Chinese, Language::English] {
        let sentence = problem.sentence(language);
        assert!(sentence.chars().count() < 200 && !sentence.contains(char::is_control), "{sentence:?}");
        assert!(names_a_key || !sentence.contains(CODE), "{sentence}");
    }
}
