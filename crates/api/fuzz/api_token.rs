use wxgate_fuzz::Target;

use super::{ApiTokenText, Digest, Engine, ID_BYTES, SECRET_BYTES, Sha256, URL_SAFE_NO_PAD};

#[test]
fn an_api_token_has_one_text() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/api_token");
    let words = ["wxa_", "wxg_", "A", "_", "-", "=", "AAAAAAAAAAAA"];
    Target { corpus, words: &words, inputs: 100_000, outcomes: &["token", "refused"] }.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return "refused" };
        let Some((id, hash)) = ApiTokenText::parse(text) else { return "refused" };
        let bytes = URL_SAFE_NO_PAD.decode(&text[ApiTokenText::PREFIX.len()..]).unwrap();
        assert_eq!(text, format!("wxa_{}", URL_SAFE_NO_PAD.encode(&bytes)));
        assert_eq!(bytes.len(), ID_BYTES + SECRET_BYTES);
        assert_eq!(
            (id.as_bytes(), hash),
            (&bytes[..ID_BYTES].try_into().unwrap(), Sha256::digest(&bytes[ID_BYTES..]).into())
        );
        "token"
    });
}
