//! Files for the holders of keys: age, version 1 (age-encryption.org/v1), with X25519 recipients.
//!
//! Everybody who knows a recipient can make a file for them: age says who may read, not who wrote. Pure functions on
//! bytes, as all here; who reads and writes the stream brings it a chunk at a time. Source: C2SP, age-encryption.org/v1.
//!
//! The format is written here on the primitives there are, and not taken from the `age` crate: that one brings 130 crates, among
//! them hpke, p256, a second generation of every primitive and a translation framework. It is held against the age tool both
//! ways: a file of the tool opens here (`tests/contract/age.rs`), and the tool opens a backup (`tests/e2e/backup.rs`).

mod header;
mod keys;
mod payload;

pub use header::{Header, MAX_HEADER_BYTES, seal};
pub use keys::{Identity, Recipient};
pub use payload::{CHUNK_BYTES, Opener, PAYLOAD_NONCE_BYTES, SEALED_CHUNK_BYTES, Sealer};

use crate::mac::hmac_sha256;
use zeroize::Zeroizing;

/// Why a file or a key of age was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// Not `age1…` with a right checksum.
    #[error("a recipient is age1 and 58 letters and digits")]
    Recipient,
    /// Not a file of `AGE-SECRET-KEY-1…` lines.
    #[error("not an age key: a line of AGE-SECRET-KEY-1 and 58 capital letters and digits is expected")]
    Identity,
    /// The file does not begin as age files do, or its header is damaged.
    #[error("the header is damaged, or of no age file")]
    Header,
    /// None of the keys is one that the file was made for.
    #[error("made for another key")]
    NoKey,
    /// A chunk is not what was sealed in its place.
    #[error("damaged, or cut off")]
    Chunk,
}

/// HKDF-SHA256 (RFC 5869) with one block of output.
fn hkdf(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = Zeroizing::new(hmac_sha256(salt, &[secret]));
    Zeroizing::new(hmac_sha256(&*extracted, &[info, &[1]]))
}
