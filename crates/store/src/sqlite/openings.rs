use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};

use crate::model::{FailureRow, Opening, OpeningId, UnixSeconds};

/// The failure budget: at most so many tries in so many seconds.
const BUDGET: [(i64, i64); 2] = [(5, 600), (20, LONGEST_SECONDS)];

/// After so long no failure counts any more.
pub(super) const LONGEST_SECONDS: i64 = 86_400;

pub(super) fn begin(tx: &Connection, subject: &[u8; 32], now: UnixSeconds) -> Result<Opening> {
    const INSERT: &str = "
        INSERT INTO failures (subject, began_at)
        VALUES (:subject, :now)
        RETURNING id";
    if longest_wait(tx, subject, now, true)? > 0 {
        // Tries under way end soon, and may end well; failures stay for their time.
        let retry_after_seconds = longest_wait(tx, subject, now, false)?.max(1);
        return Ok(Opening::Spent { retry_after_seconds });
    }
    let params = named_params! { ":subject": subject, ":now": now.0 };
    tx.prepare_cached(INSERT)?.query_row(params, |row| row.get("id").map(OpeningId).map(Opening::Granted))
}

/// How long until there is room in every window, counting those under way or only those that failed; 0 if there is now.
fn longest_wait(tx: &Connection, subject: &[u8; 32], now: UnixSeconds, under_way: bool) -> Result<i64> {
    const SELECT: &str = "
        SELECT began_at
        FROM failures
        WHERE subject = :subject AND began_at > :since AND (:under_way OR cause IS NOT NULL)
        ORDER BY began_at DESC
        LIMIT 1 OFFSET :others";
    let mut longest = 0;
    for (tries, seconds) in BUDGET {
        let params = named_params! {
            ":subject": subject,
            ":since": (now - seconds).0,
            ":under_way": under_way,
            ":others": tries - 1,
        };
        let decisive =
            tx.prepare_cached(SELECT)?.query_row(params, |row| row.get("began_at").map(UnixSeconds)).optional()?;
        // A clock that was set back makes nobody wait longer than the window is.
        let wait = decisive.map_or(0, |began_at| (began_at + seconds).0.saturating_sub(now.0).min(seconds));
        longest = longest.max(wait);
    }
    Ok(longest)
}

/// Gives back what was under way when the process ended: whoever holds the lock knows that nobody else is at it.
pub(super) fn release_abandoned(connection: &Connection) -> Result<()> {
    connection.execute("DELETE FROM failures WHERE cause IS NULL", [])?;
    Ok(())
}

pub(super) fn fail(tx: &Connection, id: OpeningId, cause: &str) -> Result<()> {
    const UPDATE: &str = "
        UPDATE failures
        SET cause = :cause
        WHERE id = :id AND cause IS NULL";
    tx.prepare_cached(UPDATE)?.execute(named_params! { ":id": id.0, ":cause": cause })?;
    Ok(())
}

pub(super) fn release(tx: &Connection, id: OpeningId) -> Result<()> {
    const DELETE: &str = "
        DELETE FROM failures
        WHERE id = :id AND cause IS NULL";
    tx.prepare_cached(DELETE)?.execute(named_params! { ":id": id.0 })?;
    Ok(())
}

/// The tries of a subject that are there, newest first.
pub(super) fn of_subject(conn: &Connection, subject: &[u8; 32]) -> Result<Vec<FailureRow>> {
    const SELECT: &str = "
        SELECT began_at, cause
        FROM failures
        WHERE subject = :subject
        ORDER BY began_at DESC, id DESC";
    let row = |row: &Row<'_>| Ok(FailureRow { began_at: UnixSeconds(row.get("began_at")?), cause: row.get("cause")? });
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":subject": subject }, row)?.collect()
}
