use rusqlite::{Connection, Result, named_params};

use super::audit::{self, About};
use crate::model::{MemberId, SessionId, UnixSeconds};

/// Foreign keys see to it that no table is forgotten here.
pub(super) fn member(
    tx: &Connection,
    member: MemberId,
    pseudonym: &[u8; 32],
    actor: &str,
    now: UnixSeconds,
) -> Result<Option<Vec<SessionId>>> {
    let id = named_params! { ":member": member.0.as_bytes() };
    let ended = tx
        .prepare_cached("DELETE FROM sessions WHERE member_id = :member RETURNING id")?
        .query_map(id, |row| row.get("id").map(SessionId))?
        .collect::<Result<Vec<_>>>()?;
    tx.prepare_cached("DELETE FROM session_keys WHERE member_id = :member")?.execute(id)?;
    tx.prepare_cached("DELETE FROM used_payloads WHERE member_id = :member")?.execute(id)?;
    if tx.prepare_cached("DELETE FROM members WHERE id = :member")?.execute(id)? == 0 {
        return Ok(None);
    }
    audit::pseudonymise(tx, member, pseudonym)?;
    journal(tx, pseudonym, now)?;
    audit::record(tx, now, actor, "member.erased", &About::Erased(pseudonym))?;
    Ok(Some(ended))
}

fn journal(tx: &Connection, pseudonym: &[u8; 32], now: UnixSeconds) -> Result<()> {
    const UPSERT: &str = "
        INSERT INTO erasures (pseudonym, erased_at)
        VALUES (:pseudonym, :now)
        ON CONFLICT (pseudonym) DO UPDATE SET erased_at = excluded.erased_at";
    tx.prepare_cached(UPSERT)?.execute(named_params! { ":pseudonym": pseudonym, ":now": now.0 })?;
    Ok(())
}
