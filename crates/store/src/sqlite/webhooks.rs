use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};
use serde_json::json;
use uuid::Uuid;

use super::audit::{self, About};
use super::writer::Tx;
use super::{failure, outbox};
use crate::model::{By, DisabledReason, EventType, EventTypes, MOST_WEBHOOKS, UnixSeconds, Webhook, WebhookChange};

macro_rules! select {
    ($($rest:literal)?) => {
        concat!(
            "SELECT id, url, types, description, sealed_secret, sealed_previous, previous_until, created_at,
                    disabled_at, disabled_reason
             FROM webhooks
             WHERE deleted_at IS NULL ",
            $($rest)?
        )
    };
}

pub(super) fn create(tx: &Tx<'_>, webhook: &Webhook, by: By) -> Result<bool> {
    const INSERT: &str = "
        INSERT INTO webhooks (id, url, types, description, sealed_secret, created_at)
        VALUES (:id, :url, :types, :description, :secret, :created_at)";
    if by_id(tx, webhook.id)?.as_ref() == Some(webhook) {
        return Ok(true);
    }
    let count: i64 = tx.query_row("SELECT count(*) FROM webhooks WHERE deleted_at IS NULL", [], |row| row.get(0))?;
    if count >= MOST_WEBHOOKS.into() {
        return Ok(false);
    }
    let params = named_params! {
        ":id": webhook.id.as_bytes(),
        ":url": webhook.url,
        ":types": webhook.types.map(words),
        ":description": webhook.description,
        ":secret": webhook.sealed_secret,
        ":created_at": webhook.created_at.0,
    };
    tx.prepare_cached(INSERT)?.execute(params)?;
    settled(tx, webhook.created_at, by, "webhook.created", webhook.id)?;
    Ok(true)
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Webhook>> {
    conn.prepare_cached(select!("ORDER BY number"))?.query_map([], from_row)?.collect()
}

/// Those in force, each with the number that its deliveries say.
pub(super) fn in_force(conn: &Connection) -> Result<Vec<(i64, Webhook)>> {
    const NUMBER: &str = "SELECT number FROM webhooks WHERE id = :id";
    let mut found = Vec::new();
    for webhook in all(conn)?.into_iter().filter(|webhook| webhook.disabled.is_none()) {
        let id = named_params! { ":id": webhook.id.as_bytes() };
        found.push((conn.prepare_cached(NUMBER)?.query_row(id, |row| row.get(0))?, webhook));
    }
    Ok(found)
}

pub(super) fn by_id(conn: &Connection, id: Uuid) -> Result<Option<Webhook>> {
    conn.prepare_cached(select!("AND id = :id"))?.query_row(named_params! { ":id": id.as_bytes() }, from_row).optional()
}

pub(super) fn change(
    tx: &Tx<'_>,
    id: Uuid,
    change: &WebhookChange,
    by: By,
    now: UnixSeconds,
) -> Result<Option<Webhook>> {
    const UPDATE: &str = "
        UPDATE webhooks
        SET url = :url, types = :types, description = :description, sealed_secret = :secret,
            sealed_previous = :previous, previous_until = :previous_until,
            disabled_at = :disabled_at, disabled_reason = :disabled_reason
        WHERE id = :id";
    let Some(before) = by_id(tx, id)? else { return Ok(None) };
    let after = changed(before.clone(), change, now);
    if after == before {
        return Ok(Some(before));
    }
    let (previous, previous_until) = after.previous.clone().unzip();
    let (disabled_at, disabled_reason) = after.disabled.unzip();
    let params = named_params! {
        ":id": id.as_bytes(),
        ":url": after.url,
        ":types": after.types.map(words),
        ":description": after.description,
        ":secret": after.sealed_secret,
        ":previous": previous,
        ":previous_until": previous_until.map(|at| at.0),
        ":disabled_at": disabled_at.map(|at| at.0),
        ":disabled_reason": disabled_reason.map(DisabledReason::as_str),
    };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    let action = if change.secret.is_some() { "webhook.secret_rotated" } else { "webhook.changed" };
    settled(tx, now, by, action, id)?;
    Ok(Some(after))
}

fn changed(webhook: Webhook, change: &WebhookChange, now: UnixSeconds) -> Webhook {
    let secrets = change.secret.clone().map(|(new, until)| (new, Some((webhook.sealed_secret.clone(), until))));
    let (sealed_secret, previous) = secrets.unwrap_or((webhook.sealed_secret, webhook.previous));
    Webhook {
        url: change.url.clone().unwrap_or(webhook.url),
        types: change.types.unwrap_or(webhook.types),
        description: change.description.clone().unwrap_or(webhook.description),
        disabled: match change.is_enabled {
            Some(true) => None,
            Some(false) => webhook.disabled.or(Some((now, DisabledReason::Operator))),
            None => webhook.disabled,
        },
        sealed_secret,
        previous,
        ..webhook
    }
}

/// Its row stays for as long as its deliveries do, which are many and go slice by slice; its secrets go now.
pub(super) fn delete(tx: &Tx<'_>, id: Uuid, by: By, now: UnixSeconds) -> Result<bool> {
    const UPDATE: &str = "
        UPDATE webhooks
        SET deleted_at = :now, url = '', description = NULL, sealed_secret = x'',
            sealed_previous = NULL, previous_until = NULL
        WHERE id = :id AND deleted_at IS NULL";
    let is_deleted = tx.prepare_cached(UPDATE)?.execute(named_params! { ":id": id.as_bytes(), ":now": now.0 })? == 1;
    if is_deleted {
        settled(tx, now, by, "webhook.deleted", id)?;
    }
    Ok(is_deleted)
}

/// Takes a webhook out of force, unless it is.
pub(super) fn disable(tx: &Tx<'_>, number: i64, reason: DisabledReason, now: UnixSeconds) -> Result<()> {
    const UPDATE: &str = "
        UPDATE webhooks
        SET disabled_at = :now, disabled_reason = :reason
        WHERE number = :number AND disabled_at IS NULL AND deleted_at IS NULL
        RETURNING id";
    let params = named_params! { ":number": number, ":reason": reason.as_str(), ":now": now.0 };
    let disabled =
        tx.prepare_cached(UPDATE)?.query_row(params, |row| row.get("id").map(Uuid::from_bytes)).optional()?;
    let Some(id) = disabled else { return Ok(()) };
    tracing::warn!(webhook = %id, reason = reason.as_str(), "a webhook was disabled");
    settled(tx, now, By::SERVER, "webhook.disabled", id)
}

/// From here on other events may be wanted.
fn settled(tx: &Tx<'_>, now: UnixSeconds, by: By, action: &str, id: Uuid) -> Result<()> {
    tx.set_queued(outbox::wanted(tx)?);
    tx.note_delivery();
    audit::record_with(tx, now, &by, action, About::Nobody, &json!({ "webhook": id }))
}

fn words(kinds: EventTypes) -> String {
    kinds.iter().map(EventType::as_str).collect::<serde_json::Value>().to_string()
}

fn from_row(row: &Row<'_>) -> Result<Webhook> {
    let at = |name| row.get::<_, Option<i64>>(name).map(|at| at.map(UnixSeconds));
    let reason = match row.get_ref("disabled_reason")? {
        ValueRef::Null => None,
        word => Some(
            DisabledReason::parse(word.as_str()?)
                .ok_or_else(|| failure::ours("a reason that this program does not know".to_owned()))?,
        ),
    };
    Ok(Webhook {
        id: Uuid::from_bytes(row.get("id")?),
        url: row.get("url")?,
        types: row.get::<_, Option<String>>("types")?.map(|words| outbox::of_words(&words)),
        description: row.get("description")?,
        sealed_secret: row.get("sealed_secret")?,
        previous: row.get::<_, Option<Vec<u8>>>("sealed_previous")?.zip(at("previous_until")?),
        created_at: UnixSeconds(row.get("created_at")?),
        disabled: at("disabled_at")?.zip(reason),
    })
}
