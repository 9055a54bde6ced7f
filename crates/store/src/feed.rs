//! Who wants to hear of events, and how they hear.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::model::{Event, EventType, EventTypes};

/// Events that a listener may be behind: then it misses some, and is told how many.
const BEHIND: usize = 1024;

/// What a backend keeps in memory of those who want events: so a write of which nobody wants to hear costs nothing more.
pub(crate) struct Feed {
    /// What the webhooks in force want, as of the last commit.
    queued: AtomicU8,
    /// What listeners want.
    heard: AtomicU8,
    /// How many listeners want each kind.
    listeners: Mutex<[usize; EventType::ALL.len()]>,
    events: Sender<Arc<Event>>,
    due: Notify,
}

impl Default for Feed {
    fn default() -> Self {
        let events = broadcast::channel(BEHIND).0;
        let (queued, heard) = (AtomicU8::new(0), AtomicU8::new(0));
        Self { queued, heard, listeners: Mutex::default(), events, due: Notify::new() }
    }
}

impl Feed {
    /// What is to be written for webhooks.
    pub(crate) fn queued(&self) -> EventTypes {
        EventTypes::of_bits(self.queued.load(Ordering::Acquire))
    }

    /// Takes note of what the webhooks want from this commit on.
    pub(crate) fn set_queued(&self, kinds: EventTypes) {
        self.queued.store(kinds.bits(), Ordering::Release);
        self.due.notify_one();
    }

    /// What is to be told to listeners.
    pub(crate) fn heard(&self) -> EventTypes {
        EventTypes::of_bits(self.heard.load(Ordering::Acquire))
    }

    /// Tells of what was committed. `any_queued` is whether a delivery was written.
    pub(crate) fn publish(&self, events: Vec<Arc<Event>>, any_queued: bool) {
        for event in events {
            // Refused only where nobody listens.
            let _ = self.events.send(event);
        }
        if any_queued {
            self.due.notify_one();
        }
    }

    /// Resolves after a delivery was written or may have been.
    pub(crate) async fn due(&self) {
        self.due.notified().await;
    }

    pub(crate) fn listen(self: &Arc<Self>, kinds: EventTypes) -> Listener {
        // Heard of first and wanted then: nothing that is wanted goes unheard.
        let events = self.events.subscribe();
        self.count(kinds, |count| *count += 1);
        Listener { events, kinds, feed: Arc::clone(self) }
    }

    fn count(&self, kinds: EventTypes, change: impl Fn(&mut usize)) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.iter().for_each(|kind| change(&mut listeners[kind as usize]));
        let wanted: EventTypes = EventType::ALL.into_iter().filter(|kind| listeners[*kind as usize] > 0).collect();
        self.heard.store(wanted.bits(), Ordering::Release);
    }
}

/// Hears of events in this process, in the order of their commits and never before.
///
/// Nothing is kept for it: what is written while no server runs, by a command, webhooks are told of when one does.
pub struct Listener {
    events: Receiver<Arc<Event>>,
    kinds: EventTypes,
    feed: Arc<Feed>,
}

/// What a [`Listener`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something happened.
    Event(Arc<Event>),
    /// The listener was too slow, and so many events of any kind are gone.
    Missed(u64),
}

impl Listener {
    /// The next one; `None` when the store is gone. May be given up without losing any.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            match self.events.recv().await {
                Ok(event) if self.kinds.contains(event.happened.kind()) => return Some(Heard::Event(event)),
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => return Some(Heard::Missed(missed)),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.feed.count(self.kinds, |count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{Happened, UnixSeconds};

    fn event(number: u128, happened: Happened) -> Arc<Event> {
        let (id, appid) = (Uuid::from_u128(number), "wx1".to_owned());
        Arc::new(Event { id, appid, member: None, happened_at: UnixSeconds(0), happened })
    }

    fn only(kind: EventType) -> EventTypes {
        [kind].into_iter().collect()
    }

    #[tokio::test]
    async fn a_listener_hears_what_it_wants_and_how_much_it_missed() {
        let feed = Arc::new(Feed::default());
        let mut listener = feed.listen(only(EventType::MemberErased));
        let (created, erased) = (event(1, Happened::MemberCreated), event(2, Happened::MemberErased));
        feed.publish(vec![created, Arc::clone(&erased)], false);
        assert_eq!(listener.next().await, Some(Heard::Event(Arc::clone(&erased))));
        feed.publish(vec![erased; BEHIND + 3], false);
        assert_eq!(listener.next().await, Some(Heard::Missed(3)));
    }

    #[test]
    fn what_nobody_listens_to_any_more_is_not_wanted() {
        let feed = Arc::new(Feed::default());
        let (one, other) = (feed.listen(only(EventType::MemberCreated)), feed.listen(EventTypes::ALL));
        assert_eq!(feed.heard(), EventTypes::ALL);
        drop(other);
        assert_eq!(feed.heard(), only(EventType::MemberCreated));
        drop(one);
        assert_eq!((feed.heard(), feed.queued()), (EventTypes::NONE, EventTypes::NONE));
    }
}
