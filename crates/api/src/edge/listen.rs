//! The accept loop: warp sets no timeouts and no limits, so connections are ours.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use http::Request;
use http::header::{CONNECTION, HeaderValue};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::Progress;
use super::peer::{Listener, Peer, accept};
use super::table::Table;
use super::watched::{Arriving, Leaving, Watched};
use super::{Ambiguous, Edge, Side};

/// Connections open at once, if there are files for them; beyond it the oldest without a whole request in hand yields.
const CONNECTIONS: usize = 16_384;
/// Commands at once.
const COMMANDS: usize = 16;
/// Connections at once whose request has begun and is not here as a whole; beyond it the one that began first yields. Each
/// holds some 20 KiB, and behind a proxy that reads requests before it passes them on there are none.
const LATE: usize = 2_048;
/// Bytes a request's head may have.
const HEAD_BYTES: usize = 16 * 1024;
/// Time that requests in hand have to end once the server is told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Time that a connection which was accepted just before the stop has to say what it came for.
const LAST_CALL: Duration = Duration::from_millis(250);
/// Pause after an accept that failed for want of file descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `edge` until `stop` resolves, then lets requests in hand end within 10 seconds and closes what is left.
pub async fn serve(listener: Listener, edge: Edge, stop: impl Future<Output = ()> + Send + 'static) {
    serve_until(listener, edge, Box::pin(stop)).await;
}

/// Of one type, whatever ends it: so all that a request passes through is compiled with this crate, which is built for
/// speed, and not with the program that calls it.
async fn serve_until(listener: Listener, edge: Edge, mut stop: BoxFuture<'static, ()>) {
    let (stopping, stopped) = watch::channel(false);
    let open = Table::new(places(getrlimit(Resource::Nofile).current, edge.side));
    let late = Table::new(LATE);
    let streams = edge.app.stopping.clone();
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = tasks.join_next() => continue,
            accepted = accept(&listener) => accepted,
        };
        let peer = match accepted {
            Ok(Some(peer)) => peer,
            Ok(None) => continue,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let progress = Progress::new(&late);
        // With a request in hand on every connection the newcomer is the one to go.
        let Some(place) = open.enter(&progress) else { continue };
        let (edge, mut stopped) = (edge.clone(), stopped.clone());
        tasks.spawn(async move {
            let (_place, _open) = (place, edge.requests.connection());
            let speaks = tokio::select! {
                speaks = peer.speaks() => speaks,
                () = progress.over() => false,
                () = last_call(&mut stopped) => false,
            };
            // hyper's buffers and the room for its work are for those who say something.
            match peer {
                _ if !speaks => {}
                Peer::Tcp(stream, address) => {
                    Box::pin(connection(stream, edge, Some(address), progress, stopped)).await;
                }
                Peer::Unix(stream) => Box::pin(connection(stream, edge, None, progress, stopped)).await,
            }
        });
    }
    drop(listener);
    streams.send_replace(true);
    stopping.send_replace(true);
    let drained = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!(connections = tasks.len(), "requests still in hand were cut off");
    }
}

async fn last_call(stopped: &mut watch::Receiver<bool>) {
    stopped.wait_for(|stop| *stop).await.ok();
    tokio::time::sleep(LAST_CALL).await;
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
    let service = service_fn(|request: Request<Incoming>| {
        let body_bytes = request.body().size_hint().exact();
        let busy = progress.busy(body_bytes != Some(0));
        let mut request = request.map(|body| Arriving::new(body, &progress));
        if busy.is_ambiguous() {
            request.extensions_mut().insert(Ambiguous);
        }
        edge.answer(request, peer).map(move |mut response| {
            // Requests that come before they may would have heads that nobody looked at.
            if !busy.is_alone(body_bytes) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| Leaving::new(body, busy)))
        })
    });
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&progress), Arc::clone(&edge.app)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(io, service);
    let mut serving = std::pin::pin!(serving);
    let end = async {
        tokio::select! {
            () = progress.over() => End::Over,
            _ = stopped.wait_for(|stop| *stop) => End::Stop,
        }
    };
    // It is asked only when it has something to say, not whenever bytes come or go.
    let mut end: FuturesUnordered<_> = [end].into_iter().collect();
    // What a peer does to its own connection (resets, garbage) is no event of ours: hyper has answered what it could. It goes
    // first: one that was told to stop before it has read anything closes, whatever came.
    tokio::select! {
        biased;
        _ = &mut serving => {}
        end = end.next() => if let Some(End::Stop) = end {
            serving.as_mut().graceful_shutdown();
            serving.await.ok();
        }
    }
}

/// Why a connection ends before its peer ends it.
enum End {
    Over,
    Stop,
}

/// How many connections a listener of a process with so many files keeps open: of eight files five are for the public one,
/// two for the internal one, and the last is for the store and for WeChat, whatever happens outside. Commands are few.
fn places(files: Option<u64>, side: Side) -> usize {
    let share = match side {
        Side::Public => 5,
        Side::Internal => 2,
        Side::Local => return COMMANDS,
    };
    files.map_or(CONNECTIONS, |files| CONNECTIONS.min(usize::try_from(files / 8 * share).unwrap_or(CONNECTIONS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_listener_takes_the_files_of_the_other_or_of_the_store() {
        for files in [0, 1_024, 20_000] {
            assert_eq!(
                [Side::Public, Side::Internal].map(|side| places(Some(files), side)).iter().sum::<usize>() as u64,
                files / 8 * 7
            );
        }
        for files in [None, Some(1 << 20)] {
            assert_eq!([Side::Public, Side::Internal].map(|side| places(files, side)), [CONNECTIONS; 2]);
        }
    }
}
