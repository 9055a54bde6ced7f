use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use wxgate_crypto::SessionKey;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Where everything that looks random comes from: SHA-256 over a seed and a counter, so that a seed repeats a run.
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let seed = seed.map_or_else(from_system, |seed| Sha256::digest(seed.to_le_bytes()).into());
        Self { seed, counter: 0 }
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_le_bytes()).finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.counter += 1;
        }
        bytes
    }

    /// `N` bytes as lowercase hex.
    pub(crate) fn hex<const N: usize>(&mut self) -> String {
        hex(&self.bytes::<N>())
    }

    /// `N` bytes in the alphabet `A-Za-z0-9_-`.
    pub(crate) fn url_safe<const N: usize>(&mut self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.bytes::<N>())
    }

    /// What `wx.login` gives: 32 characters `0-9A-Za-z`, the first a zero.
    pub(crate) fn login_code(&mut self) -> String {
        let tail = self.bytes::<31>().map(|byte| char::from(ALPHANUMERIC[usize::from(byte) % ALPHANUMERIC.len()]));
        std::iter::once('0').chain(tail).collect()
    }

    pub(crate) fn session_key(&mut self) -> SessionKey {
        SessionKey::parse(&BASE64_STANDARD.encode(self.bytes::<16>())).expect("16 bytes in base64 are a session_key")
    }
}

fn from_system() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system gives random bytes");
    seed
}

/// Lowercase hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_a_run_and_another_does_not() {
        let run = |seed| Random::new(seed).login_code();
        assert_eq!(run(Some(7)), run(Some(7)));
        assert_ne!(run(Some(7)), run(Some(8)));
        assert_ne!(run(None), run(None));
    }

    #[test]
    fn codes_have_the_shapes_that_wechat_gives_them() {
        let mut random = Random::new(Some(1));
        let login = random.login_code();
        assert!(login.len() == 32 && login.starts_with('0') && login.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let phone = random.hex::<32>();
        assert!(phone.len() == 64 && phone.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        assert_eq!(random.session_key().expose().len(), 24);
    }
}
