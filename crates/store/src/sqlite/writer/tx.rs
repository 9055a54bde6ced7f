use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use rusqlite::Connection;

use crate::model::{Event, EventTypes, SessionId};
use crate::sqlite::index::{Change, Index, Row};

/// The transaction of a batch: the writing connection, and what the batch did so far to sessions.
pub(in crate::sqlite) struct Tx<'a> {
    connection: &'a Connection,
    index: &'a Index,
    changes: RefCell<Vec<Change>>,
    /// Whose sessions they are, `None` where that is not known; of some that were undone, too.
    owners: RefCell<HashSet<Option<u32>>>,
    events: RefCell<Vec<Arc<Event>>>,
    /// What webhooks want, as this transaction sees them.
    queued: Cell<EventTypes>,
    /// What listeners wanted when it began.
    heard: EventTypes,
    /// Whether it wrote a delivery; of some that were undone, too.
    has_queued: Cell<bool>,
}

/// How far a transaction had come.
pub(super) struct Mark {
    changes: usize,
    events: usize,
    queued: EventTypes,
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, index: &'a Index) -> Self {
        let feed = index.feed();
        Self {
            connection,
            index,
            changes: RefCell::default(),
            owners: RefCell::default(),
            events: RefCell::default(),
            queued: Cell::new(feed.queued()),
            heard: feed.heard(),
            has_queued: Cell::new(false),
        }
    }

    /// What the index must do once the batch is committed.
    pub(in crate::sqlite) fn note(&self, change: Change) {
        self.owners.borrow_mut().insert(self.index.owner_of(&change));
        self.changes.borrow_mut().push(change);
    }

    /// What webhooks want from here on.
    pub(in crate::sqlite) fn queued(&self) -> EventTypes {
        self.queued.get()
    }

    /// What listeners want.
    pub(in crate::sqlite) fn heard(&self) -> EventTypes {
        self.heard
    }

    /// Webhooks want something else from here on.
    pub(in crate::sqlite) fn set_queued(&self, kinds: EventTypes) {
        self.queued.set(kinds);
    }

    /// What listeners hear once the batch is committed.
    pub(in crate::sqlite) fn tell_listeners(&self, event: Arc<Event>) {
        self.events.borrow_mut().push(event);
    }

    /// A delivery was written.
    pub(in crate::sqlite) fn note_delivery(&self) {
        self.has_queued.set(true);
    }

    /// All rows of a member as this transaction sees them; `None` when they may not all be in memory.
    pub(in crate::sqlite) fn of_member(&self, owner: u32) -> Option<Vec<(SessionId, Row)>> {
        let mut rows = self.index.of_member(owner)?;
        if self.concerns(owner) {
            for change in self.changes.borrow().iter() {
                change.replay(owner, &mut rows);
            }
        }
        Some(rows)
    }

    /// Whether a member surely has no more than `most` rows, without a look at them.
    pub(in crate::sqlite) fn has_at_most(&self, owner: u32, most: usize) -> bool {
        !self.concerns(owner) && self.index.count_of(owner).is_some_and(|count| count <= most)
    }

    /// A row, if it is known without a look at the file.
    pub(in crate::sqlite) fn row(&self, id: SessionId) -> Option<Row> {
        self.index.row(id).filter(|row| !self.concerns(row.owner))
    }

    /// Whether there is surely no row between these two.
    pub(in crate::sqlite) fn are_neighbours(&self, one: SessionId, next: SessionId) -> bool {
        let is_between = |change: &Change| matches!(change, Change::Opened { id, .. } if one < *id && *id < next);
        self.index.are_neighbours(one, next) && !self.changes.borrow().iter().any(is_between)
    }

    /// Whether this batch may have changed a member's rows.
    fn concerns(&self, owner: u32) -> bool {
        let owners = self.owners.borrow();
        owners.contains(&Some(owner)) || owners.contains(&None)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { changes: self.changes.borrow().len(), events: self.events.borrow().len(), queued: self.queued.get() }
    }

    /// Forgets what was noted since.
    pub(super) fn undo(&self, mark: &Mark) {
        self.changes.borrow_mut().truncate(mark.changes);
        self.events.borrow_mut().truncate(mark.events);
        self.queued.set(mark.queued);
    }

    /// It is committed: whoever wants to know is told.
    pub(super) fn publish(self) {
        self.index.apply(self.changes.into_inner());
        let feed = self.index.feed();
        if feed.queued() != self.queued.get() {
            feed.set_queued(self.queued.get());
        }
        feed.publish(self.events.into_inner(), self.has_queued.get());
    }
}
