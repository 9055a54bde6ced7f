//! The two secrets of message push.

use crate::Error;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Three of four keys leave bits in their last character that belong to no byte; a strict decoder would refuse them.
const RELAXED: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The `EncodingAESKey` of an app's console.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EncodingAesKey([u8; 32]);

/// The `Token` of an app's console: it signs.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PushToken(String);

silent_debug!(EncodingAesKey, PushToken);

impl EncodingAesKey {
    /// Reads the 43 letters and digits that the console shows.
    ///
    /// # Errors
    /// [`Error::EncodingAesKey`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::EncodingAesKey);
        }
        let decoded = Zeroizing::new(RELAXED.decode(text).map_err(|_| Error::EncodingAesKey)?);
        decoded.as_slice().try_into().map(Self).map_err(|_| Error::EncodingAesKey)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PushToken {
    /// Reads the 3 to 32 letters and digits that the console shows.
    ///
    /// # Errors
    /// [`Error::PushToken`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = (3..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(Error::PushToken) }
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}
