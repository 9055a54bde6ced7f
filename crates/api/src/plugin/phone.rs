//! Phone numbers that plugins are shown a proof of.

use zeroize::Zeroizing;

use crate::phone_number::PhoneNumber;

/// What the phone number button gives. No `Debug`: it is a credential.
pub enum PhoneProof {
    /// `e.detail.code`
    Code(Zeroizing<String>),
    /// `encryptedData` and `iv`, as received. Accepted as `phone.encrypted_data` says.
    Encrypted {
        /// Base64.
        encrypted_data: String,
        /// Base64 of 16 bytes.
        iv: String,
    },
}

/// A number that was proven and is bound to the member. Masked unless `phone.reply = "full"`. No `Debug`: it may be whole.
#[derive(Clone)]
pub struct ProvenPhone {
    pub(super) number: PhoneNumber,
    pub(super) trust: String,
}

impl ProvenPhone {
    /// With the country's prefix when it is a foreign one.
    pub fn phone_number(&self) -> &str {
        &self.number.phone_number
    }

    /// Without it.
    pub fn pure_phone_number(&self) -> &str {
        &self.number.pure_phone_number
    }

    /// `86` and the like.
    pub fn country_code(&self) -> &str {
        &self.number.country_code
    }

    /// How well it was proven: `code`, `hash` or `local`.
    pub fn trust(&self) -> &str {
        &self.trust
    }
}
