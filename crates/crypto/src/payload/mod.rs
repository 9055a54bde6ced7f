//! Payloads of WeChat's open data: what a mini program gets as `encryptedData` and `iv`, and hands to its server.
//!
//! AES-128-CBC with PKCS#7 padding to 16, keyed with the session_key, without a MAC (WeChat: 小程序开放数据校验与解密).
//! So what opens is not yet authentic: a payload is taken only when its padding, text, keys, types and watermark are all
//! exactly as WeChat makes them, and whoever answers a client must not let failures be told apart.

pub(crate) mod cipher;
pub(crate) mod content;
mod encrypted;
mod open_data;
mod phone;
mod raw_data;
mod unopenable;
mod user_info;

pub use content::{Content, Kind, Watermark};
pub use encrypted::Encrypted;
pub use open_data::{Group, Share, Step, WeRun};
pub use phone::Phone;
pub use raw_data::RawData;
pub use unopenable::{Stage, Unopenable};
pub use user_info::UserInfo;

use crate::SessionKey;
use zeroize::Zeroizing;

/// How far a watermark may lie behind, in seconds.
const MAX_AGE: i64 = 300;
/// How far a watermark may be ahead, in seconds: WeChat's clock is not ours.
const MAX_LEAD: i64 = 60;

/// What the watermark of a payload must say.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// Exactly this appid: the one of the session, not merely a known one.
    pub appid: &'a str,
    /// Unix seconds. The watermark may be 300 seconds older and 60 younger.
    pub now: i64,
}

/// Opens a payload and checks all that can be checked without asking WeChat.
pub fn open<C: Content>(encrypted: &Encrypted, key: &SessionKey, expect: &Expect<'_>) -> Result<C, Unopenable> {
    let text = open_text(encrypted, key)?;
    let content = content::read::<C>(&text)?;
    check(content.watermark(), expect)?;
    Ok(content)
}

/// Decrypts a payload, checks its padding whole, and gives the text as it is: for diagnosis, never for an answer.
pub fn open_text(encrypted: &Encrypted, key: &SessionKey) -> Result<Zeroizing<String>, Unopenable> {
    let bytes = cipher::decrypt(key.bytes(), encrypted.iv(), encrypted.ciphertext());
    let bytes = cipher::unpadded(&bytes, cipher::BLOCK).ok_or(Stage::Padding)?;
    let text = str::from_utf8(bytes).map_err(|_| Stage::Utf8)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Encrypts as WeChat does: for a stand-in of WeChat, and for tests. `iv` should be random.
pub fn seal(plaintext: &[u8], key: &SessionKey, iv: [u8; 16]) -> Encrypted {
    Encrypted::new(cipher::encrypt(key.bytes(), &iv, plaintext), iv)
}

fn check(watermark: &Watermark, expect: &Expect<'_>) -> Result<(), Stage> {
    if watermark.appid != expect.appid {
        return Err(Stage::WatermarkAppid);
    }
    watermark.check_time(expect.now)
}

impl Watermark {
    pub(crate) fn check_time(&self, now: i64) -> Result<(), Stage> {
        match self.timestamp {
            old if old < now.saturating_sub(MAX_AGE) => Err(Stage::TooOld),
            early if early > now.saturating_add(MAX_LEAD) => Err(Stage::FromTheFuture),
            _ => Ok(()),
        }
    }
}
