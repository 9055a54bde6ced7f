//! Name lookups that give only addresses which may be posted to.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::target::Rule;

/// Lookups of one name at once. The system's resolver blocks a thread for as long as no name server answers: a name
/// that nobody knows must not take them all.
const AT_ONCE: usize = 2;

/// No address of a name may be posted to.
#[derive(Debug, thiserror::Error)]
#[error("no address of this name may be posted to")]
pub(crate) struct AddressRefused;

/// Connects are made to what this gives and to nothing else.
pub(crate) struct Resolver {
    rule: Rule,
    names: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Resolver {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, names: Mutex::default() }
    }

    fn slots(&self, name: &str) -> Arc<Semaphore> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, slots| Arc::strong_count(slots) > 1);
        Arc::clone(names.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (slots, rule) = (self.slots(name.as_str()), self.rule);
        Box::pin(async move {
            let slot = slots.acquire_owned().await?;
            let found = spawn_blocking(move || {
                // Given back when the thread is, not when nobody waits any more.
                let _slot = slot;
                // The port is filled in by whoever connects.
                (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>)
            });
            let mut found = found.await??;
            found.retain(|address| rule.allows(address.ip()));
            if found.is_empty() {
                return Err(AddressRefused.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn localhost(rule: Rule) -> Result<usize, bool> {
        let found = Resolver::new(rule).resolve("localhost".parse().unwrap()).await;
        found.map(Iterator::count).map_err(|error| error.is::<AddressRefused>())
    }

    #[tokio::test]
    async fn a_name_gives_only_what_may_be_posted_to() {
        assert_eq!(localhost(Rule::Public).await, Err(true));
        assert!(localhost(Rule::Any).await.unwrap() > 0);
        assert!(localhost(Rule::Private).await.unwrap() > 0);
    }
}
