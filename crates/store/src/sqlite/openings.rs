use rusqlite::{Connection, OptionalExtension, Result, named_params};

use crate::model::{Opening, OpeningId, UnixSeconds};

/// The failure budget: at most so many tries in so many seconds.
const BUDGET: [(i64, i64); 2] = [(5, 600), (20, LONGEST_SECONDS)];

/// After so long no failure counts any more.
pub(super) const LONGEST_SECONDS: i64 = 86_400;

pub(super) fn begin(tx: &Connection, subject: &[u8; 32], now: UnixSeconds) -> Result<Opening> {
    const INSERT: &str = "
        INSERT INTO failures (subject, began_at)
        VALUES (:subject, :now)
        RETURNING id";
    let mut retry_after_seconds = 0;
    for (tries, seconds) in BUDGET {
        retry_after_seconds = retry_after_seconds.max(wait(tx, subject, now, tries, seconds)?);
    }
    if retry_after_seconds > 0 {
        return Ok(Opening::Spent { retry_after_seconds });
    }
    let params = named_params! { ":subject": subject, ":now": now.0 };
    tx.prepare_cached(INSERT)?.query_row(params, |row| row.get("id").map(OpeningId).map(Opening::Granted))
}

/// How long until fewer than `tries` are within `seconds`; 0 if that is so now.
fn wait(tx: &Connection, subject: &[u8; 32], now: UnixSeconds, tries: i64, seconds: i64) -> Result<i64> {
    const SELECT: &str = "
        SELECT began_at
        FROM failures
        WHERE subject = :subject AND began_at > :since
        ORDER BY began_at DESC
        LIMIT 1 OFFSET :others";
    let params = named_params! { ":subject": subject, ":since": (now - seconds).0, ":others": tries - 1 };
    let decisive =
        tx.prepare_cached(SELECT)?.query_row(params, |row| row.get("began_at").map(UnixSeconds)).optional()?;
    // A clock that was set back makes nobody wait longer than the window is.
    Ok(decisive.map_or(0, |began_at| (began_at + seconds).0.saturating_sub(now.0).min(seconds)))
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
