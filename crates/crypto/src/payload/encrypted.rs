//! A payload that has its shape, and is not open yet.

use super::cipher::BLOCK;
use crate::{Error, Repair, Shape, transport::repair_base64};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::fmt;

/// `encryptedData` and `iv`: whole blocks and 16 bytes, so that opening them can only fail for what they hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Encrypted {
    text: String,
    ciphertext: Vec<u8>,
    iv: [u8; 16],
    repairs: Vec<Repair>,
}

impl Encrypted {
    /// Reads the two texts as received, undoing the damage of transport. No key is used: what fails here fails for everybody
    /// alike, and may be answered plainly.
    ///
    /// # Errors
    /// [`Error::EncryptedData`] or [`Error::Iv`].
    pub fn parse(encrypted_data: &str, iv: &str) -> Result<Self, Error> {
        let (text, ciphertext, mut repairs) =
            repair_base64(encrypted_data).map_err(|_| Error::EncryptedData(Shape::NotBase64))?;
        let bytes = ciphertext.len();
        if bytes == 0 || !bytes.is_multiple_of(BLOCK.into()) {
            return Err(Error::EncryptedData(Shape::Length { bytes }));
        }
        let (_, iv, iv_repairs) = repair_base64(iv).map_err(|_| Error::Iv(Shape::NotBase64))?;
        let iv = iv.as_slice().try_into().map_err(|_| Error::Iv(Shape::Length { bytes: iv.len() }))?;
        for repair in iv_repairs {
            if !repairs.contains(&repair) {
                repairs.push(repair);
            }
        }
        Ok(Self { text, ciphertext, iv, repairs })
    }

    pub(super) fn new(ciphertext: Vec<u8>, iv: [u8; 16]) -> Self {
        Self { text: BASE64_STANDARD.encode(&ciphertext), ciphertext, iv, repairs: Vec::new() }
    }

    /// The canonical base64 text: as WeChat made it, whatever happened on the way. Its SHA-256 is what checkencryptedmsg asks for.
    pub fn encrypted_data(&self) -> &str {
        &self.text
    }

    /// The bytes behind it, one or more blocks of 16.
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// The `iv` in canonical base64.
    pub fn iv_text(&self) -> String {
        BASE64_STANDARD.encode(self.iv)
    }

    /// What was undone to read the two texts, each once.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    pub(crate) fn iv(&self) -> &[u8; 16] {
        &self.iv
    }
}

impl fmt::Debug for Encrypted {
    /// Lengths and repairs only: whoever has the ciphertext and a later leaked key has the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted")
            .field("ciphertext_bytes", &self.ciphertext.len())
            .field("iv_bytes", &self.iv.len())
            .field("repairs", &self.repairs)
            .finish_non_exhaustive()
    }
}
