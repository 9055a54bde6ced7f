//! A request that only this server recognises: how its operator finds out what stands between it and the phones.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use serde::Serialize;
use wxgate_store::UnixSeconds;

use crate::edge::RequestInfo;

/// Seconds within which the request must arrive.
const PROBE_SECONDS: i64 = 60;
const PROBE_BYTES: usize = 16;
/// Characters of a query and of a header that are kept.
const KEPT_CHARACTERS: usize = 512;

/// The one probe that is under way, if any.
#[derive(Default)]
pub struct Probe(Mutex<Option<Sent>>);

struct Sent {
    name: String,
    at: UnixSeconds,
    seen: Option<Seen>,
}

/// What arrived of it.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Whose request the server takes it for; `None` for a unix socket without a forwarded address.
    client: Option<String>,
    /// `X-Forwarded-For` as it came, all of its lines.
    forwarded_for: Option<String>,
    /// The query as it came, without the probe's name.
    query: String,
}

impl Probe {
    /// A new one, in place of the one before: its name, which nobody guesses.
    pub fn begin(&self, now: UnixSeconds) -> String {
        let mut random = [0_u8; PROBE_BYTES];
        getrandom::fill(&mut random).expect("the operating system has random bytes");
        let name = format!("{:032x}", u128::from_be_bytes(random));
        *self.lock() = Some(Sent { name: name.clone(), at: now, seen: None });
        name
    }

    /// Takes note of a request, if it is the probe. Who sends it learns nothing of that.
    pub fn notice(&self, query: &str, headers: &HeaderMap, info: &RequestInfo, now: UnixSeconds) {
        let Some(rest) = query.strip_prefix("probe=") else { return };
        let mut sent = self.lock();
        let Some(sent) = sent.as_mut().filter(|sent| now < sent.at + PROBE_SECONDS) else { return };
        let Some(rest) = rest.strip_prefix(&sent.name) else { return };
        let forwarded = headers.get_all("x-forwarded-for").iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
        let forwarded = forwarded.collect::<Vec<_>>().join(",");
        sent.seen = Some(Seen {
            client: info.client.map(|client| client.to_string()),
            forwarded_for: (!forwarded.is_empty()).then(|| kept(&forwarded)),
            query: kept(rest.trim_start_matches('&')),
        });
    }

    /// What arrived of the last one.
    pub fn seen(&self) -> Option<Seen> {
        self.lock().as_ref().and_then(|sent| sent.seen.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Sent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kept(text: &str) -> String {
    text.chars().take(KEPT_CHARACTERS).collect()
}
