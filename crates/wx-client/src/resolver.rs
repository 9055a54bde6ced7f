//! Name lookups, a few at a time.
//!
//! The system's resolver blocks a thread, for half a minute if no name server answers, and goes on when those who
//! waited for it have given up. Without a bound, such an outage takes every thread that blocking work of the whole
//! process shares.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

const AT_ONCE: usize = 8;

pub(crate) struct Resolver {
    slots: Arc<Semaphore>,
    lookup: fn(&str) -> io::Result<Vec<SocketAddr>>,
}

impl Resolver {
    pub(crate) fn system() -> Self {
        // The port is filled in by whoever connects.
        Self::new(|name| Ok((name, 0).to_socket_addrs()?.collect()))
    }

    fn new(lookup: fn(&str) -> io::Result<Vec<SocketAddr>>) -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE)), lookup }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (slots, lookup) = (self.slots.clone(), self.lookup);
        Box::pin(async move {
            let slot = slots.acquire_owned().await?;
            let found = spawn_blocking(move || {
                // Given back when the thread is, not when nobody waits any more.
                let _slot = slot;
                lookup(name.as_str())
            });
            Ok(Box::new(found.await??.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    use super::*;

    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static OPEN: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    fn slow(_name: &str) -> io::Result<Vec<SocketAddr>> {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        let open = OPEN.1.wait_while(OPEN.0.lock().unwrap(), |open| !*open).unwrap();
        drop(open);
        ("127.0.0.1", 0).to_socket_addrs().map(Iterator::collect)
    }

    #[tokio::test]
    async fn lookups_that_nobody_waits_for_count_until_they_end() {
        let resolver = Resolver::new(slow);
        let resolve = || tokio::spawn(resolver.resolve("api.weixin.qq.com".parse().unwrap()));
        let abandoned: Vec<_> = (0..AT_ONCE).map(|_| resolve()).collect();
        while RUNNING.load(Ordering::SeqCst) < AT_ONCE {
            tokio::task::yield_now().await;
        }
        for lookup in abandoned {
            lookup.abort();
            assert!(lookup.await.is_err());
        }
        let free = resolver.slots.available_permits();
        *OPEN.0.lock().unwrap() = true;
        OPEN.1.notify_all();
        assert_eq!(resolve().await.unwrap().unwrap().count(), 1);
        assert_eq!(free, 0);
    }

    #[tokio::test]
    async fn the_system_knows_localhost() {
        let mut found = Resolver::system().resolve("localhost".parse().unwrap()).await.unwrap();
        assert!(found.all(|address| address.ip().is_loopback() && address.port() == 0));
    }
}
