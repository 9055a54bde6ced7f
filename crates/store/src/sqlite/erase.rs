use rusqlite::{Connection, OptionalExtension, Result, named_params};

use super::audit::{self, About};
use super::writer::Tx;
use super::{events, failed, members, outbox, sessions};
use crate::model::{By, EventType, Happened, MemberId, SessionId, UnixSeconds};

/// Foreign keys see to it that no table but that of sessions is forgotten here.
pub(super) fn member(
    tx: &Tx<'_>,
    member: MemberId,
    pseudonym: &[u8; 32],
    by: &By,
    now: UnixSeconds,
) -> Result<Option<Vec<SessionId>>> {
    let id = named_params! { ":member": member.0.as_bytes() };
    let Some(owner) = members::number(tx, member)? else { return Ok(None) };
    let appid = appid(tx, owner)?;
    let rows = sessions::rows_in(tx, owner)?;
    sessions::delete(tx, &rows.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    let ended = rows.into_iter().filter(|(_, row)| !row.has_ended()).map(|(id, _)| id).collect();
    tx.prepare_cached("DELETE FROM used_payloads WHERE member_id = :member")?.execute(id)?;
    tx.prepare_cached("DELETE FROM avatars WHERE member_id = :member")?.execute(id)?;
    tx.prepare_cached("DELETE FROM plugin_entries WHERE member_id = :member")?.execute(id)?;
    failed::forget(tx, member)?;
    tx.prepare_cached("DELETE FROM members WHERE id = :member")?.execute(id)?;
    audit::pseudonymise(tx, member, pseudonym)?;
    events::forget_subject(tx, pseudonym)?;
    journal(tx, pseudonym, now)?;
    audit::record(tx, now, by, "member.erased", About::Erased(pseudonym))?;
    outbox::forget(tx, member)?;
    let about = (appid.as_str(), Some(member));
    outbox::tell_if_wanted(tx, now, EventType::MemberErased, about, || Happened::MemberErased)?;
    Ok(Some(ended))
}

fn appid(tx: &Connection, owner: u32) -> Result<String> {
    const SELECT: &str = "SELECT appid FROM members WHERE number = :owner";
    tx.prepare_cached(SELECT)?.query_row(named_params! { ":owner": owner }, |row| row.get("appid"))
}

/// When this person was erased, if they were.
pub(super) fn erased_at(conn: &Connection, pseudonym: &[u8; 32]) -> Result<Option<UnixSeconds>> {
    conn.prepare_cached("SELECT erased_at FROM erasures WHERE pseudonym = :pseudonym")?
        .query_row(named_params! { ":pseudonym": pseudonym }, |row| row.get("erased_at").map(UnixSeconds))
        .optional()
}

/// Writes down who was erased, by the last time it happened.
pub(super) fn journal(tx: &Connection, pseudonym: &[u8; 32], now: UnixSeconds) -> Result<()> {
    const UPSERT: &str = "
        INSERT INTO erasures (pseudonym, erased_at)
        VALUES (:pseudonym, :now)
        ON CONFLICT (pseudonym) DO UPDATE SET erased_at = max(erased_at, excluded.erased_at)";
    tx.prepare_cached(UPSERT)?.execute(named_params! { ":pseudonym": pseudonym, ":now": now.0 })?;
    Ok(())
}
