use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How the text of every secret begins (Standard Webhooks: symmetric keys).
const PREFIX: &str = "whsec_";
/// Bytes of a secret of ours.
const BYTES: usize = 32;
/// Bytes a secret may have (Standard Webhooks).
const ALLOWED_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What signs the messages to one receiver: 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new one.
    ///
    /// # Panics
    /// When the operating system has no random bytes to give: there is nothing safe to go on with.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new(vec![0; BYTES]);
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        Self(bytes)
    }

    /// Reads `whsec_` and base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?);
        ALLOWED_BYTES.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// Its text, which a receiver is given once.
    pub fn expose(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(self.0.as_slice()));
        Zeroizing::new(format!("{PREFIX}{}", encoded.as_str()))
    }

    /// The signature of a message that is sent at `timestamp`: `v1,` and base64 of the HMAC-SHA256 of `id.timestamp.body`.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whsec_and_24_to_64_bytes_are_a_secret() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bytes in [24, 32, 64] {
            assert_eq!(*Secret::parse(&of(bytes)).unwrap().expose(), of(bytes));
        }
        for text in [of(23), of(65), of(32).replace("whsec_", ""), of(32) + " ", "whsec_".to_owned(), String::new()] {
            assert_eq!(Secret::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn a_secret_is_new_each_time_and_shows_nothing() {
        let (one, other) = (Secret::random(), Secret::random());
        assert!(one != other && one.0.len() == BYTES);
        assert_eq!(format!("{one:?}"), "Secret");
    }
}
