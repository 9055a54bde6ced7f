use rusqlite::{Connection, Result, named_params};

use super::pace::Pace;
use super::writer::Tx;
use super::{audit, counts, events, failed, keys, openings, outbox, sessions};
use crate::model::{EndCause, Happened, Purged, SessionId, UnixSeconds};

/// Where memory does not say which sessions are over: those with the smallest ids were there longest. What ends among
/// later ones waits for its turn.
const OLDEST: &str = "
    SELECT id
    FROM sessions
    ORDER BY id
    LIMIT :limit";

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

const EVENTS: &str = "
    DELETE FROM wechat_events
    WHERE received_at <= :now
      AND id IN (
        SELECT id
        FROM wechat_events
        ORDER BY id
        LIMIT :limit)";

const PUSHES: &str = "
    DELETE FROM push_seen
    WHERE url IN (
        SELECT url
        FROM push_seen
        WHERE seen_at < :now
        LIMIT :limit)";

const AUDIT: &str = "
    DELETE FROM audit
    WHERE happened_at < :now
      AND id IN (
        SELECT id
        FROM audit
        ORDER BY id
        LIMIT :limit)";

/// Without it the audit lets nothing go. Not written while nothing is due.
const AUDIT_KEPT: &str = "
    UPDATE audit_retention
    SET kept_since = :now
    WHERE kept_since < :now
      AND EXISTS (
        SELECT 1
        FROM (SELECT happened_at FROM audit ORDER BY id LIMIT :limit)
        WHERE happened_at < :now)";

const PLUGIN_ENTRIES: &str = "
    DELETE FROM plugin_entries
    WHERE (plugin, key) IN (
        SELECT plugin, key
        FROM plugin_entries
        WHERE expires_at <= :now
        LIMIT :limit)";

const HOURS: &str = "
    DELETE FROM login_stats
    WHERE (hour, appid, what, cause) IN (
        SELECT hour, appid, what, cause
        FROM login_stats
        WHERE hour <= :now
        LIMIT :limit)";

const FAILED: &str = "
    DELETE FROM failed_requests
    WHERE happened_at <= :now
      AND id IN (
        SELECT id
        FROM failed_requests
        ORDER BY id
        LIMIT :limit)";

/// What memory says of what is due.
pub(super) struct Due {
    /// Sessions that seemed expired, `None` if memory does not say.
    pub(super) expired: Option<Vec<SessionId>>,
    /// Rows whose key may be of no more use.
    pub(super) loose: Vec<SessionId>,
}

/// What a slice did.
pub(super) struct Slice {
    pub(super) purged: Purged,
    /// Rows to be looked at again: their key is still of use, or the time was over before their turn.
    pub(super) kept: Vec<SessionId>,
    /// The first of the expired sessions whose turn did not come.
    pub(super) unreached: Option<SessionId>,
}

/// One slice.
pub(super) fn slice(tx: &Tx<'_>, due: &Due, now: UnixSeconds, pace: &Pace<'_>) -> Result<Slice> {
    let limit = pace.limit;
    let mut more = false;
    let mut delete = |sql: &str, now: UnixSeconds| -> Result<u64> {
        let deleted =
            pace.delete(|rows| tx.prepare_cached(sql)?.execute(named_params! { ":now": now.0, ":limit": rows }))?;
        more |= deleted.more;
        Ok(deleted.rows)
    };
    let failures = delete(FAILURES, now - openings::LONGEST_SECONDS)?;
    let proofs = delete(PROOFS, now)?;
    let events = delete(EVENTS, now - events::KEPT_SECONDS)?;
    let pushes = delete(PUSHES, now - events::SEEN_SECONDS)?;
    let audit_since = now - audit::KEPT_SECONDS;
    tx.prepare_cached(AUDIT_KEPT)?.execute(named_params! { ":now": audit_since.0, ":limit": limit })?;
    let audit = delete(AUDIT, audit_since)?;
    let plugin_entries = delete(PLUGIN_ENTRIES, now)?;
    let statistics = delete(HOURS, now - counts::KEPT_SECONDS)? + delete(FAILED, now - failed::KEPT_SECONDS)?;
    let oldest = if due.expired.is_none() { oldest(tx, limit)? } else { Vec::new() };
    let (sessions, unreached) = pace.through(due.expired.as_ref().unwrap_or(&oldest), |ids| end(tx, ids, now))?;
    let mut kept = Vec::new();
    let (keys, unseen) = pace.through(&due.loose, |ids| forget_keys(tx, ids, now, &mut kept))?;
    more |= [sessions, keys].contains(&limit.into()) || !unreached.is_empty() || !unseen.is_empty();
    kept.extend(unseen);
    let purged = Purged { sessions, failures, proofs, events, pushes, audit, plugin_entries, statistics, more };
    Ok(Slice { purged, kept, unreached: unreached.first().copied() })
}

fn oldest(tx: &Connection, limit: u32) -> Result<Vec<SessionId>> {
    tx.prepare_cached(OLDEST)?
        .query_map(named_params! { ":limit": limit }, |row| row.get("id").map(SessionId))?
        .collect()
}

/// Deletes what is not live, but for a key that is still of use; how many sessions that were.
fn end(tx: &Tx<'_>, ids: &[SessionId], now: UnixSeconds) -> Result<u64> {
    let (mut ended, mut gone) = (0, Vec::new());
    for id in ids {
        let Some(row) = sessions::row_in(tx, *id)?.filter(|row| !row.is_live(now)) else { continue };
        if !row.has_ended() {
            ended += 1;
            let happened = Happened::SessionEnded { session: *id, cause: EndCause::Expired };
            outbox::tell_of_number(tx, now, row.owner, happened)?;
        }
        if !keys::is_wanted(sessions::rows_in(tx, row.owner)?, *id, now) {
            gone.push(*id);
        } else if !row.has_ended() {
            sessions::empty(tx, *id)?;
        }
    }
    sessions::delete(tx, &gone)?;
    Ok(ended)
}

/// Takes the keys that are of no more use, and rows that stayed for one only; of how many rows. Those that are of use
/// are `kept`.
fn forget_keys(tx: &Tx<'_>, ids: &[SessionId], now: UnixSeconds, kept: &mut Vec<SessionId>) -> Result<u64> {
    let (before, mut gone) = (kept.len(), Vec::new());
    for id in ids {
        let Some(row) = sessions::row_in(tx, *id)? else { continue };
        if keys::is_wanted(sessions::rows_in(tx, row.owner)?, *id, now) {
            kept.push(*id);
        } else if row.has_ended() {
            gone.push(*id);
        } else if row.is_live(now) {
            keys::forget(tx, *id)?;
        }
    }
    sessions::delete(tx, &gone)?;
    Ok((ids.len() + before - kept.len()) as u64)
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
            (FAILURES, "SEARCH failures USING INTEGER PRIMARY KEY"),
            (EVENTS, "SEARCH wechat_events USING INTEGER PRIMARY KEY"),
            (AUDIT, "SEARCH audit USING INTEGER PRIMARY KEY"),
            (PUSHES, "SEARCH push_seen USING COVERING INDEX push_seen_by_seen_at"),
            (PLUGIN_ENTRIES, "SEARCH plugin_entries USING COVERING INDEX plugin_entries_by_expires_at"),
            (HOURS, "SEARCH login_stats USING PRIMARY KEY (hour<?)"),
            (FAILED, "SEARCH failed_requests USING INTEGER PRIMARY KEY"),
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
