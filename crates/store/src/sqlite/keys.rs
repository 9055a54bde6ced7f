use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension, Result, named_params};

use super::index::{Index, Row};
use super::sessions::Rows;
use super::{members, sessions};
use crate::model::{MemberId, SealedKey, SessionId, UnixSeconds};

/// How many session keys of a member are kept, and for how long those that are not the newest.
const KEPT: usize = 3;
const KEPT_SECONDS: i64 = 600;

/// Which of a member's rows have a key that is of use, newest first: the newest, and what else is young enough.
pub(super) fn usable(rows: Rows, now: UnixSeconds) -> Vec<SessionId> {
    let since = now - KEPT_SECONDS;
    let rows = newest_first(rows);
    let young = |(at, (_, row)): &(usize, (SessionId, Row))| *at == 0 || i64::from(row.created_at) > since.0;
    rows.into_iter().enumerate().take(KEPT).take_while(young).map(|(_, (id, _))| id).collect()
}

/// Which of a member's rows have so many younger ones that their key is of no use, whatever their age.
pub(super) fn outlived(rows: Rows) -> Rows {
    newest_first(rows).into_iter().skip(KEPT).collect()
}

fn newest_first(mut rows: Rows) -> Rows {
    rows.sort_unstable_by_key(|(id, row)| Reverse((row.created_at, *id)));
    rows
}

/// Whether the key of one of a member's rows must stay. When nobody is left who could use it, the newest only does
/// while it is young: the next login brings another.
pub(super) fn is_wanted(rows: Rows, id: SessionId, now: UnixSeconds) -> bool {
    let is_young = |row: &Row| i64::from(row.created_at) > (now - KEPT_SECONDS).0;
    let is_of_use = rows.iter().any(|(other, row)| row.is_live(now) || (*other == id && is_young(row)));
    is_of_use && usable(rows, now).contains(&id)
}

/// The usable keys of a member, newest first.
pub(super) fn of_member(
    conn: &Connection,
    index: &Index,
    member: MemberId,
    now: UnixSeconds,
) -> Result<Vec<SealedKey>> {
    const SELECT: &str = "
        SELECT sealed_key, created_at
        FROM sessions
        WHERE id = :id AND sealed_key IS NOT NULL";
    let Some(owner) = members::number(conn, member)? else { return Ok(Vec::new()) };
    let mut select = conn.prepare_cached(SELECT)?;
    let mut keys = Vec::new();
    for id in usable(sessions::rows(conn, index, owner)?, now) {
        let key = select.query_row(named_params! { ":id": id.0 }, |row| {
            Ok(SealedKey { sealed: row.get("sealed_key")?, obtained_at: UnixSeconds(row.get("created_at")?) })
        });
        keys.extend(key.optional()?);
    }
    Ok(keys)
}

/// Takes the key out of a row.
pub(super) fn forget(tx: &Connection, id: SessionId) -> Result<()> {
    const UPDATE: &str = "
        UPDATE sessions
        SET sealed_key = NULL
        WHERE id = :id AND sealed_key IS NOT NULL";
    tx.prepare_cached(UPDATE)?.execute(named_params! { ":id": id.0 })?;
    Ok(())
}
