//! Signed statements that others verify offline: JSON Web Tokens (RFC 7519) with Ed25519 (RFC 8037), and with nothing else.
//! Only their making is here: who verifies is another program, with a library of its own.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Error, random::random};

/// A key that signs, and how tokens name it.
pub struct JwtKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
    /// The header of every token, encoded, with the dot behind it.
    head: String,
}

silent_debug!(JwtKey);

impl JwtKey {
    /// A fresh key.
    ///
    /// # Panics
    /// Only when the operating system gives no random bytes.
    pub fn generate() -> Self {
        Self::of(Zeroizing::new(random()))
    }

    /// The key that [`seed`](Self::seed) gave.
    ///
    /// # Errors
    /// [`Error::JwtKey`]
    pub fn from_seed(seed: &[u8]) -> Result<Self, Error> {
        Ok(Self::of(Zeroizing::new(seed.try_into().map_err(|_| Error::JwtKey)?)))
    }

    fn of(seed: Zeroizing<[u8; 32]>) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).expect("any 32 bytes are the seed of an Ed25519 key");
        let kid = PublicKey::of(&pair).kid();
        let head = encoded(&json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid })) + ".";
        Self { seed, pair, head }
    }

    /// The secret of it, 32 bytes, to be sealed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// What others verify with.
    pub fn public(&self) -> PublicKey {
        PublicKey::of(&self.pair)
    }

    /// A token that says `claims`, in the compact form of three parts.
    ///
    /// # Panics
    /// For claims that are no JSON, such as a map whose keys are no strings.
    pub fn sign(&self, claims: &impl Serialize) -> String {
        let signed = self.head.clone() + &encoded(claims);
        let signature = self.pair.sign(signed.as_bytes());
        signed + "." + &BASE64_URL_SAFE_NO_PAD.encode(signature)
    }
}

fn encoded(part: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("claims are JSON"))
}

/// The public half of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    fn of(pair: &Ed25519KeyPair) -> Self {
        Self(pair.public_key().as_ref().try_into().expect("a public key of Ed25519 has 32 bytes"))
    }

    /// The key's name: its thumbprint (RFC 7638), so that one name is never two keys.
    pub fn kid(&self) -> String {
        // The members that the standard wants, in its order and without blanks.
        let text = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x());
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// As it stands in a set of keys (RFC 7517).
    pub fn jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid(), "x": self.x() })
    }

    fn x(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, UnparsedPublicKey};

    /// RFC 8037, A.1.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    fn key() -> JwtKey {
        JwtKey::from_seed(&BASE64_URL_SAFE_NO_PAD.decode(SEED).unwrap()).unwrap()
    }

    #[test]
    fn the_standards_key_has_the_standards_public_half_and_thumbprint() {
        let public = key().public();
        assert_eq!(public.x(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(public.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_standards_example_is_signed_as_the_standard_signs_it() {
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key().pair.sign(signed.as_bytes()));
        assert_eq!(signature, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    }

    #[test]
    fn a_token_is_three_parts_of_which_the_last_signs_the_others() {
        let token = key().sign(&json!({ "sub": "张三" }));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        let json =
            |part: &str| -> Value { serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        assert_eq!(json(head), json!({ "alg": "EdDSA", "typ": "JWT", "kid": key().public().kid() }));
        assert_eq!(json(claims), json!({ "sub": "张三" }));
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifier = UnparsedPublicKey::new(&ED25519, key().public().0);
        verifier.verify(signed.as_bytes(), &signature).unwrap();
        verifier.verify(head.as_bytes(), &signature).unwrap_err();
    }

    #[test]
    fn a_seed_of_another_length_is_refused_and_a_key_is_silent() {
        for length in [0, 31, 33, 64] {
            assert_eq!(JwtKey::from_seed(&vec![1; length]).unwrap_err(), Error::JwtKey);
        }
        assert_eq!(format!("{:?}", key()), "JwtKey(..)");
        assert_ne!(JwtKey::generate().seed(), JwtKey::generate().seed());
    }
}
