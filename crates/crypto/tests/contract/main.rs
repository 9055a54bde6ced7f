//! What this crate promises, from outside.

mod age;
mod api_security;
mod diagnosis;
mod forgery;
mod payload;
mod properties;
mod push;
mod skey;
mod vault;
mod vectors;

use wxgate_crypto::SessionKey;
use wxgate_crypto::payload::{Encrypted, seal};

const APPID: &str = "wx0123456789abcdef";
const NOW: i64 = 1_700_000_000;
const IV: [u8; 16] = *b"an iv for tests.";
const PHONE: &str = r#"{"phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":"86","watermark":{"timestamp":1700000000,"appid":"wx0123456789abcdef"}}"#;

fn key() -> SessionKey {
    SessionKey::parse("ABEiM0RVZneImaq7zN3u/w==").expect("a key")
}

fn sealed(text: &str) -> Encrypted {
    seal(text.as_bytes(), &key(), IV)
}
