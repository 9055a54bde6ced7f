use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::wechat::{Delivery, Reply, Request, deliver, pairs};
use crate::{Error, Sandbox, control};

const BODY_LIMIT: usize = 1024 * 1024;
/// WeChat never sends it, so that a server in production can refuse to talk to a sandbox.
const MARK: (HeaderName, HeaderValue) = (HeaderName::from_static("x-sandbox"), HeaderValue::from_static("1"));

/// How many codes to scan an app has made of those it may make.
const NUM_USED: HeaderName = HeaderName::from_static("num-used");

/// Takes an address for [`Sandbox::serve`]; port 0 is a free one.
///
/// # Errors
/// If other machines could reach the address, or if it cannot be had.
pub async fn bind(addr: SocketAddr) -> Result<TcpListener, Error> {
    check_loopback(addr)?;
    Ok(TcpListener::bind(addr).await?)
}

fn check_loopback(addr: SocketAddr) -> Result<(), Error> {
    if addr.ip().to_canonical().is_loopback() { Ok(()) } else { Err(Error::NotLoopback(addr)) }
}

impl Sandbox {
    /// Serves WeChat's paths, and the control interface under `/_sandbox/`, until `stop`; then ends what is still open.
    ///
    /// # Errors
    /// At once, if the listener does not listen on loopback alone.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        check_loopback(listener.local_addr()?)?;
        let mut stop = pin!(stop);
        // Dropped at the end, and every connection with it: those that hang on purpose would never end by themselves.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => return Ok(()),
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(self.clone().converse(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "sandbox: a connection was not accepted");
                        // Out of file descriptors, most likely: trying again at once would only spin.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
    }

    async fn converse(self, stream: TcpStream) {
        let service = service_fn(move |request| respond(self.clone(), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "sandbox: a connection ended early");
        }
    }
}

/// Tells hyper to close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

async fn respond(sandbox: Sandbox, request: http::Request<Incoming>) -> Result<Response<Payload>, Closed> {
    let Ok(request) = read(request).await else {
        return Ok(response(Reply::empty(StatusCode::PAYLOAD_TOO_LARGE)));
    };
    if let Some(verb) = request.path.strip_prefix("/_sandbox") {
        return Ok(response(control::reply(&sandbox, &request.method, verb, &request.body).await));
    }
    let delivery = deliver(&mut sandbox.state(), &request);
    match delivery {
        Delivery::Answer(reply) => {
            if !reply.delay.is_zero() {
                tokio::time::sleep(reply.delay).await;
            }
            Ok(response(reply))
        }
        Delivery::Close => Err(Closed),
        Delivery::Hang => std::future::pending().await,
    }
}

async fn read(request: http::Request<Incoming>) -> Result<Request, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    Ok(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        has_length: parts.headers.contains_key(header::CONTENT_LENGTH),
        headers: parts.headers,
        body: Limited::new(body, BODY_LIMIT).collect().await?.to_bytes(),
    })
}

fn response(reply: Reply) -> Response<Payload> {
    let mut response = Response::new(Payload { padding: reply.padding, body: Full::new(reply.body) });
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(MARK.0, MARK.1);
    if let Some(content_type) = reply.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in reply.headers {
        headers.insert(name, value);
    }
    if let Some(num_used) = reply.num_used {
        headers.insert(NUM_USED, num_used.into());
    }
    if let Some(location) = reply.location.and_then(|to| HeaderValue::try_from(to).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// A body, behind any amount of white space that is never in memory at once.
struct Payload {
    padding: u64,
    body: Full<Bytes>,
}

static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.padding == 0 {
            return Pin::new(&mut self.body).poll_frame(cx);
        }
        let length = usize::try_from(self.padding).unwrap_or(usize::MAX).min(SPACES.len());
        self.padding -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&SPACES[..length])))))
    }

    fn is_end_stream(&self) -> bool {
        self.padding == 0 && self.body.is_end_stream()
    }

    /// Exact for an ordinary body; unknown, and therefore chunked, for a padded one.
    fn size_hint(&self) -> SizeHint {
        if self.padding == 0 { self.body.size_hint() } else { SizeHint::default() }
    }
}
