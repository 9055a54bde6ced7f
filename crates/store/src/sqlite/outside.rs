//! What another process wrote: a command beside the server tells it, through a table, what to read again.

use rusqlite::{Connection, Result, Row as SqlRow, named_params};

use super::index::{Change, Person};
use super::writer::Tx;
use super::{members, sessions};
use crate::model::SessionId;

/// Whether there is anything that the server has not read again.
pub(super) fn is_due(conn: &Connection) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM outside_changes LIMIT 1")?.exists([])
}

/// Leaves word of what this transaction changed.
pub(super) fn tell(conn: &Connection, changes: &[Change]) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO outside_changes (session_id, member)
        VALUES (:session, :member)";
    let mut insert = conn.prepare_cached(INSERT)?;
    for change in changes {
        let (session, member) = match change {
            Change::Opened { id, .. } | Change::Used { id, .. } | Change::Ended { id } | Change::Gone { id } => {
                (Some(id.0), None)
            }
            Change::Person { owner, .. } => (None, Some(*owner)),
        };
        insert.execute(named_params! { ":session": session, ":member": member })?;
    }
    Ok(())
}

/// Reads again what others changed, so that the index hears of it.
pub(super) fn take_in(tx: &Tx<'_>) -> Result<()> {
    const SELECT: &str = "
        SELECT session_id, member
        FROM outside_changes
        ORDER BY id";
    if !is_due(tx)? {
        return Ok(());
    }
    let row = |row: &SqlRow<'_>| Ok((row.get("session_id")?, row.get("member")?));
    let changed: Vec<(Option<i64>, Option<u32>)> =
        tx.prepare_cached(SELECT)?.query_map([], row)?.collect::<Result<_>>()?;
    for (session, member) in changed {
        if let Some(id) = session {
            take_in_session(tx, SessionId(id))?;
        }
        if let Some(owner) = member
            && let Some(member) = members::by_number(tx, owner)?
        {
            tx.note(Change::Person { owner, person: Person::from(&member) });
        }
    }
    tx.prepare_cached("DELETE FROM outside_changes")?.execute([])?;
    Ok(())
}

fn take_in_session(tx: &Tx<'_>, id: SessionId) -> Result<()> {
    let row = sessions::row(tx, id)?;
    let member = row.map(|row| members::by_number(tx, row.owner)).transpose()?.flatten();
    let (Some(row), Some(member)) = (row, member) else {
        tx.note(Change::Gone { id });
        return Ok(());
    };
    tx.note(Change::Opened { id, row, person: Person::from(&member) });
    if row.has_ended() {
        tx.note(Change::Ended { id });
    }
    Ok(())
}
