use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PushAnswer, PushFormat};
use crate::Error;

/// How long WeChat waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: usize = 64 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A push as it goes over the wire.
pub(super) struct Post {
    pub(super) query: String,
    pub(super) format: PushFormat,
    pub(super) body: String,
}

/// Where pushes go: a sandbox talks to its own machine alone.
pub(super) struct Target {
    address: (IpAddr, u16),
    authority: String,
    path: String,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let senseless = || Error::Senseless(format!("{url:?} is not http on loopback: a push goes nowhere else"));
        let uri: Uri = url.parse().map_err(|_| senseless())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(senseless)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let ip: IpAddr = host.parse().map_err(|_| senseless())?;
        if !ip.to_canonical().is_loopback() || uri.query().is_some() {
            return Err(senseless());
        }
        let address = (ip, authority.port_u16().unwrap_or(80));
        Ok(Self { address, authority: authority.to_string(), path: uri.path().to_owned() })
    }

    pub(super) async fn send(&self, post: &Post) -> PushAnswer {
        let answer = timeout(PATIENCE, self.ask(post)).await;
        let answer = answer.map_err(BoxError::from).and_then(|asked| asked);
        answer.unwrap_or_else(|error| {
            tracing::debug!(%error, "sandbox: a push got no answer");
            PushAnswer { status: None, body: String::new() }
        })
    }

    async fn ask(&self, post: &Post) -> Result<PushAnswer, BoxError> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let media = match post.format {
            PushFormat::Json => "application/json",
            PushFormat::Xml => "text/xml",
        };
        let request = Request::post(format!("{}?{}", self.path, post.query))
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, media)
            .body(Full::new(Bytes::from(post.body.clone())))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await?.to_bytes();
        Ok(PushAnswer { status: Some(head.status.as_u16()), body: String::from_utf8_lossy(&body).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_goes_to_this_machine_alone() {
        for good in ["http://127.0.0.1:8520/wx/push/wx1", "http://localhost/x", "http://[::1]:1/"] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://10.0.0.1/",
            "http://example.com/",
            "127.0.0.1:1",
            "http://127.0.0.1/?a=b",
            "",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}
