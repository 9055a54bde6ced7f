//! AES-128-CBC and PKCS#7.

use aes::Aes128;
use cbc::cipher::{
    BlockModeDecrypt, BlockModeEncrypt, KeyIvInit,
    block_padding::{NoPadding, Pkcs7},
};
use zeroize::Zeroizing;

/// Bytes of an AES block, and what open data is padded to.
pub(crate) const BLOCK: u8 = 16;

/// Decrypts whole blocks and leaves the padding where it is.
pub(crate) fn decrypt(key: &[u8; 16], iv: &[u8; 16], ciphertext: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    cbc::Decryptor::<Aes128>::new(key.into(), iv.into())
        .decrypt_padded::<NoPadding>(&mut bytes)
        .expect("an `Encrypted` holds whole blocks");
    bytes
}

/// What stands before the padding, if that is PKCS#7 for blocks of `block` bytes: 1 to `block` equal bytes that say how many
/// they are. Every one of them is looked at.
pub(crate) fn unpadded(bytes: &[u8], block: u8) -> Option<&[u8]> {
    let pad = *bytes.last().filter(|pad| (1..=block).contains(pad))?;
    let (content, padding) = bytes.split_at(bytes.len().checked_sub(pad.into())?);
    padding.iter().all(|byte| *byte == pad).then_some(content)
}

pub(crate) fn encrypt(key: &[u8; 16], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Aes128>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plaintext)
}
