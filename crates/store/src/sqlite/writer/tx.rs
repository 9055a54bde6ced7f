use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Deref;

use rusqlite::Connection;

use crate::model::SessionId;
use crate::sqlite::index::{Change, Index, Row};
use crate::sqlite::outside;

/// The transaction of a batch: the writing connection, and what the batch did so far to sessions.
pub(in crate::sqlite) struct Tx<'a> {
    connection: &'a Connection,
    index: &'a Index,
    changes: RefCell<Vec<Change>>,
    /// Whose sessions they are, `None` where that is not known; of some that were undone, too.
    owners: RefCell<HashSet<Option<u32>>>,
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, index: &'a Index) -> Self {
        Self { connection, index, changes: RefCell::default(), owners: RefCell::default() }
    }

    /// What the index must do once the batch is committed.
    pub(in crate::sqlite) fn note(&self, change: Change) {
        self.owners.borrow_mut().insert(self.index.owner_of(&change));
        self.changes.borrow_mut().push(change);
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

    /// Leaves word to the server of what was noted.
    pub(super) fn tell(&self) -> rusqlite::Result<()> {
        outside::tell(self.connection, &self.changes.borrow())
    }

    pub(super) fn mark(&self) -> usize {
        self.changes.borrow().len()
    }

    /// Forgets what was noted since.
    pub(super) fn undo(&self, mark: usize) {
        self.changes.borrow_mut().truncate(mark);
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes.into_inner()
    }
}
