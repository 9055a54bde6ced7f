use base64::{Engine, prelude::BASE64_STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
use webpki::{EndEntityCert, RawPublicKeyEntity};

use crate::Error;

/// The private key of one side, with the serial that the console gives it.
pub struct SigningKey {
    pub(super) serial: String,
    key: RsaKeyPair,
}

silent_debug!(SigningKey);

impl SigningKey {
    /// Reads an RSA key of 2048 to 4096 bits in PEM, `PRIVATE KEY` or `RSA PRIVATE KEY`.
    ///
    /// # Errors
    /// [`Error::ApiKey`]
    pub fn parse(serial: &str, pem: &str) -> Result<Self, Error> {
        let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Error::ApiKey)? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(Error::ApiKey),
        };
        Ok(Self { serial: serial.to_owned(), key: key.map_err(|_| Error::ApiKey)? })
    }

    /// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes, in base64.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a key of 2048 bits or more signs, if the operating system gives random bytes");
        BASE64_STANDARD.encode(signature)
    }
}

/// The public key of the other side, with its serial. A certificate is taken as the key in it: the console vouches for it.
#[derive(Debug)]
pub struct VerifyingKey {
    pub(super) serial: String,
    der: Der,
}

#[derive(Debug)]
enum Der {
    Certificate(CertificateDer<'static>),
    PublicKey(SubjectPublicKeyInfoDer<'static>),
}

impl VerifyingKey {
    /// Reads an RSA key of 2048 to 8192 bits in PEM, `CERTIFICATE` or `PUBLIC KEY`.
    ///
    /// # Errors
    /// [`Error::ApiKey`]
    pub fn parse(serial: &str, pem: &str) -> Result<Self, Error> {
        let der = if let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) {
            EndEntityCert::try_from(&der).map_err(|_| Error::ApiKey)?;
            Der::Certificate(der)
        } else {
            let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| Error::ApiKey)?;
            RawPublicKeyEntity::try_from(&der).map_err(|_| Error::ApiKey)?;
            Der::PublicKey(der)
        };
        Ok(Self { serial: serial.to_owned(), der })
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64_STANDARD.decode(signature) else { return false };
        let algorithm = RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
        match &self.der {
            Der::Certificate(der) => {
                EndEntityCert::try_from(der).is_ok_and(|it| it.verify_signature(algorithm, message, &signature).is_ok())
            }
            Der::PublicKey(der) => RawPublicKeyEntity::try_from(der)
                .is_ok_and(|it| it.verify_signature(algorithm, message, &signature).is_ok()),
        }
    }
}
