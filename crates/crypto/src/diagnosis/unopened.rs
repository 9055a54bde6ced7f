//! Causes that show when a payload has its shape and no key opens it: each is tried, and seen to be so.

use super::{Cause, Diagnosis};
use crate::{
    SessionKey,
    payload::{
        self, Encrypted,
        cipher::{BLOCK, decrypt, unpadded},
        content,
    },
};
use zeroize::Zeroizing;

/// A cause that was seen to hold, and the text if there is one.
type Found = Option<(Cause, Option<Zeroizing<String>>)>;

pub(super) fn diagnosis(keys: &[SessionKey], encrypted: &Encrypted) -> Diagnosis {
    let tests: [fn(&SessionKey, &Encrypted) -> Found; 5] =
        [padded_to_32, iv_and_key_swapped, wrong_iv, not_json, cut_or_altered];
    let found = tests.iter().find_map(|test| keys.iter().find_map(|key| test(key, encrypted)));
    let unexplained = if keys.is_empty() { Cause::NoSessionKey } else { Cause::StaleSessionKey };
    let (cause, plaintext) = found.unwrap_or((unexplained, None));
    Diagnosis { plaintext, ..Diagnosis::of(cause) }
}

fn padded_to_32(key: &SessionKey, encrypted: &Encrypted) -> Found {
    let bytes = decrypt(key.bytes(), encrypted.iv(), encrypted.ciphertext());
    let text = json(unpadded(&bytes, 2 * BLOCK)?)?;
    Some((Cause::PaddedTo32, Some(text)))
}

fn iv_and_key_swapped(key: &SessionKey, encrypted: &Encrypted) -> Found {
    let bytes = decrypt(encrypted.iv(), key.bytes(), encrypted.ciphertext());
    let text = json(unpadded(&bytes, BLOCK)?)?;
    Some((Cause::IvAndKeySwapped, Some(text)))
}

/// The IV touches the first block only: with the right key and another IV, the rest is the end of a JSON object.
fn wrong_iv(key: &SessionKey, encrypted: &Encrypted) -> Found {
    let bytes = decrypt(key.bytes(), encrypted.iv(), encrypted.ciphertext());
    let (first, rest) = unpadded(&bytes, BLOCK)?.split_at_checked(BLOCK.into())?;
    let rest = str::from_utf8(rest).ok()?;
    (!first.starts_with(b"{\"") && rest.ends_with('}') && rest.contains("\"watermark\""))
        .then_some((Cause::WrongIv, None))
}

fn not_json(key: &SessionKey, encrypted: &Encrypted) -> Found {
    payload::open_text(encrypted, key).ok().map(|text| (Cause::NotJson, Some(text)))
}

/// With the right key and IV, the first block is the beginning of a JSON object, whatever happened to the others.
fn cut_or_altered(key: &SessionKey, encrypted: &Encrypted) -> Found {
    let bytes = decrypt(key.bytes(), encrypted.iv(), &encrypted.ciphertext()[..BLOCK.into()]);
    (bytes.starts_with(b"{\"") && bytes.iter().all(|byte| matches!(byte, b' '..=b'~')))
        .then_some((Cause::CutOrAltered, None))
}

fn json(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = str::from_utf8(bytes).ok()?;
    content::kinds(text).map(|_| Zeroizing::new(text.to_owned()))
}
