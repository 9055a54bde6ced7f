//! AES-256-CBC with the first half of the key as IV, PKCS#7 for blocks of 32, and the frame inside.

use super::{EncodingAesKey, Stage};
use crate::payload::cipher::unpadded;
use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use zeroize::Zeroizing;

/// What messages are padded to: twice the block of the cipher.
const PADDED_TO: u8 = 32;
const CIPHER_BLOCK: usize = 16;
const RANDOM_BYTES: usize = 16;

/// The message in a ciphertext for `appid`.
pub(super) fn open(key: &EncodingAesKey, ciphertext: &[u8], appid: &str) -> Result<Zeroizing<String>, Stage> {
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    // Padding to 32 means that no sender ever makes another length.
    if bytes.is_empty() || !bytes.len().is_multiple_of(PADDED_TO.into()) {
        return Err(Stage::Blocks);
    }
    let (key, iv) = key_and_iv(key);
    cbc::Decryptor::<Aes256>::new(key.into(), iv.into())
        .decrypt_padded::<NoPadding>(&mut bytes)
        .map_err(|_| Stage::Blocks)?;
    let framed = unpadded(&bytes, PADDED_TO).ok_or(Stage::Padding)?;
    let (message, receiver) = unframed(framed).ok_or(Stage::Length)?;
    if receiver != appid.as_bytes() {
        return Err(Stage::Appid);
    }
    std::str::from_utf8(message).map(|message| Zeroizing::new(message.to_owned())).map_err(|_| Stage::Utf8)
}

pub(super) fn seal(key: &EncodingAesKey, random: [u8; RANDOM_BYTES], message: &str, appid: &str) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message is shorter than 4 GiB").to_be_bytes();
    let mut bytes = [random.as_slice(), &length, message.as_bytes(), appid.as_bytes()].concat();
    let pad = PADDED_TO - u8::try_from(bytes.len() % usize::from(PADDED_TO)).expect("less than 32");
    bytes.extend(std::iter::repeat_n(pad, pad.into()));
    let (key, iv) = key_and_iv(key);
    cbc::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<NoPadding>(&bytes)
}

/// `random ‖ length of the message, big-endian ‖ message ‖ appid`: the message, and all that follows it.
fn unframed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.get(RANDOM_BYTES..)?.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn key_and_iv(key: &EncodingAesKey) -> (&[u8; 32], &[u8; CIPHER_BLOCK]) {
    let key = key.bytes();
    (key, key.first_chunk().expect("the first half of the key"))
}
