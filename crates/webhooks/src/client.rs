use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;

use crate::message::{Answer, Failure, Message};
use crate::resolver::{AddressRefused, Resolver};
use crate::target::Rule;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than servers keep a connection, so that it is not ended at their side while a message is on its way.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer whose status says all, this much is read, so that the connection may serve again.
const DRAIN_BYTES: usize = 4096;
const DRAIN_TIME: Duration = Duration::from_secs(1);
const USER_AGENT: &str = concat!("wxgate/", env!("CARGO_PKG_VERSION"));

/// Posts over the network. Clones share their connections.
#[derive(Clone, Default)]
pub struct Client(Arc<Clients>);

/// One for each rule: a connection that one may use is not lent to another. Made when they are first needed, so that a
/// machine without certificates can do all that needs none.
#[derive(Default)]
struct Clients {
    public: OnceLock<Option<reqwest::Client>>,
    any: OnceLock<Option<reqwest::Client>>,
    private: OnceLock<Option<reqwest::Client>>,
}

impl Client {
    /// A client without connections.
    pub fn new() -> Self {
        Self::default()
    }

    fn of(&self, rule: Rule) -> Result<&reqwest::Client, Failure> {
        let client = match rule {
            Rule::Public => &self.0.public,
            Rule::Any => &self.0.any,
            Rule::Private => &self.0.private,
        };
        let made = client.get_or_init(|| {
            let made = build(rule);
            made.inspect_err(|error| tracing::error!(%error, "webhooks cannot be posted")).ok()
        });
        made.as_ref().ok_or(Failure::Unreachable)
    }
}

fn build(rule: Rule) -> Result<reqwest::Client, Box<dyn StdError + Send + Sync>> {
    // The cryptography is named here, so that it depends neither on a default of the process nor on who installed one.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_safe_default_protocol_versions()?;
    let mut tls = match rule {
        // Without TLS nobody needs to be trusted.
        Rule::Private => tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        Rule::Public | Rule::Any => tls.with_platform_verifier()?.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Resolver::new(rule))
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // Whatever features other crates turn on: no answer is larger than its bytes on the wire.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .user_agent(USER_AGENT);
    client.build().map_err(|error| error.without_url().into())
}

impl Client {
    /// Posts a message once and reads the answer, whatever its status.
    ///
    /// # Errors
    /// As [`Failure`] says. The message may have arrived nevertheless.
    pub async fn post(&self, message: &Message) -> Result<Answer, Failure> {
        let request = self
            .of(message.target.rule())?
            .post(message.target.url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signatures())
            .body(message.body.clone());
        let exchange = async {
            let mut response = request.send().await.map_err(|error| failure(&error))?;
            let status = response.status().as_u16();
            let body = if let Some(most) = message.answer_bytes {
                read(&mut response, most).await?
            } else {
                // Whatever becomes of it: the status has been said.
                let _ = timeout(DRAIN_TIME, read(&mut response, DRAIN_BYTES)).await;
                Vec::new()
            };
            Ok(Answer { status, body })
        };
        timeout(message.time, exchange).await.unwrap_or(Err(Failure::Timeout))
    }
}

async fn read(response: &mut Response, most: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + part.len() > most {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn failure(error: &reqwest::Error) -> Failure {
    if is_refused_address(error) {
        Failure::Address
    } else if error.is_timeout() && !error.is_connect() {
        Failure::Timeout
    } else if error.is_connect() {
        Failure::Unreachable
    } else {
        Failure::Broken
    }
}

fn is_refused_address(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<AddressRefused>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[cfg(test)]
mod tests;
