use rusqlite::{Connection, Result, Row, named_params};
use serde_json::Value;
use uuid::Uuid;

use super::page::Window;
use crate::model::{AuditLine, AuditQuery, AuditRow, By, MemberId, Page, UnixSeconds};

/// How long a line is kept.
pub(super) const KEPT_SECONDS: i64 = 180 * 86_400;

/// A statement whose first condition finds the lines.
macro_rules! page {
    ($found_by:literal) => {
        concat!(
            "SELECT id, happened_at, actor, origin, action, member_id, pseudonym, detail
             FROM audit
             WHERE ",
            $found_by,
            "  AND (:member IS NULL OR +member_id = :member)
               AND (:actor IS NULL OR actor = :actor)
               AND (:action IS NULL OR action = :action)
             ORDER BY id DESC
             LIMIT :limit"
        )
    };
}

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
    insert(tx, at, by, action, about, Some(&detail.to_string()))
}

fn insert(
    tx: &Connection,
    at: UnixSeconds,
    by: &By,
    action: &str,
    about: About<'_>,
    detail: Option<&str>,
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

/// Whether one of the newest lines says that `by` did `action`, later than `since`: for what would fill the audit.
pub(super) fn is_recent(conn: &Connection, by: &By, action: &str, since: UnixSeconds) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1
        FROM (SELECT happened_at, actor, action FROM audit ORDER BY id DESC LIMIT 100)
        WHERE actor = :actor AND action = :action AND happened_at > :since";
    let params = named_params! { ":actor": by.actor.to_string(), ":action": action, ":since": since.0 };
    conn.prepare_cached(SELECT)?.exists(params)
}

/// What was done about a member, newest first.
pub(super) fn of_member(conn: &Connection, member: MemberId) -> Result<Vec<AuditRow>> {
    const SELECT: &str = "
        SELECT happened_at, actor, action, detail
        FROM audit
        WHERE member_id = :member
        ORDER BY id DESC";
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":member": member.0.as_bytes() }, line)?.collect()
}

fn line(row: &Row<'_>) -> Result<AuditRow> {
    Ok(AuditRow {
        at: UnixSeconds(row.get("happened_at")?),
        actor: row.get("actor")?,
        action: row.get("action")?,
        detail: row.get("detail")?,
    })
}

/// Those about a member; and those by whatever else, of which a page looks at so many lines, found or not.
const ABOUT_MEMBER: &str = page!("member_id = :member AND +id < :before AND +id >= :floor");
const BY_ID: &str = page!("id < :before AND id >= :floor");

/// Some lines, newest first.
pub(super) fn page(conn: &Connection, query: &AuditQuery, looked_at: i64) -> Result<Page<AuditLine>> {
    let snapshot = conn.unchecked_transaction()?;
    let (sql, window) = match query.member {
        Some(_) => (ABOUT_MEMBER, Window::whole(query.after)),
        None => (BY_ID, Window::below(query.after, newest(&snapshot)?, looked_at)),
    };
    let params = named_params! {
        ":member": query.member.as_ref().map(|id| id.0.as_bytes()),
        ":actor": query.actor,
        ":action": query.action,
        ":before": window.before,
        ":floor": window.floor,
        ":limit": i64::from(query.limit) + 1,
    };
    let found = snapshot.prepare_cached(sql)?.query_map(params, numbered_line)?.collect::<Result<_>>()?;
    window.page(found, query.limit, |id| has_older(&snapshot, id))
}

fn numbered_line(row: &Row<'_>) -> Result<(i64, AuditLine)> {
    let member: Option<[u8; 16]> = row.get("member_id")?;
    let line = AuditLine {
        row: line(row)?,
        origin: row.get("origin")?,
        member: member.map(|id| MemberId(Uuid::from_bytes(id))),
        pseudonym: row.get("pseudonym")?,
    };
    Ok((row.get("id")?, line))
}

fn newest(conn: &Connection) -> Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(id), 0) FROM audit")?.query_row([], |row| row.get(0))
}

fn has_older(conn: &Connection, floor: i64) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM audit WHERE id < :floor LIMIT 1")?.exists(named_params! { ":floor": floor })
}

/// Takes a member's id and the names of their attributes off their lines; what stays tells one erased person's story from
/// another's.
pub(super) fn pseudonymise(tx: &Connection, member: MemberId, pseudonym: &[u8; 32]) -> Result<()> {
    const UPDATE: &str = "
        UPDATE audit
        SET member_id = NULL, pseudonym = :pseudonym, detail = json_remove(detail, '$.attributes')
        WHERE member_id = :member";
    let params = named_params! { ":member": member.0.as_bytes(), ":pseudonym": pseudonym };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    Ok(())
}
