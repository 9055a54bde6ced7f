//! A connection's bytes on their way through: heads are looked at, and what hyper says by itself is said in our words.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Arrived, Busy, Progress};
use super::head::Head;
use super::table::Place;
use super::unread;
use crate::app::App;

/// A stream that tells [`Progress`] when bytes arrive, and looks at the heads among them.
pub struct Watched<S> {
    stream: S,
    progress: Arc<Progress>,
    head: Head,
    /// Taken while the head is late.
    late: Option<Place>,
    app: Arc<App>,
    /// What is left of the answer to bytes that are no request. Nothing is written after it.
    refusal: Option<Bytes>,
}

impl<S> Watched<S> {
    pub fn new(stream: S, progress: Arc<Progress>, app: Arc<App>) -> Self {
        Self { stream, progress, head: Head::new(), late: None, app, refusal: None }
    }

    fn look_at(&mut self, bytes: &[u8]) {
        match self.progress.bytes_arrived(bytes.len()) {
            Arrived::Beyond => return,
            Arrived::NewHead => self.head = Head::new(),
            Arrived::Head => {}
        }
        let beyond = self.head.read(bytes);
        if beyond > 0 || self.head.is_ambiguous() {
            self.progress.head_seen(beyond, self.head.is_ambiguous());
        }
        if self.head.is_complete() {
            self.late = None;
        } else if self.late.is_none() {
            self.late = self.progress.is_late();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.look_at(&buffer.filled()[before..]);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    /// Writes the refusal in place of `hypers` bytes.
    fn poll_refusal(
        stream: &mut S,
        refusal: &mut Bytes,
        hypers: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        while refusal.has_remaining() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, refusal))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            refusal.advance(written);
        }
        Poll::Ready(Ok(hypers))
    }
}

/// Not vectored: answers are small, and to copy one behind its head costs less than to hand both to the kernel.
impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.refusal.is_none() && this.progress.is_in_head() {
            this.refusal = unread::refusal(&this.app, bytes);
        }
        match &mut this.refusal {
            Some(refusal) => Self::poll_refusal(&mut this.stream, refusal, bytes.len(), context),
            None => Pin::new(&mut this.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// An answer's body. One that comes bit by bit keeps its request in hand until it ends: a connection that waits for more of
/// it is not idle.
pub struct Leaving<B> {
    body: B,
    _busy: Option<Busy>,
}

impl<B: Body> Leaving<B> {
    pub fn new(body: B, busy: Busy) -> Self {
        let is_whole = body.size_hint().exact().is_some();
        Self { body, _busy: Some(busy).filter(|_| !is_whole) }
    }
}

impl<B: Body + Unpin> Body for Leaving<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that tells [`Progress`] when it is complete.
pub struct Arriving {
    body: Incoming,
    /// Nobody, once it has been told.
    progress: Option<Arc<Progress>>,
    /// Taken while the body is late.
    late: Option<Place>,
}

impl Arriving {
    pub fn new(body: Incoming, progress: &Arc<Progress>) -> Self {
        let progress = (!body.is_end_stream()).then(|| Arc::clone(progress));
        Self { body, progress, late: None }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            if self.late.is_none() {
                self.late = self.progress.as_ref().and_then(Progress::is_late);
            }
            return Poll::Pending;
        };
        if (frame.is_none() || self.body.is_end_stream())
            && let Some(progress) = self.progress.take()
        {
            progress.body_arrived();
            self.late = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::pending;
    use warp::reply::Reply;

    use super::*;
    use crate::edge::table::Table;

    #[test]
    fn an_answer_that_comes_bit_by_bit_is_in_hand_until_it_ends() {
        let progress = Progress::new(&Table::new(1));
        let whole = "whole".into_response().into_body();
        let _whole = Leaving::new(whole, progress.busy(false));
        assert!(progress.is_unfinished(), "nothing waits for it");
        let endless = warp::reply::stream(pending::<Result<Bytes, Infallible>>()).into_response().into_body();
        let endless = Leaving::new(endless, progress.busy(false));
        assert!(!progress.is_unfinished());
        drop(endless);
        assert!(progress.is_unfinished());
    }
}
