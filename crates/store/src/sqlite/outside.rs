//! What another process wrote: a command beside the server tells it, through a table, what to read again.

use rusqlite::{Connection, Result, named_params};
use uuid::Uuid;

use super::index::{Change, Person};
use super::{members, sessions, tokens};
use crate::model::SessionId;

/// Whether there is anything that the server has not read again.
pub(super) fn is_due(conn: &Connection) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM outside_changes LIMIT 1")?.exists([])
}

/// Leaves word of what this transaction changed.
pub(super) fn tell(conn: &Connection, changes: &[Change]) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO outside_changes (session_id, member, token_id)
        VALUES (:session, :member, :token)";
    let mut insert = conn.prepare_cached(INSERT)?;
    for change in changes {
        let (session, member, token) = match change {
            Change::Opened { id, .. } | Change::Used { id, .. } | Change::Ended { id } | Change::Gone { id } => {
                (Some(id.0), None, None)
            }
            Change::Person { owner, .. } => (None, Some(*owner), None),
            Change::Token { id, .. } => (None, None, Some(id.into_bytes())),
        };
        insert.execute(named_params! { ":session": session, ":member": member, ":token": token })?;
    }
    Ok(())
}

/// Reads again what others changed: it is committed, so the index may hear of it at once.
pub(super) fn take_in(tx: &Connection) -> Result<Vec<Change>> {
    const SELECT: &str = "
        SELECT session_id, member, token_id
        FROM outside_changes
        ORDER BY id";
    let mut changes = Vec::new();
    if !is_due(tx)? {
        return Ok(changes);
    }
    let mut select = tx.prepare_cached(SELECT)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(id) = row.get("session_id")? {
            take_in_session(tx, SessionId(id), &mut changes)?;
        }
        if let Some(owner) = row.get("member")?
            && let Some(member) = members::by_number(tx, owner)?
        {
            changes.push(Change::Person { owner, person: Person::from(&member) });
        }
        if let Some(id) = row.get::<_, Option<_>>("token_id")?.map(Uuid::from_bytes) {
            changes.push(Change::Token { id, token: tokens::by_id(tx, id)? });
        }
    }
    tx.prepare_cached("DELETE FROM outside_changes")?.execute([])?;
    Ok(changes)
}

fn take_in_session(tx: &Connection, id: SessionId, changes: &mut Vec<Change>) -> Result<()> {
    let row = sessions::row(tx, id)?;
    let member = row.map(|row| members::by_number(tx, row.owner)).transpose()?.flatten();
    let (Some(row), Some(member)) = (row, member) else {
        changes.push(Change::Gone { id });
        return Ok(());
    };
    changes.push(Change::Opened { id, row, person: Person::from(&member) });
    if row.has_ended() {
        changes.push(Change::Ended { id });
    }
    Ok(())
}
