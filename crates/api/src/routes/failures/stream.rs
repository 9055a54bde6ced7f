//! Failures as server-sent events: each one once it is written down, so that whoever comes back with `Last-Event-ID` misses
//! none.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::timeout;
use warp::reply::{Reply, Response};
use wxgate_store::{FailedFrom, FailedQuery};

use super::view::FailureView;
use crate::app::App;
use crate::error::ApiError;
use crate::problem::Problem;
use crate::text::Language;

/// Streams at once.
pub const MOST_STREAMS: usize = 16;
/// Time after which a stream says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Rows that are read at once.
const ROWS: u32 = 100;
/// Seconds after which who was refused a stream may try again.
const RETRY_SECONDS: i64 = 30;
/// A comment, which clients pass over.
const ALIVE: &[u8] = b":\n\n";

/// Somebody who listens.
struct Listener {
    app: Arc<App>,
    wanted: FailedQuery,
    language: Language,
    /// The last failure that was sent.
    last: i64,
    written: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    waiting: VecDeque<Bytes>,
    _permit: OwnedSemaphorePermit,
}

/// The stream, from after `Last-Event-ID` or from now on.
///
/// # Errors
/// `too_many_requests` when there are as many streams as there may be.
pub async fn answer(
    app: &Arc<App>,
    last_seen: Option<i64>,
    wanted: FailedQuery,
    language: Language,
) -> Result<Response, ApiError> {
    let permit = Arc::clone(&app.streams).try_acquire_owned();
    let refused = ApiError::TooManyRequests { errcode: None, retry_after: RETRY_SECONDS };
    let permit = permit.map_err(|_| refused)?;
    let mut written = app.results.failed.written();
    let last = match last_seen {
        Some(id) => {
            // What was missed is due at once.
            written.mark_changed();
            id
        }
        None => newest(app).await?,
    };
    let listener = Listener {
        app: app.clone(),
        wanted: FailedQuery { limit: ROWS, ..wanted },
        language,
        last,
        written,
        stopping: app.stopping.subscribe(),
        // Its head goes out with the first bytes: a client is to know at once that it listens.
        waiting: VecDeque::from([Bytes::from_static(ALIVE)]),
        _permit: permit,
    };
    let (sender, mut events) = mpsc::channel(1);
    tokio::spawn(listener.speak(sender));
    let events = stream::poll_fn(move |context| events.poll_recv(context).map(|event| event.map(Ok::<_, Infallible>)));
    let mut response = warp::reply::stream(events).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

/// The id of the last failure that a client has seen.
///
/// # Errors
/// `bad_request` for what is no id, whatever answer is wanted.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|id| id.parse().ok()).filter(|id| *id >= 0);
    Ok(Some(id.ok_or(Problem::OutOfRange("Last-Event-ID", 0, i64::MAX))?))
}

async fn newest(app: &App) -> Result<i64, ApiError> {
    let newest = app.store.failed_requests(FailedQuery { limit: 1, ..FailedQuery::default() }).await?;
    Ok(newest.first().map_or(0, |row| row.id))
}

impl Listener {
    /// Sends event after event until the client is gone or the server stops.
    async fn speak(mut self, events: mpsc::Sender<Bytes>) {
        let mut stopping = self.stopping.clone();
        let speaking = async {
            while let Some(event) = self.next().await {
                if events.send(event).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = speaking => {}
            () = events.closed() => {}
            // A client that does not read keeps nobody.
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// The next event or a sign of life; nothing when there will be none.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            match timeout(HEARTBEAT, self.written.changed()).await {
                Ok(news) => news.ok()?,
                Err(_) => return Some(Bytes::from_static(ALIVE)),
            }
            self.read().await?;
        }
    }

    /// Reads what came since the last one. A store that cannot be read ends the stream: the client comes back.
    async fn read(&mut self) -> Option<()> {
        let query = FailedQuery { from: FailedFrom::After(self.last), ..self.wanted.clone() };
        let rows = self.app.store.failed_requests(query).await.ok()?;
        if rows.len() == ROWS as usize {
            self.written.mark_changed();
        }
        for row in rows {
            self.last = row.id;
            let view = FailureView::of(row, self.language);
            let json = serde_json::to_string(&view).ok()?;
            self.waiting.push_back(format!("id: {}\nevent: failure\ndata: {json}\n\n", view.id).into());
        }
        Some(())
    }
}
