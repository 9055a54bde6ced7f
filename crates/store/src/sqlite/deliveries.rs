use std::sync::Arc;

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};
use serde_json::json;
use uuid::Uuid;

use super::audit::{self, About};
use super::pace::Pace;
use super::writer::Tx;
use super::{failure, webhooks};
use crate::model::{
    Attempt, AttemptOutcome, By, DeliveryFilter, DeliveryId, DeliveryRow, DeliveryState, DisabledReason, Due,
    DueDelivery, MemberId, UnixSeconds, Webhook,
};

/// How long what is settled, or waits for a disabled webhook, is kept.
const KEPT_SECONDS: i64 = 7 * 86_400;
/// How many that are settled are kept.
const KEPT: u32 = 100_000;

const DUE: &str = "
    SELECT deliveries.id, member_id, event_id, type, data, happened_at, attempts, first_at
    FROM deliveries
    JOIN outbox ON outbox.id = deliveries.event
    WHERE webhook = :webhook AND settled_at IS NULL AND next_at <= :now
    ORDER BY next_at
    LIMIT :limit";

const NEXT: &str = "
    SELECT min(next_at)
    FROM deliveries
    WHERE webhook = :webhook AND settled_at IS NULL AND next_at > :now";

pub(super) fn due(conn: &Connection, now: UnixSeconds, each: u32) -> Result<Due> {
    let mut due = Due::default();
    for (number, webhook) in webhooks::in_force(conn)? {
        let webhook = Arc::new(webhook);
        let params = named_params! { ":webhook": number, ":now": now.0, ":limit": each };
        let mut select = conn.prepare_cached(DUE)?;
        let found = select.query_map(params, |row| from_due_row(row, &webhook))?;
        due.deliveries.extend(found.collect::<Result<Vec<_>>>()?);
        let params = named_params! { ":webhook": number, ":now": now.0 };
        let next: Option<i64> = conn.prepare_cached(NEXT)?.query_row(params, |row| row.get(0))?;
        due.next_at = due.next_at.into_iter().chain(next.map(UnixSeconds)).min();
    }
    Ok(due)
}

fn from_due_row(row: &Row<'_>, webhook: &Arc<Webhook>) -> Result<DueDelivery> {
    Ok(DueDelivery {
        id: DeliveryId(row.get("id")?),
        webhook: Arc::clone(webhook),
        member: member(row)?,
        event: Uuid::from_bytes(row.get("event_id")?),
        kind: row.get("type")?,
        data: row.get("data")?,
        happened_at: UnixSeconds(row.get("happened_at")?),
        attempts: row.get("attempts")?,
        first_at: row.get::<_, Option<i64>>("first_at")?.map(UnixSeconds),
    })
}

fn member(row: &Row<'_>) -> Result<Option<MemberId>> {
    Ok(row.get::<_, Option<[u8; 16]>>("member_id")?.map(|id| MemberId(Uuid::from_bytes(id))))
}

pub(super) fn settle(tx: &Tx<'_>, id: DeliveryId, attempt: &Attempt) -> Result<()> {
    const UPDATE: &str = "
        UPDATE deliveries
        SET state = :state, attempts = attempts + 1, first_at = coalesce(first_at, :at), attempted_at = :at,
            status = :status, error = :error, next_at = :next_at, settled_at = :settled_at
        WHERE id = :id AND settled_at IS NULL
        RETURNING webhook, member_id";
    let (state, next_at) = match attempt.outcome {
        AttemptOutcome::Delivered => (DeliveryState::Delivered, None),
        AttemptOutcome::Again(next_at) => (DeliveryState::Pending, Some(next_at.0)),
        AttemptOutcome::Disabled(_) => (DeliveryState::Failed, None),
    };
    let params: &[(&str, &dyn ToSql)] = named_params! {
        ":id": id.0,
        ":state": state.as_str(),
        ":at": attempt.at.0,
        ":status": attempt.status,
        ":error": attempt.error,
        ":next_at": next_at,
        ":settled_at": next_at.is_none().then_some(attempt.at.0),
    };
    let whose = |row: &Row<'_>| Ok((row.get("webhook")?, member(row)?));
    let Some((webhook, member)) = tx.prepare_cached(UPDATE)?.query_row(params, whose).optional()? else {
        return Ok(());
    };
    if next_at.is_none() {
        give_turn(tx, webhook, member, attempt.at)?;
    }
    if let AttemptOutcome::Disabled(reason) = attempt.outcome {
        webhooks::disable(tx, webhook, reason, attempt.at)?;
    }
    Ok(())
}

/// It is the turn of the first that waits, unless one of them has it.
fn give_turn(tx: &Tx<'_>, webhook: i64, member: Option<MemberId>, now: UnixSeconds) -> Result<()> {
    const FIRST: &str = "
        UPDATE deliveries
        SET next_at = :now
        WHERE id = (
            SELECT id
            FROM deliveries
            WHERE member_id = :member AND webhook = :webhook AND settled_at IS NULL
            ORDER BY id
            LIMIT 1)
          AND NOT EXISTS (
            SELECT 1
            FROM deliveries
            WHERE member_id = :member AND webhook = :webhook AND settled_at IS NULL AND next_at IS NOT NULL)";
    let Some(MemberId(member)) = member else { return Ok(()) };
    let params = named_params! { ":webhook": webhook, ":member": member.as_bytes(), ":now": now.0 };
    if tx.prepare_cached(FIRST)?.execute(params)? == 1 {
        tx.note_delivery();
    }
    Ok(())
}

pub(super) fn list(conn: &Connection, filter: DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>> {
    const SELECT: &str = "
        SELECT deliveries.id, webhooks.id AS webhook_id, event_id, type, member_id, happened_at, state, attempts,
               attempted_at, status, error, next_at
        FROM deliveries
        JOIN outbox ON outbox.id = deliveries.event
        JOIN webhooks ON webhooks.number = deliveries.webhook
        WHERE webhooks.deleted_at IS NULL
          AND (:before IS NULL OR deliveries.id < :before)
          AND (:webhook IS NULL OR webhooks.id = :webhook)
          AND (:state IS NULL OR state = :state)
        ORDER BY deliveries.id DESC
        LIMIT :limit";
    let params = named_params! {
        ":before": filter.before.map(|id| id.0),
        ":webhook": filter.webhook.map(Uuid::into_bytes),
        ":state": filter.state.map(DeliveryState::as_str),
        ":limit": limit,
    };
    conn.prepare_cached(SELECT)?.query_map(params, from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> Result<DeliveryRow> {
    let at = |name| row.get::<_, Option<i64>>(name).map(|at| at.map(UnixSeconds));
    Ok(DeliveryRow {
        id: DeliveryId(row.get("id")?),
        webhook: Uuid::from_bytes(row.get("webhook_id")?),
        event: Uuid::from_bytes(row.get("event_id")?),
        kind: row.get("type")?,
        member: member(row)?,
        happened_at: UnixSeconds(row.get("happened_at")?),
        state: DeliveryState::parse(row.get_ref("state")?.as_str()?)
            .ok_or_else(|| failure::ours("a state that this program does not know".to_owned()))?,
        attempts: row.get("attempts")?,
        attempted_at: at("attempted_at")?,
        status: row.get("status")?,
        error: row.get("error")?,
        next_at: at("next_at")?,
    })
}

pub(super) fn resend(tx: &Tx<'_>, id: DeliveryId, by: By, now: UnixSeconds) -> Result<bool> {
    // One that waits for an earlier one goes on waiting; one whose turn it is need not wait for the next attempt.
    const UPDATE: &str = "
        UPDATE deliveries
        SET state = 'pending', attempts = 0, first_at = NULL, settled_at = NULL,
            next_at = CASE WHEN member_id IS NULL OR next_at IS NOT NULL THEN :now END
        WHERE id = :id AND webhook IN (SELECT number FROM webhooks WHERE deleted_at IS NULL)
        RETURNING webhook, member_id";
    let whose = |row: &Row<'_>| Ok((row.get("webhook")?, member(row)?));
    let params = named_params! { ":id": id.0, ":now": now.0 };
    let Some((webhook, member)) = tx.prepare_cached(UPDATE)?.query_row(params, whose).optional()? else {
        return Ok(false);
    };
    give_turn(tx, webhook, member, now)?;
    tx.note_delivery();
    audit::record_with(tx, now, &by, "webhook.resent", About::Nobody, &json!({ "delivery": id.0.to_string() }))?;
    Ok(true)
}

const OLD: &str = "
    DELETE FROM deliveries
    WHERE id IN (
        SELECT id
        FROM deliveries
        WHERE settled_at <= :until
        ORDER BY settled_at
        LIMIT :limit)";

/// When the last so many begin.
const LAST: &str = "
    SELECT settled_at
    FROM deliveries
    WHERE settled_at IS NOT NULL
    ORDER BY settled_at DESC
    LIMIT 1 OFFSET :kept";

/// First those that wait for another one, so that none is left without the one it waits for.
const OF_WEBHOOK: &str = "
    DELETE FROM deliveries
    WHERE id IN (
        SELECT id
        FROM deliveries
        WHERE webhook = :webhook AND (settled_at IS NULL OR :all)
        ORDER BY settled_at, next_at
        LIMIT :limit)";

/// What is counted before a slice, by a reader: no write waits for it.
pub(super) struct Survey {
    /// What was settled before this is more than is kept.
    kept_since: Option<i64>,
    /// Webhooks for which too many wait.
    overdue: Vec<i64>,
}

pub(super) fn survey(conn: &Connection, most_waiting: u32) -> Result<Survey> {
    let last = |row: &Row<'_>| row.get("settled_at");
    let kept_since = conn.prepare_cached(LAST)?.query_row(named_params! { ":kept": KEPT - 1 }, last).optional()?;
    let mut overdue = Vec::new();
    for (number, _) in webhooks::in_force(conn)? {
        if waiting(conn, number, most_waiting)? > most_waiting {
            overdue.push(number);
        }
    }
    Ok(Survey { kept_since, overdue })
}

/// One slice; whether another one is due.
pub(super) fn purge(tx: &Tx<'_>, seen: &Survey, now: UnixSeconds, pace: &Pace<'_>) -> Result<bool> {
    let since = (now - KEPT_SECONDS).0;
    let until = seen.kept_since.map_or(since, |kept_since| since.max(kept_since - 1));
    let mut deleted =
        pace.delete(|rows| tx.prepare_cached(OLD)?.execute(named_params! { ":until": until, ":limit": rows }))?.rows;
    for Idle { number, is_deleted } in idle(tx, since)? {
        let of_webhook = pace.delete(|rows| {
            let params = named_params! { ":webhook": number, ":all": is_deleted, ":limit": rows };
            tx.prepare_cached(OF_WEBHOOK)?.execute(params)
        })?;
        if is_deleted && of_webhook.rows == 0 {
            tx.prepare_cached("DELETE FROM webhooks WHERE number = ?")?.execute([number])?;
        }
        deleted += of_webhook.rows;
    }
    for number in &seen.overdue {
        webhooks::disable(tx, *number, DisabledReason::Backlog, now)?;
    }
    Ok(deleted > 0)
}

/// A webhook for which nothing waits any more.
struct Idle {
    number: i64,
    is_deleted: bool,
}

fn idle(tx: &Connection, since: i64) -> Result<Vec<Idle>> {
    const SELECT: &str = "
        SELECT number, deleted_at IS NOT NULL AS is_deleted
        FROM webhooks
        WHERE deleted_at IS NOT NULL OR disabled_at <= :since";
    let idle = |row: &Row<'_>| Ok(Idle { number: row.get("number")?, is_deleted: row.get("is_deleted")? });
    tx.prepare_cached(SELECT)?.query_map(named_params! { ":since": since }, idle)?.collect()
}

/// How many wait for a webhook, counted no further than one above `most`.
fn waiting(tx: &Connection, webhook: i64, most: u32) -> Result<u32> {
    const COUNT: &str = "
        SELECT count(*)
        FROM (
            SELECT 1
            FROM deliveries
            WHERE webhook = :webhook AND settled_at IS NULL
            LIMIT :most + 1)";
    let params = named_params! { ":webhook": webhook, ":most": most };
    tx.prepare_cached(COUNT)?.query_row(params, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;

    #[test]
    fn what_is_due_or_over_is_found_without_reading_the_rest() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (sql, way) in [
            (DUE, "SEARCH deliveries USING INDEX deliveries_by_turn (webhook=? AND settled_at=? AND next_at<?)"),
            (
                NEXT,
                "SEARCH deliveries USING COVERING INDEX deliveries_by_turn (webhook=? AND settled_at=? AND next_at>?)",
            ),
            (OLD, "SEARCH deliveries USING COVERING INDEX deliveries_by_settled_at (settled_at<?)"),
            (LAST, "SEARCH deliveries USING COVERING INDEX deliveries_by_settled_at (settled_at>?)"),
            (OF_WEBHOOK, "SEARCH deliveries USING COVERING INDEX deliveries_by_turn (webhook=?)"),
        ] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            // What it is asked for does not change the way.
            let mut rows = explain.raw_query();
            let mut steps = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                steps.push(row.get::<_, String>("detail").unwrap());
            }
            assert!(steps.iter().any(|step| step.starts_with(way)), "{sql}: {steps:#?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}: {steps:#?}");
        }
    }
}
