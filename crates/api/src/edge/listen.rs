//! The accept loop: warp sets no timeouts and no limits, so connections are ours.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::{Progress, Watched};
use super::{Ambiguous, Edge};

/// Connections open at once; beyond it the oldest without a request in hand yields.
const CONNECTIONS: usize = 16_384;
/// Headers a request may have.
const HEADERS: usize = 64;
/// Bytes a request's head may have.
const HEAD_BYTES: usize = 16 * 1024;
/// Time that requests in hand have to end once the server is told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Pause after an accept that failed for want of file descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a listener listens.
#[derive(Debug)]
pub enum Listener {
    /// A TCP address.
    Tcp(TcpListener),
    /// A unix socket: its peers are programs of this machine.
    Unix(UnixListener),
}

/// Serves `edge` until `stop` resolves, then lets requests in hand end within 10 seconds and closes what is left.
pub async fn serve(listener: Listener, edge: Edge, stop: impl Future<Output = ()> + Send + 'static) {
    let (stopping, stopped) = watch::channel(false);
    let open = Arc::new(Open::default());
    let mut tasks = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = tasks.join_next() => continue,
            accepted = accept(&listener) => accepted,
        };
        let peer = match accepted {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let progress = Progress::new();
        // With a request in hand on every connection the newcomer is the one to go.
        let Some(place) = open.enter(&progress) else { continue };
        let (edge, stopped) = (edge.clone(), stopped.clone());
        tasks.spawn(async move {
            let _place = place;
            match peer {
                Peer::Tcp(stream, address) => connection(stream, edge, Some(address), progress, stopped).await,
                Peer::Unix(stream) => connection(stream, edge, None, progress, stopped).await,
            }
        });
    }
    drop(listener);
    stopping.send_replace(true);
    let drained = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!(connections = tasks.len(), "requests still in hand were cut off");
    }
}

enum Peer {
    Tcp(tokio::net::TcpStream, IpAddr),
    Unix(tokio::net::UnixStream),
}

async fn accept(listener: &Listener) -> io::Result<Peer> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(Peer::Tcp(stream, peer.ip()))
        }
        Listener::Unix(listener) => Ok(Peer::Unix(listener.accept().await?.0)),
    }
}

async fn connection<S>(
    stream: S,
    edge: Edge,
    peer: Option<IpAddr>,
    progress: Arc<Progress>,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|mut request: Request<Incoming>| {
        let busy = progress.busy();
        if busy.is_ambiguous() {
            request.extensions_mut().insert(Ambiguous);
        }
        let edge = &edge;
        async move {
            let response = edge.answer(request, peer).await;
            drop(busy);
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&progress)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(io, service);
    let mut serving = std::pin::pin!(serving);
    let told_to_stop = async {
        stopped.wait_for(|stop| *stop).await.ok();
    };
    // What a peer does to its own connection (resets, garbage) is no event of ours: hyper has answered what it could.
    tokio::select! {
        _ = &mut serving => {}
        () = progress.over() => {}
        () = told_to_stop => {
            serving.as_mut().graceful_shutdown();
            serving.await.ok();
        }
    }
}

/// The connections that are open, oldest first.
#[derive(Default)]
struct Open(Mutex<Table>);

#[derive(Default)]
struct Table {
    connections: BTreeMap<u64, Arc<Progress>>,
    /// Never used twice: a connection that yielded must not take its successor's place along.
    next: u64,
}

impl Open {
    /// Takes a place for a new connection. If there is none, the oldest without a request in hand yields its own.
    fn enter(self: &Arc<Self>, progress: &Arc<Progress>) -> Option<Place> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.connections.len() >= CONNECTIONS {
            let (&oldest, _) = table.connections.iter().find(|(_, progress)| progress.is_unfinished())?;
            table.connections.remove(&oldest)?.close();
        }
        let number = table.next;
        table.next += 1;
        table.connections.insert(number, Arc::clone(progress));
        Some(Place { open: Arc::clone(self), number })
    }
}

struct Place {
    open: Arc<Open>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.0.lock().unwrap_or_else(PoisonError::into_inner).connections.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn when_the_table_is_full_the_oldest_without_a_request_yields() {
        let open = Arc::new(Open::default());
        let connections: Vec<_> = (0..CONNECTIONS).map(|_| Progress::new()).collect();
        let busy = connections[0].busy();
        let places: Vec<_> = connections.iter().map(|progress| open.enter(progress)).collect();
        let newest = open.enter(&Progress::new());
        connections[1].over().await;
        assert_eq!(open.0.lock().unwrap().connections.len(), CONNECTIONS);
        drop((busy, places, newest));
        assert!(open.0.lock().unwrap().connections.is_empty());
    }

    #[tokio::test]
    async fn when_every_connection_has_a_request_in_hand_the_newcomer_goes() {
        let open = Arc::new(Open::default());
        let connections: Vec<_> = (0..CONNECTIONS).map(|_| Progress::new()).collect();
        let busy: Vec<_> = connections.iter().map(Progress::busy).collect();
        let places: Vec<_> = connections.iter().map(|progress| open.enter(progress)).collect();
        assert!(open.enter(&Progress::new()).is_none());
        drop((busy, places));
    }
}
