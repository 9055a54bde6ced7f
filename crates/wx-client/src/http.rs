//! One exchange with WeChat: a request that says no more than it must, an answer that is believed no more than it may.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::breaker::Breaker;
use crate::hosts::Hosts;
use crate::resolver::Resolver;
use crate::settings::BaseUrl;
use crate::{ApiSecurity, Called, Error, Result, Settings, Watch, answer, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// For all of a call: waiting for a slot, connecting, asking, reading.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);
const SLOT_TIMEOUT: Duration = Duration::from_secs(2);
/// Shorter than servers keep a connection, so that it is not ended at their side while a request is on its way.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT_BYTES: usize = 64 * 1024;
const USER_AGENT: &str = concat!("wxgate/", env!("CARGO_PKG_VERSION"));

/// What stands unencoded in the value of a query: RFC 3986's unreserved characters. A space is `%20`, which reads the
/// same to everybody, and not `+`.
pub(crate) const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request to WeChat, but for its token.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// What stands behind it, as it is in a URL.
    pub(crate) more_query: &'a str,
    /// A POST if there is one, else a GET.
    pub(crate) body: Option<Bytes>,
    /// Of the body.
    pub(crate) content_type: Option<&'a str>,
    /// Secrets of the request that no error may repeat; the token is one without being named.
    pub(crate) hidden: &'a [&'a str],
    /// Where the reading of the answer stops.
    pub(crate) limit_bytes: usize,
    /// Beside that of the body's type.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Who seals it, if it is one that can be.
    pub(crate) security: Option<&'a dyn ApiSecurity>,
    /// Whether a status other than success is the caller's to understand. A redirect, which may name the token, never is.
    pub(crate) any_status: bool,
}

/// What raw calls are counted as.
const RAW: &str = "raw";

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            path,
            query,
            more_query: "",
            body: None,
            content_type: None,
            hidden: &[],
            limit_bytes: ANSWER_LIMIT_BYTES,
            headers: Vec::new(),
            security: None,
            any_status: false,
        }
    }

    pub(crate) fn post(path: &'a str, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("structs of strings and numbers serialise");
        Self { body: Some(body.into()), content_type: Some("application/json"), ..Self::get(path, &[]) }
    }

    pub(crate) fn hiding(self, hidden: &'a [&'a str]) -> Self {
        Self { hidden, ..self }
    }

    /// What it is counted as.
    fn api(&self) -> &str {
        if self.any_status { RAW } else { self.path.trim_start_matches('/') }
    }

    /// What no error may repeat.
    fn secrets<'s>(&'s self, token: Option<&'s SecretString>) -> Vec<&'s str> {
        self.hidden.iter().copied().chain(token.map(ExposeSecret::expose_secret)).collect()
    }
}

/// What came back, as far as it may be believed.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// How an answer is read, given the secrets that an error must not repeat.
pub(crate) type Read<T> = fn(Answer, &[&str]) -> Result<T>;

/// Reads an answer of JSON.
#[expect(clippy::needless_pass_by_value, reason = "other readers keep the bytes")]
pub(crate) fn json<T: DeserializeOwned>(answer: Answer, hidden: &[&str]) -> Result<T> {
    answer::read(&answer.body, hidden)
}

/// The connections to WeChat.
pub(crate) struct Http {
    client: reqwest::Client,
    hosts: Hosts,
    slots: Semaphore,
    /// Of `sns/…`, which is logins: another service of WeChat's than all the rest, and each fails by itself.
    logins: Breaker,
    rest: Breaker,
    watch: OnceLock<Arc<dyn Watch>>,
}

impl Http {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let hosts = Hosts::new(settings)?;
        let slots = settings.slots()?;
        let tls = if hosts.any_tls() { tls::platform()? } else { tls::none()? };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Resolver::system())
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
            .pool_max_idle_per_host(slots)
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| Error::Settings(format!("the HTTP client cannot be set up: {}", error.without_url())))?;
        let (logins, rest) = (Breaker::default(), Breaker::default());
        Ok(Self { client, hosts, slots: Semaphore::new(slots), logins, rest, watch: OnceLock::new() })
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        self.hosts.main()
    }

    /// Has `watch` told of every call from now on; the first one who asks is.
    pub(crate) fn watch(&self, watch: Arc<dyn Watch>) {
        self.watch.set(watch).ok();
    }

    /// Whether logins, and all other calls, are made as probes only.
    pub(crate) fn paused(&self) -> Vec<(&'static str, bool)> {
        vec![("logins", self.logins.is_open()), ("rest", self.rest.is_open())]
    }

    /// Makes a call and reads its answer.
    pub(crate) async fn call<T>(&self, call: &Call<'_>, token: Option<&SecretString>, read: Read<T>) -> Result<T> {
        let begun = Instant::now();
        let outcome = self.made(call, token, read).await;
        if let Some(watch) = self.watch.get() {
            watch.called(&Called { api: call.api(), took: begun.elapsed(), error: outcome.as_ref().err() });
        }
        outcome
    }

    async fn made<T>(&self, call: &Call<'_>, token: Option<&SecretString>, read: Read<T>) -> Result<T> {
        let deadline = Instant::now() + TOTAL_TIMEOUT;
        let _slot = self.slot().await?;
        let breaker = if call.path.starts_with("/sns/") { &self.logins } else { &self.rest };
        breaker.admit(Instant::now())?;
        // After the wait for a slot: a signature is of its moment.
        let sealed = call.sealed();
        let sent = sealed.as_ref().unwrap_or(call);
        let answer = self.exchange(sent, token.map(ExposeSecret::expose_secret), deadline).await;
        let outcome =
            answer.and_then(|answer| call.opened(answer)).and_then(|answer| read(answer, &call.secrets(token)));
        breaker.note(&outcome, Instant::now());
        outcome
    }

    /// It is tried again, at the next host or once more at the only one, while no connection can be made: then nothing of
    /// it has arrived.
    async fn exchange(&self, call: &Call<'_>, token: Option<&str>, deadline: Instant) -> Result<Answer> {
        let mut hosts = self.hosts.in_turn(Instant::now()).peekable();
        loop {
            let (index, host) = hosts.next().expect("the last turn returns");
            match self.attempt(host, call, token, deadline).await {
                Err(Error::Unreachable { sent: false, .. }) if hosts.peek().is_some() => {}
                Err(error @ Error::Unreachable { sent: false, .. }) => return Err(error),
                other => {
                    self.hosts.reached(index, Instant::now());
                    return other;
                }
            }
        }
    }

    async fn slot(&self) -> Result<SemaphorePermit<'_>> {
        match timeout(SLOT_TIMEOUT, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(Error::Busy),
        }
    }

    async fn attempt(&self, host: &BaseUrl, call: &Call<'_>, token: Option<&str>, deadline: Instant) -> Result<Answer> {
        let url = url(host, call, token);
        let mut request = match &call.body {
            None => self.client.request(Method::GET, url),
            // A body of known length is sent with Content-Length; WeChat answers 412 to a chunked one.
            Some(body) => self.client.request(Method::POST, url).body(body.clone()),
        };
        if let Some(content_type) = call.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        let mut response = request.timeout(remaining).send().await.map_err(unreachable)?;
        let status = response.status();
        let judged = if call.any_status && !status.is_redirection() { StatusCode::OK } else { status };
        check_head(judged, response.headers(), host.is_loopback())?;
        // Of its announced size at once: growing to it would take twice the room.
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut body = Vec::with_capacity(announced.min(call.limit_bytes));
        let headers = std::mem::take(response.headers_mut());
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > call.limit_bytes {
                return Err(Error::Unreadable { reason: "too large" });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

fn url(host: &BaseUrl, call: &Call<'_>, token: Option<&str>) -> Url {
    let token = token.map(|token| ("access_token", token));
    let pairs = token.iter().chain(call.query);
    let pairs = pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, VALUE)));
    let more = (!call.more_query.is_empty()).then(|| call.more_query.to_owned());
    let pairs: Vec<String> = pairs.chain(more).collect();
    host.join(call.path, &pairs.join("&"))
}

/// An error of the driver, without the URL: its query holds secrets.
fn unreachable(error: reqwest::Error) -> Error {
    Error::Unreachable { sent: !error.is_connect(), source: error.without_url().into() }
}

/// What can be told from the head of an answer. `may_be_sandbox` is for loopback alone: the header is the sandbox's
/// mark, and a server with real members must not take its word for who they are.
fn check_head(status: StatusCode, headers: &HeaderMap, may_be_sandbox: bool) -> Result<()> {
    let reason = if !may_be_sandbox && headers.contains_key("x-sandbox") {
        "sandbox"
    } else if status.is_redirection() {
        "redirect"
    } else if !status.is_success() {
        "HTTP status"
    } else if headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        "compressed, which nobody asked for"
    } else {
        return Ok(());
    };
    Err(Error::Unreadable { reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_sandbox_is_believed_on_loopback_alone() {
        let marked = HeaderMap::from_iter([("x-sandbox".parse().unwrap(), HeaderValue::from_static("1"))]);
        assert!(check_head(StatusCode::OK, &marked, true).is_ok());
        assert!(check_head(StatusCode::OK, &HeaderMap::new(), false).is_ok());
        let refused = check_head(StatusCode::OK, &marked, false).unwrap_err();
        assert!(matches!(refused, Error::Unreadable { reason: "sandbox" }));
    }
}
