use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::payload::{Opener, PAYLOAD_NONCE_BYTES, Sealer};
use super::{AgeError, Identity, Recipient, hkdf};
use crate::mac::hmac_sha256;
use crate::random::random;

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
const WRAP: &[u8] = b"age-encryption.org/v1/X25519";
const FILE_KEY_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Columns of a full line of a stanza's body; a shorter one ends it.
const COLUMNS: usize = 64;
/// Far above the header of a file for a hundred recipients.
pub const MAX_HEADER_BYTES: usize = 16 << 10;

type FileKey = Zeroizing<[u8; FILE_KEY_BYTES]>;

/// Begins a file for `recipients`: what stands at its head, and what seals the chunks that follow.
pub fn seal(recipients: &[Recipient]) -> (Vec<u8>, Sealer) {
    let file_key: FileKey = Zeroizing::new(random());
    let mut text = format!("{VERSION}\n");
    for recipient in recipients {
        text += &stanza(recipient, &file_key);
    }
    text += "---";
    let mac = header_mac(&file_key, text.as_bytes());
    text = format!("{text} {}\n", BASE64_STANDARD_NO_PAD.encode(mac));
    let nonce = random::<PAYLOAD_NONCE_BYTES>();
    let mut head = text.into_bytes();
    head.extend_from_slice(&nonce);
    (head, Sealer::new(&*file_key, &nonce))
}

fn stanza(recipient: &Recipient, file_key: &FileKey) -> String {
    let secret = StaticSecret::from(*Zeroizing::new(random::<32>()));
    let share = PublicKey::from(&secret);
    let key = wrap_key(&secret, &recipient.0, &share, &recipient.0);
    let mut body = *file_key.clone();
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    let tag = cipher.encrypt_inout_detached(&Nonce::default(), &[], body.as_mut_slice().into());
    let tag = tag.expect("16 bytes are shorter than 256 GiB");
    let body = BASE64_STANDARD_NO_PAD.encode([body.as_slice(), &tag].concat());
    format!("-> {X25519} {}\n{body}\n", BASE64_STANDARD_NO_PAD.encode(share.as_bytes()))
}

fn wrap_key(
    secret: &StaticSecret,
    public: &PublicKey,
    share: &PublicKey,
    recipient: &PublicKey,
) -> Zeroizing<[u8; 32]> {
    let shared = secret.diffie_hellman(public);
    hkdf(shared.as_bytes(), &[*share.as_bytes(), *recipient.as_bytes()].concat(), WRAP)
}

fn header_mac(file_key: &FileKey, text: &[u8]) -> [u8; 32] {
    hmac_sha256(&*hkdf(&**file_key, &[], b"header"), &[text])
}

/// The head of a file, up to the line that ends it.
pub struct Header<'a> {
    /// All up to and with the `---`.
    authenticated: &'a [u8],
    mac: [u8; 32],
    /// The share and the wrapped key of each X25519 stanza.
    stanzas: Vec<([u8; 32], [u8; FILE_KEY_BYTES + TAG_BYTES])>,
}

impl<'a> Header<'a> {
    /// Reads the lines from the first to the one that begins with `---`, line feeds included.
    ///
    /// # Errors
    /// [`AgeError::Header`]
    pub fn parse(text: &'a [u8]) -> Result<Self, AgeError> {
        Self::read(text).ok_or(AgeError::Header)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut lines = text.split('\n').peekable();
        if lines.next()? != VERSION {
            return None;
        }
        let mut stanzas = Vec::new();
        while let Some(line) = lines.next() {
            if let Some(mac) = line.strip_prefix("--- ") {
                let authenticated = bytes.len().checked_sub(mac.len() + 2)?;
                let last = lines.next().is_none() && !stanzas.is_empty();
                return last.then_some(Self {
                    authenticated: &bytes[..authenticated],
                    mac: decode(mac)?,
                    stanzas: stanzas.into_iter().flatten().collect(),
                });
            }
            let arguments: Vec<&str> = line.strip_prefix("-> ")?.split(' ').collect();
            let mut body = String::new();
            loop {
                let line = lines.next().filter(|line| line.len() <= COLUMNS)?;
                body += line;
                if line.len() < COLUMNS {
                    break;
                }
            }
            stanzas.push(match arguments[..] {
                [X25519, share] => Some((decode(share)?, decode(&body)?)),
                _ => None,
            });
        }
        None
    }

    /// What opens the chunks, if one of the keys is one of those that the file was made for.
    ///
    /// # Errors
    /// [`AgeError::NoKey`]; [`AgeError::Header`] when a key fits but the header was altered.
    pub fn open(&self, keys: &[Identity], nonce: &[u8; PAYLOAD_NONCE_BYTES]) -> Result<Opener, AgeError> {
        let mut pairs = self.stanzas.iter().flat_map(|stanza| keys.iter().map(move |key| (stanza, key)));
        let file_key = pairs.find_map(|(stanza, key)| unwrap(stanza, key)).ok_or(AgeError::NoKey)?;
        if !bool::from(header_mac(&file_key, self.authenticated).ct_eq(&self.mac)) {
            return Err(AgeError::Header);
        }
        Ok(Opener::new(&*file_key, nonce))
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64_STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn unwrap((share, body): &([u8; 32], [u8; FILE_KEY_BYTES + TAG_BYTES]), key: &Identity) -> Option<FileKey> {
    let share = PublicKey::from(*share);
    let wrap = wrap_key(&key.0, &share, &share, &key.recipient().0);
    let (wrapped, tag) = body.split_first_chunk::<FILE_KEY_BYTES>()?;
    let mut file_key: FileKey = Zeroizing::new(*wrapped);
    let tag = Tag::try_from(tag).ok()?;
    let cipher = ChaCha20Poly1305::new(&(*wrap).into());
    cipher.decrypt_inout_detached(&Nonce::default(), &[], file_key.as_mut_slice().into(), &tag).ok()?;
    Some(file_key)
}
