//! The hours that charts are made of.

use rusqlite::{Connection, Result, Row, named_params};

use crate::model::{HourCount, UnixSeconds};

/// How long an hour is kept: two years and some, so that a month can be held against that of the year before.
pub(super) const KEPT_SECONDS: i64 = 800 * 86_400;

pub(super) fn add(tx: &Connection, counts: &[HourCount]) -> Result<()> {
    const UPSERT: &str = "
        INSERT INTO login_stats (hour, appid, what, cause, count)
        VALUES (:hour, :appid, :what, :cause, :count)
        ON CONFLICT (hour, appid, what, cause) DO UPDATE SET count = count + excluded.count";
    let mut upsert = tx.prepare_cached(UPSERT)?;
    for HourCount { hour, appid, what, cause, count } in counts {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        upsert.execute(named_params! {
            ":hour": hour.0, ":appid": appid, ":what": what, ":cause": cause, ":count": count,
        })?;
    }
    Ok(())
}

/// Those of the hours that begin in `from..to`, the oldest first.
pub(super) fn between(conn: &Connection, from: UnixSeconds, to: UnixSeconds) -> Result<Vec<HourCount>> {
    const SELECT: &str = "
        SELECT hour, appid, what, cause, count
        FROM login_stats
        WHERE hour >= :from AND hour < :to
        ORDER BY hour, appid, what, cause";
    let row = |row: &Row<'_>| {
        Ok(HourCount {
            hour: UnixSeconds(row.get("hour")?),
            appid: row.get("appid")?,
            what: row.get("what")?,
            cause: row.get("cause")?,
            count: row.get::<_, i64>("count")?.unsigned_abs(),
        })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":from": from.0, ":to": to.0 }, row)?.collect()
}
