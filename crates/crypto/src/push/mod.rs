//! Message push (消息推送): what WeChat sends to a server, signed and encrypted as its security mode does.
//!
//! The signature in the URL covers the time and a nonce and nothing of the body; only `msg_signature` does. So a body is
//! decrypted after that one has been found right, and what comes without it proves nothing.
//!
//! Neither signature says where one part ends and the next begins, or which is which: the parts are sorted and joined.
//! Whoever saw a push can offer it again with time and nonce exchanged, or cut elsewhere. So the time in the URL does not
//! make a push new; the `CreateTime` of the message, which is encrypted and signed, must be looked at too.

mod cipher;
mod key;
mod refused;

use crate::signature::hex;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use key::{EncodingAesKey, PushToken};
pub use refused::{Refused, Stage};

/// The message push of one app, as its two ends have agreed on it.
#[derive(Clone)]
pub struct Channel {
    appid: String,
    token: PushToken,
    keys: Vec<EncodingAesKey>,
}

silent_debug!(Channel);

/// A push as it arrives: three values of the query, and `Encrypt` of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push<'a> {
    /// Unix seconds as text, part of what is signed as it stands.
    pub timestamp: &'a str,
    /// Part of what is signed.
    pub nonce: &'a str,
    /// Lowercase hex of a SHA-1.
    pub msg_signature: &'a str,
    /// Base64 of the ciphertext.
    pub encrypt: &'a str,
}

/// What [`Channel::seal`] makes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// `Encrypt`
    pub encrypt: String,
    /// `msg_signature`
    pub msg_signature: String,
}

impl Channel {
    /// The push of `appid`, whose console shows this token and this key.
    pub fn new(appid: impl Into<String>, token: PushToken, key: EncodingAesKey) -> Self {
        Self { appid: appid.into(), token, keys: vec![key] }
    }

    /// The key before the one in the console: WeChat may use it for some time after a change.
    #[must_use]
    pub fn with_previous(mut self, key: EncodingAesKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The `signature` in the URL: lowercase hex of SHA-1 over token, timestamp and nonce, sorted as bytes.
    pub fn signature(&self, timestamp: &str, nonce: &str) -> String {
        signed(&mut [self.token.expose(), timestamp, nonce])
    }

    /// Whether `signature` is the one of this URL, in a time that does not depend on where they differ.
    pub fn signature_matches(&self, timestamp: &str, nonce: &str, signature: &str) -> bool {
        self.signature(timestamp, nonce).as_bytes().ct_eq(signature.as_bytes()).into()
    }

    /// The message of a push, if WeChat sent it to this app. The signature is compared before a key is used; then the
    /// keys are tried, the present one first.
    ///
    /// # Errors
    /// [`Refused`], whatever the reason.
    pub fn open(&self, push: &Push<'_>) -> Result<Zeroizing<String>, Refused> {
        let expected = self.msg_signature(push.timestamp, push.nonce, push.encrypt);
        if !bool::from(expected.as_bytes().ct_eq(push.msg_signature.as_bytes())) {
            return Err(Stage::MsgSignature.into());
        }
        let ciphertext = BASE64_STANDARD.decode(push.encrypt).map_err(|_| Stage::Base64)?;
        let mut opened = self.keys.iter().map(|key| cipher::open(key, &ciphertext, &self.appid));
        let first = opened.next().unwrap_or(Err(Stage::Blocks));
        Ok(first.or_else(|stage| opened.find_map(Result::ok).ok_or(stage))?)
    }

    /// What WeChat sends for `message`: for a stand-in of WeChat, and for tests. `random` is 16 random bytes.
    pub fn seal(&self, message: &str, random: [u8; 16], timestamp: &str, nonce: &str) -> Sealed {
        let encrypt = BASE64_STANDARD.encode(cipher::seal(&self.keys[0], random, message, &self.appid));
        let msg_signature = self.msg_signature(timestamp, nonce, &encrypt);
        Sealed { encrypt, msg_signature }
    }

    fn msg_signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        signed(&mut [self.token.expose(), timestamp, nonce, encrypt])
    }
}

fn signed(parts: &mut [&str]) -> String {
    parts.sort_unstable();
    hex(&parts.iter().fold(Sha1::new(), Digest::chain_update).finalize())
}
