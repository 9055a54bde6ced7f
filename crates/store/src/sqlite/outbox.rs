//! Events, written in the transaction of what happened.

use std::sync::Arc;

use rusqlite::types::ToSql;
use rusqlite::{Connection, Result, Row, named_params};
use uuid::{NoContext, Timestamp, Uuid};

use super::members;
use super::writer::Tx;
use crate::model::{Event, EventType, EventTypes, Happened, Member, MemberId, Profile, UnixSeconds};

/// Tells whoever wants to hear of it what happened to a member.
pub(super) fn tell(tx: &Tx<'_>, now: UnixSeconds, member: &Member, happened: Happened) -> Result<()> {
    if !is_wanted(tx, happened.kind()) {
        return Ok(());
    }
    emit(tx, now, member.key.appid.clone(), Some(member.id), happened)
}

/// The same where only the member's number is at hand.
pub(super) fn tell_of_number(tx: &Tx<'_>, now: UnixSeconds, owner: u32, happened: Happened) -> Result<()> {
    if !is_wanted(tx, happened.kind()) {
        return Ok(());
    }
    members::by_number(tx, owner)?.map_or(Ok(()), |member| emit(tx, now, member.key.appid, Some(member.id), happened))
}

/// Tells what happened in an app, to a member or to nobody. `happened` is made if anybody wants `kind`.
pub(super) fn tell_if_wanted(
    tx: &Tx<'_>,
    now: UnixSeconds,
    kind: EventType,
    about: (&str, Option<MemberId>),
    happened: impl FnOnce() -> Happened,
) -> Result<()> {
    if !is_wanted(tx, kind) {
        return Ok(());
    }
    emit(tx, now, about.0.to_owned(), about.1, happened())
}

/// Tells which of a member's fields are others, if any.
pub(super) fn tell_changed(tx: &Tx<'_>, now: UnixSeconds, member: &Member, changed: Vec<&'static str>) -> Result<()> {
    if changed.is_empty() { Ok(()) } else { tell(tx, now, member, Happened::MemberUpdated { changed }) }
}

/// The names of what differs between two profiles.
pub(super) fn differences(one: &Profile, other: &Profile) -> Vec<&'static str> {
    [
        ("nickName", one.nick_name != other.nick_name),
        ("avatarUrl", one.avatar_url != other.avatar_url),
        ("gender", one.gender != other.gender),
        ("country", one.country != other.country),
        ("province", one.province != other.province),
        ("city", one.city != other.city),
        ("language", one.language != other.language),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn is_wanted(tx: &Tx<'_>, kind: EventType) -> bool {
    (tx.queued() | tx.heard()).contains(kind)
}

fn emit(tx: &Tx<'_>, now: UnixSeconds, appid: String, member: Option<MemberId>, happened: Happened) -> Result<()> {
    let at = Timestamp::from_unix(NoContext, u64::try_from(now.0).unwrap_or(0), 0);
    let kind = happened.kind();
    let event = Event { id: Uuid::new_v7(at), appid, member, happened_at: now, happened };
    if tx.queued().contains(kind) {
        queue(tx, &event)?;
        tx.note_delivery();
    }
    if tx.heard().contains(kind) {
        tx.tell_listeners(Arc::new(event));
    }
    Ok(())
}

fn queue(tx: &Connection, event: &Event) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO outbox (event_id, type, data, happened_at)
        VALUES (:event, :type, :data, :happened_at)";
    const DELIVER: &str = "
        INSERT INTO deliveries (event, webhook, member_id, next_at)
        SELECT :event, webhooks.number, :member,
               CASE WHEN EXISTS (
                   SELECT 1
                   FROM deliveries AS earlier
                   WHERE earlier.member_id = :member AND earlier.webhook = webhooks.number AND earlier.settled_at IS NULL
               ) THEN NULL ELSE :now END
        FROM webhooks
        WHERE disabled_at IS NULL AND deleted_at IS NULL
          AND (types IS NULL OR EXISTS (SELECT 1 FROM json_each(types) WHERE value = :type))
        ORDER BY webhooks.number";
    let kind = event.happened.kind().as_str();
    let row = named_params! {
        ":event": event.id.as_bytes(),
        ":type": kind,
        ":data": event.data().to_string(),
        ":happened_at": event.happened_at.0,
    };
    tx.prepare_cached(INSERT)?.execute(row)?;
    let member = event.member.map(|member| member.0.into_bytes());
    let deliveries: &[(&str, &dyn ToSql)] = named_params! {
        ":event": tx.last_insert_rowid(),
        ":member": member,
        ":now": event.happened_at.0,
        ":type": kind,
    };
    tx.prepare_cached(DELIVER)?.execute(deliveries)?;
    Ok(())
}

/// What the webhooks in force want.
pub(super) fn wanted(conn: &Connection) -> Result<EventTypes> {
    const SELECT: &str = "
        SELECT types
        FROM webhooks
        WHERE disabled_at IS NULL AND deleted_at IS NULL";
    let types = |row: &Row<'_>| row.get::<_, Option<String>>("types");
    let mut wanted = EventTypes::NONE;
    for types in conn.prepare_cached(SELECT)?.query_map([], types)? {
        wanted = wanted | types?.map_or(EventTypes::ALL, |words| of_words(&words));
    }
    Ok(wanted)
}

/// The kinds that a JSON array names. Words of a later version mean nothing yet.
pub(super) fn of_words(words: &str) -> EventTypes {
    let words: Vec<String> = serde_json::from_str(words).unwrap_or_default();
    words.iter().filter_map(|word| EventType::parse(word)).collect()
}

/// Takes an erased member out of the queue, before their end is told.
pub(super) fn forget(tx: &Connection, member: MemberId) -> Result<()> {
    const DELETE: &str = "DELETE FROM deliveries WHERE member_id = :member";
    tx.prepare_cached(DELETE)?.execute(named_params! { ":member": member.0.as_bytes() })?;
    Ok(())
}
