use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};

use super::{AgeError, hkdf};

/// Bytes of a chunk before it is sealed. Every chunk but the last has so many; the last has at least one, unless it is
/// the only one.
pub const CHUNK_BYTES: usize = 64 << 10;
/// Bytes of a full chunk as it stands in the file.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Bytes between the header and the first chunk.
pub const PAYLOAD_NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// STREAM: each chunk is sealed for its place, and the last one as the last, so that none can be cut off or moved.
struct Stream {
    cipher: ChaCha20Poly1305,
    /// Chunks so far: 2⁶⁴ of them are never reached.
    chunks: u64,
}

impl Stream {
    fn new(file_key: &[u8], nonce: &[u8; PAYLOAD_NONCE_BYTES]) -> Self {
        Self { cipher: ChaCha20Poly1305::new(&(*hkdf(file_key, nonce, b"payload")).into()), chunks: 0 }
    }

    /// An 11-byte counter, big-endian, and whether it is the last.
    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.chunks.to_be_bytes());
        nonce[11] = is_last.into();
        self.chunks += 1;
        Nonce::from(nonce)
    }
}

/// Seals the chunks of one file, in order.
pub struct Sealer(Stream);

/// Opens the chunks of one file, in order.
pub struct Opener(Stream);

silent_debug!(Sealer, Opener);

impl Sealer {
    pub(super) fn new(file_key: &[u8], nonce: &[u8; PAYLOAD_NONCE_BYTES]) -> Self {
        Self(Stream::new(file_key, nonce))
    }

    /// Seals the next chunk in its place.
    ///
    /// # Panics
    /// For a chunk of more than 256 GiB.
    pub fn seal(&mut self, chunk: &mut Vec<u8>, is_last: bool) {
        let nonce = self.0.nonce(is_last);
        let tag = self.0.cipher.encrypt_inout_detached(&nonce, &[], chunk.as_mut_slice().into());
        chunk.extend_from_slice(&tag.expect("a chunk is shorter than 256 GiB"));
    }
}

impl Opener {
    pub(super) fn new(file_key: &[u8], nonce: &[u8; PAYLOAD_NONCE_BYTES]) -> Self {
        Self(Stream::new(file_key, nonce))
    }

    /// Opens the next chunk in its place.
    ///
    /// # Errors
    /// [`AgeError::Chunk`]; what `chunk` holds then is of no use.
    pub fn open(&mut self, chunk: &mut Vec<u8>, is_last: bool) -> Result<(), AgeError> {
        let nonce = self.0.nonce(is_last);
        let length = chunk.len().checked_sub(TAG_BYTES).ok_or(AgeError::Chunk)?;
        let may_be_empty = is_last && self.0.chunks == 1;
        if length > CHUNK_BYTES || length == 0 && !may_be_empty {
            return Err(AgeError::Chunk);
        }
        let tag = Tag::try_from(&chunk[length..]).map_err(|_| AgeError::Chunk)?;
        chunk.truncate(length);
        let opened = self.0.cipher.decrypt_inout_detached(&nonce, &[], chunk.as_mut_slice().into(), &tag);
        opened.map_err(|_| AgeError::Chunk)
    }
}
