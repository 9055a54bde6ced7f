//! One GET as a phone makes it: no redirect is followed, and only certificates are believed that this system believes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::{CertificateError, ClientConfig, Error as TlsError};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::{BuilderVerifierExt, Verifier};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(10);
const MOST_BYTES: usize = 256 * 1024;

/// An answer.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What the server showed for itself; nothing over plain HTTP.
    pub(super) chain: Vec<CertificateDer<'static>>,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The name has no address.
    NoAddress(String),
    /// Nobody takes the connection.
    Connect(String),
    /// The certificate is not believed.
    Certificate(CertificateError),
    Other(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAddress(why) | Self::Connect(why) | Self::Other(why) => f.write_str(why),
            Self::Certificate(error) => write!(f, "{error:?}"),
        }
    }
}

/// Asks `url` with these headers.
pub(super) async fn get(url: &Url, headers: &[(&str, &str)]) -> Result<Page, Trouble> {
    let late = |_| Trouble::Connect("no answer within 10 seconds".to_owned());
    timeout(PATIENCE, ask(url, headers)).await.map_err(late)?
}

async fn ask(url: &Url, headers: &[(&str, &str)]) -> Result<Page, Trouble> {
    let host = url.host_str().ok_or_else(|| Trouble::Other("no host".to_owned()))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<_> =
        tokio::net::lookup_host((bare, port)).await.map_err(|error| Trouble::NoAddress(error.to_string()))?.collect();
    let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|error| Trouble::Connect(error.to_string()))?;
    let mut request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        .header(USER_AGENT, concat!("wxgate-doctor/", env!("CARGO_PKG_VERSION")));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::new()).map_err(|error| Trouble::Other(error.to_string()))?;
    if url.scheme() == "http" {
        return exchange(stream, request, Vec::new()).await;
    }
    let name = ServerName::try_from(bare.to_owned()).map_err(|error| Trouble::Other(error.to_string()))?;
    let stream = TlsConnector::from(Arc::new(tls()?)).connect(name, stream).await.map_err(|error| refused(&error))?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
    exchange(stream, request, chain).await
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Empty<Bytes>>,
    chain: Vec<CertificateDer<'static>>,
) -> Result<Page, Trouble> {
    let other = |error: hyper::Error| Trouble::Other(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(other)?.into_parts();
    let body = beginning(body).await.map_err(other)?;
    Ok(Page { status: head.status, headers: head.headers, body, chain })
}

/// As much of a body as is looked at: a page may be of any size.
async fn beginning(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data[..data.len().min(MOST_BYTES - bytes.len())]);
        }
        if bytes.len() == MOST_BYTES {
            break;
        }
    }
    Ok(bytes.into())
}

/// Trust and versions as a phone has them: TLS 1.2 and 1.3, the authorities of this system.
fn tls() -> Result<ClientConfig, Trouble> {
    let other = |error: TlsError| Trouble::Other(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(other)?;
    Ok(builder.with_platform_verifier().map_err(other)?.with_no_client_auth())
}

fn refused(error: &io::Error) -> Trouble {
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(TlsError::InvalidCertificate(why)) => Trouble::Certificate(why.clone()),
        _ => Trouble::Other(format!("TLS: {error}")),
    }
}

/// Whether what is believed today will be in `days`.
pub(super) fn is_valid_in(days: u64, host: &str, chain: &[CertificateDer<'_>]) -> bool {
    let (Some((own, others)), Ok(name)) = (chain.split_first(), ServerName::try_from(host)) else { return false };
    let Ok(verifier) = Verifier::new(Arc::new(ring::default_provider())) else { return false };
    let now = UnixTime::now().as_secs();
    let then = UnixTime::since_unix_epoch(Duration::from_secs(now + days * 86_400));
    verifier.verify_server_cert(own, others, &name, &[], then).is_ok()
}
