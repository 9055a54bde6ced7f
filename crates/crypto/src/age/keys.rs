use std::fmt;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::AgeError;
use crate::random::random;

const RECIPIENT: Hrp = Hrp::parse_unchecked("age");
const IDENTITY: Hrp = Hrp::parse_unchecked("age-secret-key-");

/// Whom a file is for: `age1…`. Not secret, but whoever knows it can make files that its holder opens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recipient(pub(super) PublicKey);

impl Recipient {
    /// Reads `age1…`.
    ///
    /// # Errors
    /// [`AgeError::Recipient`]
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        let key = decode(RECIPIENT, text).filter(|_| text.starts_with("age1")).ok_or(AgeError::Recipient)?;
        Ok(Self(PublicKey::from(*key)))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode_to_fmt::<Bech32, _>(f, RECIPIENT, self.0.as_bytes()).map_err(|_| fmt::Error)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key that opens: `AGE-SECRET-KEY-1…`.
pub struct Identity(pub(super) StaticSecret);

silent_debug!(Identity);

impl Identity {
    /// A new key.
    pub fn generate() -> Self {
        Self(StaticSecret::from(*Zeroizing::new(random::<32>())))
    }

    /// Who can be given files that this key opens.
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }

    /// The text of a key file with this key: what `age-keygen` writes, so that `age -d -i FILE` takes it.
    ///
    /// # Panics
    /// Never: 32 bytes fit.
    pub fn to_file(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(self.0.to_bytes());
        let key = bech32::encode_upper::<Bech32>(IDENTITY, &*secret).expect("32 bytes fit a code word");
        let key = Zeroizing::new(key);
        Zeroizing::new(format!("# public key: {}\n{}\n", self.recipient(), *key))
    }

    /// Reads a key file: a key a line; blank lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`AgeError::Identity`] also for a file without a key.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, AgeError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<Self> = lines.map(Self::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(AgeError::Identity) } else { Ok(keys) }
    }

    fn parse(line: &str) -> Result<Self, AgeError> {
        let key = decode(IDENTITY, line).filter(|_| line.starts_with("AGE-SECRET-KEY-1")).ok_or(AgeError::Identity)?;
        Ok(Self(StaticSecret::from(*key)))
    }
}

/// The 32 bytes of a code word with this prefix, in either case.
fn decode(prefix: Hrp, text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let word = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if word.hrp() != prefix {
        return None;
    }
    let bytes = Zeroizing::new(word.byte_iter().collect::<Vec<u8>>());
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}
