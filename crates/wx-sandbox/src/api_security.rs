//! The keys of apps that have switched API security on, at WeChat's end.

use std::fmt;

use serde::Deserialize;
use wxgate_crypto::api_security::{Party, SigningKey, SymmetricKey, VerifyingKey};

use crate::Error;

/// What the console shows of an app's API security (AES-256-GCM and RSA), with WeChat's private keys beside it. Serials are any
/// text; keys are base64 of 32 bytes, and PEM.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSecuritySpec {
    /// Of the key that both encrypt with.
    pub symmetric_serial: String,
    /// That key.
    pub symmetric_key: String,
    /// Of the app's key.
    pub app_serial: String,
    /// The public half of the app's key.
    pub app_public_key: String,
    /// Of WeChat's key.
    pub platform_serial: String,
    /// WeChat's private key.
    pub platform_key: String,
    /// While WeChat changes its key: the serial and private key of the one before, which signs as well.
    #[serde(default)]
    pub deprecated: Option<(String, String)>,
}

impl fmt::Debug for ApiSecuritySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiSecuritySpec").field("app_serial", &self.app_serial).finish_non_exhaustive()
    }
}

/// The same, ready to be used.
pub(crate) struct Secured {
    pub(crate) party: Party,
    /// WeChat with its key before.
    pub(crate) deprecated: Option<Party>,
}

impl TryFrom<ApiSecuritySpec> for Secured {
    type Error = Error;

    fn try_from(spec: ApiSecuritySpec) -> Result<Self, Error> {
        let party = |serial: &str, key: &str| -> Result<Party, wxgate_crypto::Error> {
            Ok(Party {
                symmetric: SymmetricKey::parse(&spec.symmetric_serial, &spec.symmetric_key)?,
                own: SigningKey::parse(serial, key)?,
                others: vec![VerifyingKey::parse(&spec.app_serial, &spec.app_public_key)?],
            })
        };
        let senseless = |error: wxgate_crypto::Error| Error::Senseless(error.to_string());
        let deprecated = spec.deprecated.as_ref().map(|(serial, key)| party(serial, key));
        Ok(Self {
            party: party(&spec.platform_serial, &spec.platform_key).map_err(senseless)?,
            deprecated: deprecated.transpose().map_err(senseless)?,
        })
    }
}
