use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};

use super::members;
use super::writer::Tx;
use crate::model::{ExportedEntry, MemberId, PluginEntry, UnixSeconds};

/// Keys after one and within a prefix are a range of the primary key: no text that begins with the prefix comes after it
/// with the last of all characters behind.
const RANGE: &str = "
    SELECT key, sealed_value, member_id, expires_at
    FROM plugin_entries
    WHERE plugin = :plugin
      AND key >= :prefix
      AND key < :prefix || char(0x10FFFF)
      AND key > :after
      AND (expires_at IS NULL OR expires_at > :now)
    ORDER BY key
    LIMIT :limit";

pub(super) fn by_key(conn: &Connection, plugin: &str, key: &str, now: UnixSeconds) -> Result<Option<PluginEntry>> {
    const SELECT: &str = "
        SELECT key, sealed_value, member_id, expires_at
        FROM plugin_entries
        WHERE plugin = :plugin AND key = :key AND (expires_at IS NULL OR expires_at > :now)";
    let params = named_params! { ":plugin": plugin, ":key": key, ":now": now.0 };
    conn.prepare_cached(SELECT)?.query_row(params, from_row).optional()
}

pub(super) fn range(
    conn: &Connection,
    plugin: &str,
    prefix: &str,
    after: &str,
    limit: u32,
    now: UnixSeconds,
) -> Result<Vec<PluginEntry>> {
    let params = named_params! {
        ":plugin": plugin,
        ":prefix": prefix,
        ":after": after,
        ":limit": limit,
        ":now": now.0,
    };
    conn.prepare_cached(RANGE)?.query_map(params, from_row)?.collect()
}

pub(super) fn keep(tx: &Tx<'_>, plugin: &str, entry: &PluginEntry) -> Result<bool> {
    const UPSERT: &str = "
        INSERT INTO plugin_entries (plugin, key, sealed_value, member_id, expires_at)
        VALUES (:plugin, :key, :sealed_value, :member, :expires_at)
        ON CONFLICT (plugin, key) DO UPDATE
        SET sealed_value = excluded.sealed_value, member_id = excluded.member_id, expires_at = excluded.expires_at";
    if let Some(member) = entry.member
        && members::number(tx, member)?.is_none()
    {
        return Ok(false);
    }
    let params = named_params! {
        ":plugin": plugin,
        ":key": entry.key,
        ":sealed_value": entry.sealed_value,
        ":member": entry.member.map(|member| member.0.into_bytes()),
        ":expires_at": entry.expires_at.map(|at| at.0),
    };
    tx.prepare_cached(UPSERT)?.execute(params)?;
    Ok(true)
}

pub(super) fn take(tx: &Connection, plugin: &str, key: &str, now: UnixSeconds) -> Result<Option<PluginEntry>> {
    const DELETE: &str = "
        DELETE FROM plugin_entries
        WHERE plugin = :plugin AND key = :key";
    let entry = by_key(tx, plugin, key, now)?;
    tx.prepare_cached(DELETE)?.execute(named_params! { ":plugin": plugin, ":key": key })?;
    Ok(entry)
}

/// Whatever plugins keep about a member, expired or not.
pub(super) fn of_member(conn: &Connection, member: MemberId) -> Result<Vec<ExportedEntry>> {
    const SELECT: &str = "
        SELECT plugin, key, sealed_value, member_id, expires_at
        FROM plugin_entries
        WHERE member_id = :member
        ORDER BY plugin, key";
    let row = |row: &Row<'_>| Ok(ExportedEntry { plugin: row.get("plugin")?, entry: from_row(row)? });
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":member": member.0.as_bytes() }, row)?.collect()
}

fn from_row(row: &Row<'_>) -> Result<PluginEntry> {
    Ok(PluginEntry {
        key: row.get("key")?,
        sealed_value: row.get("sealed_value")?,
        member: row.get::<_, Option<_>>("member_id")?.map(uuid::Uuid::from_bytes).map(MemberId),
        expires_at: row.get::<_, Option<_>>("expires_at")?.map(UnixSeconds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;

    #[test]
    fn a_range_is_read_from_the_key_that_it_begins_with() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let params = named_params! { ":plugin": "p", ":prefix": "a", ":after": "a1", ":limit": 1, ":now": 0 };
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {RANGE}")).unwrap();
        let plan: Vec<String> =
            explain.query_map(params, |row| row.get("detail")).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(plan, ["SEARCH plugin_entries USING PRIMARY KEY (plugin=? AND key>? AND key<?)"]);
    }
}
