//! The people of a benchmark: whoever has the number has the rest, so that nobody need be told.

use std::time::SystemTime;

/// The key that WeChat shares for everybody: base64 of 16 bytes.
pub const SESSION_KEY: &str = "d3hnYXRlIGJlbmNobWFyaw==";

/// Everybody's phone number, so that nobody's changes: that would need a fresh login.
const PHONE: &str = "13800138000";

/// Who the member with this number is to WeChat: 28 characters, as real ones have.
pub fn openid(number: u64) -> String {
    format!("oBench{number:022}")
}

/// What WeChat says of their phone, now: as the answer to a code, and as the text in a payload.
pub fn phone(appid: &str) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    format!(
        r#"{{"phoneNumber":"{PHONE}","purePhoneNumber":"{PHONE}","countryCode":"86","watermark":{{"timestamp":{now},"appid":"{appid}"}}}}"#
    )
}
