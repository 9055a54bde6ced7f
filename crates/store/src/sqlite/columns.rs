use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Result, Row};

/// Reads the columns of a row one after the other, in the order of the SELECT: for rows that every login reads. To find
/// twenty columns by their names takes longer than to read them.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> Result<T> {
        self.row.get(self.step())
    }

    /// Without a copy of what it holds.
    pub(super) fn next_ref(&mut self) -> Result<ValueRef<'a>> {
        self.row.get_ref(self.step())
    }

    fn step(&mut self) -> usize {
        let at = self.next;
        self.next += 1;
        at
    }
}
