//! What is sealed before it is stored: session keys, phone numbers, access tokens.

mod key_file;

use crate::{Error, mac::hmac_sha256, random::random};
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// What a sealed value is. It is authenticated with the value, so that no value opens in another's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A member's session_key.
    SessionKey,
    /// A member's phone number.
    Phone,
    /// An answer kept to be given once more.
    Answer,
    /// The access_token of an app; its openid is empty.
    AccessToken,
    /// What WeChat's message push said; the openid is empty where it names nobody.
    Event,
    /// A key that signs our tokens; appid and openid are empty.
    JwtKey,
    /// What a plugin keeps: the plugin's name stands for the appid, the entry's key for the openid.
    PluginEntry,
    /// The secret of a webhook, whose id stands in the openid's place; its appid is empty.
    Webhook,
}

impl Purpose {
    /// Part of what stands on disk: a number, once given, stays.
    const fn number(self) -> u8 {
        match self {
            Self::SessionKey => 1,
            Self::Phone => 2,
            Self::Answer => 3,
            Self::AccessToken => 4,
            Self::Event => 5,
            Self::JwtKey => 7,
            Self::PluginEntry => 9,
            Self::Webhook => 6,
        }
    }
}

/// Seals with XChaCha20-Poly1305 under the first key of a key file; opens with any of them.
///
/// A sealed value is `[key id, u32 big-endian][nonce, 24 bytes][ciphertext and tag]`. Nonces are random: 192 bits leave
/// no room for a repetition. The keys of the file are never used themselves; each use has one derived by HMAC-SHA256.
pub struct Vault {
    keys: Vec<Key>,
    phone_index: Zeroizing<[u8; 32]>,
    pseudonym: Zeroizing<[u8; 32]>,
    cursor: Zeroizing<[u8; 32]>,
}

struct Key {
    id: u32,
    cipher: XChaCha20Poly1305,
}

silent_debug!(Vault);

impl Vault {
    /// Seals `plaintext` for one column of one member.
    ///
    /// # Panics
    /// Only when the operating system gives no random bytes, or for a plaintext of more than 256 GiB.
    pub fn seal(&self, purpose: Purpose, appid: &str, openid: &str, plaintext: &[u8]) -> Vec<u8> {
        let key = &self.keys[0];
        let nonce = random::<NONCE_BYTES>();
        let mut sealed = Vec::with_capacity(ID_BYTES + NONCE_BYTES + plaintext.len() + TAG_BYTES);
        sealed.extend_from_slice(&key.id.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let tag = key
            .cipher
            .encrypt_inout_detached(
                &XNonce::from(nonce),
                &associated_data(purpose, appid, openid),
                (&mut sealed[ID_BYTES + NONCE_BYTES..]).into(),
            )
            .expect("a plaintext in memory is shorter than 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`seal`](Self::seal) gave, under whichever key it was sealed.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when the key file lacks its key, [`Error::Sealed`] for everything else.
    pub fn open(
        &self,
        purpose: Purpose,
        appid: &str,
        openid: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (id, rest) = sealed.split_first_chunk::<ID_BYTES>().ok_or(Error::Sealed)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Sealed)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Error::Sealed)?;
        let id = u32::from_be_bytes(*id);
        let key = self.keys.iter().find(|key| key.id == id).ok_or(Error::UnknownKey(id))?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        key.cipher
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &associated_data(purpose, appid, openid),
                plaintext.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| Error::Sealed)?;
        Ok(plaintext)
    }

    /// The index entry of a phone number, for exact search: without the key file nobody can try numbers against it.
    ///
    /// Its key comes from the oldest key, the last line of the file, and so outlives rotation. As long as that line stays.
    pub fn phone_index(&self, phone_number: &str) -> [u8; 32] {
        hmac_sha256(&*self.phone_index, &[phone_number.as_bytes()])
    }

    /// A name for a person where no personal data may stand: the failure budget, the journal of erasures.
    ///
    /// Its key comes from the oldest key, as that of [`phone_index`](Self::phone_index) does.
    pub fn pseudonym(&self, appid: &str, openid: &str) -> [u8; 32] {
        hmac_sha256(&*self.pseudonym, &[&length(appid), appid.as_bytes(), openid.as_bytes()])
    }

    /// What shows that a cursor into a list was made here: 128 bits over what it says.
    ///
    /// Its key comes from the oldest key, as that of [`phone_index`](Self::phone_index) does.
    pub fn cursor_mark(&self, cursor: &[u8]) -> [u8; 16] {
        let mut mark = [0; 16];
        mark.copy_from_slice(&hmac_sha256(&*self.cursor, &[cursor])[..16]);
        mark
    }
}

/// The appid's length in front makes the border between the two texts part of what is authenticated.
fn associated_data(purpose: Purpose, appid: &str, openid: &str) -> Vec<u8> {
    [b"wxgate-vault-1".as_slice(), &[purpose.number()], &length(appid), appid.as_bytes(), openid.as_bytes()].concat()
}

fn length(text: &str) -> [u8; 8] {
    (text.len() as u64).to_be_bytes()
}

impl Key {
    fn new(id: u32, secret: &[u8; 32]) -> Self {
        Self { id, cipher: XChaCha20Poly1305::new(&(*derived(secret, b"seal")).into()) }
    }
}

fn derived(secret: &[u8; 32], name: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hmac_sha256(secret, &[b"wxgate-key-1 ", name]))
}
