//! TLS, set up for one client and for nobody else in the process.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::{Error, Result};

/// The configuration of a client that speaks TLS to certificates the platform trusts.
///
/// The cryptography is named here, so that it depends neither on a default of the process nor on who installed one.
pub(crate) fn platform() -> Result<ClientConfig> {
    let config = builder()?
        .with_platform_verifier()
        .map_err(|error| Error::Settings(format!("no certificate authority of this system can be used: {error}")))?;
    Ok(finish(config.with_no_client_auth()))
}

/// The configuration of a client that speaks plain HTTP to loopback. It trusts nobody, and so a machine without
/// certificates can run the sandbox.
pub(crate) fn none() -> Result<ClientConfig> {
    Ok(finish(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Settings(format!("TLS cannot be set up: {error}")))
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
