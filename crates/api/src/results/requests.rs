//! How requests were answered, and how many connections are open: one relaxed addition for each.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;

use crate::routes::Endpoint;

/// The hundreds of a status: 1xx to 5xx.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// What stands for the path of a request that no endpoint is there for: a client's path is no label.
const NO_ENDPOINT: &str = "none";

/// The listeners that there are.
#[derive(Default)]
pub struct Listeners(Mutex<Vec<Arc<Requests>>>);

impl Listeners {
    /// What is counted of the listener of this name.
    pub fn listener(&self, name: &'static str, endpoints: &[Endpoint]) -> Arc<Requests> {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = listeners.iter().find(|requests| requests.listener == name) {
            return known.clone();
        }
        let new = Arc::new(Requests::new(name, endpoints));
        listeners.push(new.clone());
        new
    }

    pub fn all(&self) -> Vec<Arc<Requests>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is counted of one listener.
pub struct Requests {
    pub listener: &'static str,
    /// One for each endpoint, and one for requests that are for none.
    counts: Vec<Count>,
    open: AtomicU64,
}

struct Count {
    method: String,
    path: &'static str,
    by_class: [AtomicU64; CLASSES.len()],
}

impl Requests {
    fn new(listener: &'static str, endpoints: &[Endpoint]) -> Self {
        let count = |method: &str, path| Count { method: method.to_owned(), path, by_class: Default::default() };
        let mut counts: Vec<_> =
            endpoints.iter().map(|endpoint| count(endpoint.method.as_str(), endpoint.path)).collect();
        counts.push(count("", NO_ENDPOINT));
        Self { listener, counts, open: AtomicU64::new(0) }
    }

    /// One was answered, for the endpoint with this number or for none.
    pub fn answered(&self, endpoint: Option<usize>, status: StatusCode) {
        let at = endpoint.unwrap_or(self.counts.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        self.counts[at].by_class[class].fetch_add(1, Relaxed);
    }

    /// A connection is open until this is dropped.
    pub fn connection(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Relaxed);
        Open(Arc::clone(self))
    }

    pub fn open(&self) -> u64 {
        self.open.load(Relaxed)
    }

    /// Method, path, class and count of whatever was answered at all.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &'static str, &'static str, u64)> {
        self.counts.iter().flat_map(|count| {
            let classes = CLASSES.iter().zip(&count.by_class);
            let seen = classes.map(|(class, number)| (count.method.as_str(), count.path, *class, number.load(Relaxed)));
            seen.filter(|(.., number)| *number > 0)
        })
    }
}

/// An open connection.
pub struct Open(Arc<Requests>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
