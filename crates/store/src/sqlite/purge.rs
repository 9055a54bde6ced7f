use rusqlite::{Connection, Result, ToSql, named_params};

use super::openings;
use crate::model::{Purged, UnixSeconds};

const SESSIONS: &str = "
    DELETE FROM sessions
    WHERE id IN (
        SELECT id
        FROM sessions
        WHERE min(expires_at, ends_at) <= :now
        LIMIT :limit)";

/// Ids grow with time, so the oldest failures are found without an index on it.
const FAILURES: &str = "
    DELETE FROM failures
    WHERE began_at <= :now
      AND id IN (
        SELECT id
        FROM failures
        ORDER BY id
        LIMIT :limit)";

const PROOFS: &str = "
    DELETE FROM used_payloads
    WHERE digest IN (
        SELECT digest
        FROM used_payloads
        WHERE usable_until < :now
        LIMIT :limit)";

pub(super) fn slice(tx: &Connection, now: UnixSeconds, limit: u32) -> Result<Purged> {
    let delete = |sql: &str, now: UnixSeconds| {
        let params: &[(&str, &dyn ToSql)] = named_params! { ":now": now.0, ":limit": limit };
        tx.prepare_cached(sql)?.execute(params).map(|rows| rows as u64)
    };
    let sessions = delete(SESSIONS, now)?;
    let failures = delete(FAILURES, now - openings::LONGEST_SECONDS)?;
    let proofs = delete(PROOFS, now)?;
    let more = [sessions, failures, proofs].contains(&limit.into());
    Ok(Purged { sessions, failures, proofs, more })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;

    #[test]
    fn a_purge_reads_no_table_from_end_to_end() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (sql, way) in [
            (SESSIONS, "SEARCH sessions USING COVERING INDEX sessions_by_end"),
            (FAILURES, "SEARCH failures USING INTEGER PRIMARY KEY"),
            (PROOFS, "SEARCH used_payloads USING COVERING INDEX used_payloads_by_usable_until"),
        ] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let params = named_params! { ":now": 0, ":limit": 1 };
            let plan: Vec<String> =
                explain.query_map(params, |row| row.get("detail")).unwrap().collect::<Result<_>>().unwrap();
            assert!(plan.iter().any(|step| step.starts_with(way)), "{plan:#?}");
        }
    }
}
