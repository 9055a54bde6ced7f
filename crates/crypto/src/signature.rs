//! The two signatures that are made with a `session_key`. Both take its text, not the 16 bytes behind it.

use crate::{SessionKey, mac::hmac_sha256};
use sha1::{Digest, Sha1};
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// The signature beside `rawData`: lowercase hex of SHA-1 over `rawData` followed by the session_key's text.
///
/// `raw_data` must be the text as received, byte for byte: parsed and written anew it has another signature
/// (WeChat: 小程序开放数据校验与解密).
pub fn raw_data(raw_data: &str, key: &SessionKey) -> String {
    hex(&Sha1::new().chain_update(raw_data).chain_update(key.expose()).finalize())
}

/// Whether `signature` is the one of `raw_data`, in a time that does not depend on where they differ.
///
/// It proves that whoever made it had the session_key; it holds no time, so it can be repeated while the key lives.
pub fn raw_data_matches(raw_data: &str, key: &SessionKey, signature: &str) -> bool {
    self::raw_data(raw_data, key).as_bytes().ct_eq(signature.as_bytes()).into()
}

/// The login state signature of checkSessionKey and its like: lowercase hex of HMAC-SHA256, keyed with the
/// session_key's text. `message` is the body of a POST, and empty for a GET (WeChat: 用户登录态签名).
pub fn login_state(key: &SessionKey, message: &[u8]) -> String {
    hex(&hmac_sha256(key.expose().as_bytes(), &[message]))
}

/// Lowercase hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes every write");
        text
    })
}
