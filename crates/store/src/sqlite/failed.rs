//! The requests that failed, for the team to read.

use rusqlite::{Connection, Result, Row, named_params};
use uuid::Uuid;

use crate::model::{FailedFrom, FailedQuery, FailedRequest, FailedRow, MemberId, UnixSeconds};

/// How long they are kept.
pub(super) const KEPT_SECONDS: i64 = 30 * 86_400;
/// How many are kept.
const MOST: i64 = 10_000;

/// Adds them in their order, and lets go of the oldest above the most. Whose they are is forgotten of who is gone.
pub(super) fn add(tx: &Connection, failed: &[FailedRequest]) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO failed_requests (happened_at, kind, appid, cause, errcode, detail, member_id, rid, count)
        VALUES (:at, :kind, :appid, :cause, :errcode, :detail, (SELECT id FROM members WHERE id = :member), :rid, :count)";
    const TRIM: &str = "
        DELETE FROM failed_requests
        WHERE id <= (SELECT max(id) FROM failed_requests) - :most";
    let mut insert = tx.prepare_cached(INSERT)?;
    for failed in failed {
        insert.execute(named_params! {
            ":at": failed.happened_at.0,
            ":kind": failed.kind,
            ":appid": failed.appid,
            ":cause": failed.cause,
            ":errcode": failed.errcode,
            ":detail": failed.detail,
            ":member": failed.member.as_ref().map(|member| member.0.as_bytes()),
            ":rid": failed.rid,
            ":count": i64::try_from(failed.count).unwrap_or(i64::MAX),
        })?;
    }
    tx.prepare_cached(TRIM)?.execute(named_params! { ":most": MOST })?;
    Ok(())
}

pub(super) fn list(conn: &Connection, query: &FailedQuery) -> Result<Vec<FailedRow>> {
    // Neither end of an id's range is ever reached.
    let (after, before, order) = match query.from {
        FailedFrom::Newest => (0, i64::MAX, "DESC"),
        FailedFrom::Before(id) => (0, id, "DESC"),
        FailedFrom::After(id) => (id, i64::MAX, "ASC"),
    };
    let select = format!(
        "SELECT id, happened_at, kind, appid, cause, errcode, detail, member_id, rid, count
         FROM failed_requests
         WHERE id > :after AND id < :before
           AND (:kind IS NULL OR kind = :kind)
           AND (:cause IS NULL OR cause = :cause)
           AND (:member IS NULL OR member_id = :member)
           AND (:rid IS NULL OR rid = :rid)
         ORDER BY id {order}
         LIMIT :limit"
    );
    let params = named_params! {
        ":after": after,
        ":before": before,
        ":kind": query.kind,
        ":cause": query.cause,
        ":member": query.member.as_ref().map(|member| member.0.as_bytes()),
        ":rid": query.rid,
        ":limit": query.limit,
    };
    conn.prepare_cached(&select)?.query_map(params, row)?.collect()
}

fn row(row: &Row<'_>) -> Result<FailedRow> {
    let member: Option<[u8; 16]> = row.get("member_id")?;
    Ok(FailedRow {
        id: row.get("id")?,
        failed: FailedRequest {
            happened_at: UnixSeconds(row.get("happened_at")?),
            kind: row.get("kind")?,
            appid: row.get("appid")?,
            cause: row.get("cause")?,
            errcode: row.get("errcode")?,
            detail: row.get("detail")?,
            member: member.map(|id| MemberId(Uuid::from_bytes(id))),
            rid: row.get("rid")?,
            count: row.get::<_, i64>("count")?.unsigned_abs(),
        },
    })
}

/// All of a member, newest first.
pub(super) fn of_member(conn: &Connection, member: MemberId) -> Result<Vec<FailedRow>> {
    let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
    list(conn, &FailedQuery { member: Some(member), limit, ..FailedQuery::default() })
}

pub(super) fn forget(tx: &Connection, member: MemberId) -> Result<()> {
    const DELETE: &str = "DELETE FROM failed_requests WHERE member_id = :member";
    tx.prepare_cached(DELETE)?.execute(named_params! { ":member": member.0.as_bytes() })?;
    Ok(())
}
