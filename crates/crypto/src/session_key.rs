//! The key that WeChat shares with a mini program's server for one member.

use crate::{Error, Shape, random::random};
use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A `session_key` as code2Session gives it. Signatures use its text, decryption its 16 bytes, so both are kept.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey {
    text: String,
    bytes: [u8; 16],
}

silent_debug!(SessionKey);

impl SessionKey {
    /// Reads canonical base64 of exactly 16 bytes, 24 characters. Nothing is repaired: a key comes from WeChat's own
    /// answer, and a damaged one is a fault of whoever stored it ([`crate::diagnosis::session_key`] names it).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let decoded = Zeroizing::new(BASE64_STANDARD.decode(text).map_err(|_| Error::SessionKey(Shape::NotBase64))?);
        let bytes =
            decoded.as_slice().try_into().map_err(|_| Error::SessionKey(Shape::Length { bytes: decoded.len() }))?;
        Ok(Self { text: text.to_owned(), bytes })
    }

    /// A fresh key, as WeChat would make one: for a stand-in of WeChat, and for tests.
    pub fn random() -> Self {
        let bytes = random();
        Self { text: BASE64_STANDARD.encode(bytes), bytes }
    }

    /// The 24 characters. Secret: they sign as well as decrypt.
    pub fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) fn bytes(&self) -> &[u8; 16] {
        &self.bytes
    }
}
