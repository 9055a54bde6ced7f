use rusqlite::{Connection, Result, Row, named_params};
use serde_json::Value;

use crate::model::{AuditRow, By, MemberId, UnixSeconds};

/// Whom a line of the audit is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    Member(MemberId),
    Erased(&'a [u8; 32]),
    Nobody,
}

/// Adds a line whose action says it all.
pub(super) fn record(tx: &Connection, at: UnixSeconds, by: &By, action: &str, about: About<'_>) -> Result<()> {
    insert(tx, at, by, action, about, None)
}

/// Adds a line that says in a JSON object what changed. No personal data may stand in it.
pub(super) fn record_with(
    tx: &Connection,
    at: UnixSeconds,
    by: &By,
    action: &str,
    about: About<'_>,
    detail: &Value,
) -> Result<()> {
    insert(tx, at, by, action, about, Some(detail.to_string()))
}

fn insert(
    tx: &Connection,
    at: UnixSeconds,
    by: &By,
    action: &str,
    about: About<'_>,
    detail: Option<String>,
) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO audit (happened_at, actor, origin, action, member_id, pseudonym, detail)
        VALUES (:at, :actor, :origin, :action, :member, :pseudonym, :detail)";
    let (member, pseudonym) = match &about {
        About::Member(id) => (Some(id.0.as_bytes()), None),
        About::Erased(pseudonym) => (None, Some(*pseudonym)),
        About::Nobody => (None, None),
    };
    let params = named_params! {
        ":at": at.0,
        ":actor": by.actor.to_string(),
        ":origin": by.origin.map(|address| address.to_string()),
        ":action": action,
        ":member": member,
        ":pseudonym": pseudonym,
        ":detail": detail,
    };
    tx.prepare_cached(INSERT)?.execute(params)?;
    Ok(())
}

/// Whether a line of a member says `action`, later than `since`.
pub(super) fn has_since(conn: &Connection, member: MemberId, action: &str, since: UnixSeconds) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1
        FROM audit
        WHERE member_id = :member AND action = :action AND happened_at > :since";
    let params = named_params! { ":member": member.0.as_bytes(), ":action": action, ":since": since.0 };
    conn.prepare_cached(SELECT)?.exists(params)
}

/// What was done about a member, newest first.
pub(super) fn of_member(conn: &Connection, member: MemberId) -> Result<Vec<AuditRow>> {
    const SELECT: &str = "
        SELECT happened_at, actor, action, detail
        FROM audit
        WHERE member_id = :member
        ORDER BY id DESC";
    let row = |row: &Row<'_>| {
        Ok(AuditRow {
            at: UnixSeconds(row.get("happened_at")?),
            actor: row.get("actor")?,
            action: row.get("action")?,
            detail: row.get("detail")?,
        })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":member": member.0.as_bytes() }, row)?.collect()
}

/// Takes a member's id off their lines; what stays tells one erased person's story from another's.
pub(super) fn pseudonymise(tx: &Connection, member: MemberId, pseudonym: &[u8; 32]) -> Result<()> {
    const UPDATE: &str = "
        UPDATE audit
        SET member_id = NULL, pseudonym = :pseudonym
        WHERE member_id = :member";
    let params = named_params! { ":member": member.0.as_bytes(), ":pseudonym": pseudonym };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    Ok(())
}
