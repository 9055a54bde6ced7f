use rusqlite::{Connection, Result};

use super::{audit, keys, members, sessions};
use crate::model::{Export, MemberId, UnixSeconds};

pub(super) fn member(conn: &Connection, id: MemberId, now: UnixSeconds) -> Result<Option<Export>> {
    // One transaction, so that all parts are of one moment.
    let snapshot = conn.unchecked_transaction()?;
    let Some(member) = members::by_id(&snapshot, id)? else { return Ok(None) };
    Ok(Some(Export {
        exported_at: now,
        sessions: sessions::all(&snapshot, id)?,
        session_keys_obtained_at: keys::obtained_at(&snapshot, id)?,
        audit: audit::of_member(&snapshot, id)?,
        member,
    }))
}
