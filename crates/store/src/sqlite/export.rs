use rusqlite::{Connection, Result};

use super::index::Index;
use super::{audit, avatars, events, failed, keys, members, openings, plugin_entries, proofs, sessions};
use crate::model::{Export, MemberId, UnixSeconds};

pub(super) fn member(
    conn: &Connection,
    index: &Index,
    id: MemberId,
    pseudonym: &[u8; 32],
    now: UnixSeconds,
) -> Result<Option<Export>> {
    // One transaction, so that all parts are of one moment.
    let snapshot = conn.unchecked_transaction()?;
    let Some(member) = members::by_id(&snapshot, id)? else { return Ok(None) };
    let keys = keys::of_member(&snapshot, index, id, now)?.into_iter().map(|key| key.obtained_at).collect();
    Ok(Some(Export {
        exported_at: now,
        sessions: sessions::all(&snapshot, index, id)?,
        session_keys_obtained_at: keys,
        audit: audit::of_member(&snapshot, id)?,
        failures: openings::of_subject(&snapshot, pseudonym)?,
        failed_requests: failed::of_member(&snapshot, id)?,
        proofs: proofs::of_member(&snapshot, id)?,
        events: events::of_subject(&snapshot, pseudonym)?,
        avatar: avatars::of_member(&snapshot, id)?,
        plugin_entries: plugin_entries::of_member(&snapshot, id)?,
        member,
    }))
}
