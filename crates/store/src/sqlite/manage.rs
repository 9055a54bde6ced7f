//! What operators change.

use std::collections::BTreeMap;

use rusqlite::{Connection, Error, Result, named_params};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::audit::{self, About};
use super::writer::Tx;
use super::{members, outbox, sessions};
use crate::model::{By, ChangeMember, Changed, Member, MemberId, SessionId, Status, UnixSeconds};

/// Attributes whose names stand in one line of the audit.
const NAMED: usize = 32;

pub(super) fn change(tx: &Tx<'_>, change: &ChangeMember) -> Result<Changed> {
    let Some(before) = members::by_id(tx, change.member)? else { return Ok(Changed::Gone) };
    if change.revision.is_some_and(|revision| revision != before.revision) {
        return Ok(Changed::Stale);
    }
    let mut member = before.clone();
    member.status = change.status.unwrap_or(before.status);
    member.note = match &change.note {
        Some(note) => Some(note.clone()).filter(|note| !note.is_empty()),
        None => before.note.clone(),
    };
    member.attributes = change.attributes.clone().unwrap_or(before.attributes.clone());
    if member == before {
        return Ok(Changed::Done(member));
    }
    (member.revision, member.updated_at) = (before.revision + 1, change.now);
    save(tx, &member)?;
    members::tell(tx, &member)?;
    let detail = difference(&before, &member)?;
    audit::record_with(tx, change.now, &change.by, action(&before, &member), About::Member(member.id), &detail)?;
    outbox::tell_changed(tx, change.now, &member, changed(&before, &member))?;
    Ok(Changed::Done(member))
}

fn save(tx: &Connection, member: &Member) -> Result<()> {
    const UPDATE: &str = "
        UPDATE members
        SET status = :status, note = :note, attributes = :attributes, updated_at = :updated_at, revision = :revision
        WHERE id = :id";
    let params = named_params! {
        ":id": member.id.0.as_bytes(),
        ":status": member.status.as_str(),
        ":note": member.note,
        ":attributes": member.attributes,
        ":updated_at": member.updated_at.0,
        ":revision": member.revision,
    };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    Ok(())
}

/// The names of what differs, for those who are told of events.
fn changed(before: &Member, after: &Member) -> Vec<&'static str> {
    [
        ("status", before.status != after.status),
        ("note", before.note != after.note),
        ("attributes", before.attributes != after.attributes),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn action(before: &Member, after: &Member) -> &'static str {
    match (before.status, after.status) {
        (Status::Active, Status::Blocked) => "member.blocked",
        (Status::Blocked, Status::Active) => "member.unblocked",
        _ => "member.changed",
    }
}

/// What an operator changed, without what it is about: the note's words and the attributes' values stay out.
fn difference(before: &Member, after: &Member) -> Result<Value> {
    let mut detail = Map::new();
    if before.status != after.status {
        detail.insert("status".to_owned(), after.status.as_str().into());
    }
    if before.note != after.note {
        detail.insert("note".to_owned(), if after.note.is_some() { "set" } else { "removed" }.into());
    }
    if before.attributes != after.attributes {
        let (before, after) = (attributes(before)?, attributes(after)?);
        let differs =
            |name: &&String| before.get(*name).map(|value| value.get()) != after.get(*name).map(|value| value.get());
        let mut names: Vec<_> = before.keys().chain(after.keys()).filter(differs).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(NAMED);
        detail.insert("attributes".to_owned(), json!(names));
    }
    Ok(detail.into())
}

fn attributes(member: &Member) -> Result<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(&member.attributes).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn revoke_sessions(
    tx: &Tx<'_>,
    member: MemberId,
    only: Option<SessionId>,
    by: &By,
    now: UnixSeconds,
) -> Result<u64> {
    let (ended, action, detail) = if let Some(id) = only {
        (u64::from(sessions::end(tx, member, id, now)?), "session.ended", json!({ "session": id }))
    } else {
        let ended = sessions::end_all(tx, member, now)?;
        (ended, "sessions.ended", json!({ "sessions": ended }))
    };
    if ended > 0 {
        audit::record_with(tx, now, by, action, About::Member(member), &detail)?;
    }
    Ok(ended)
}

pub(super) fn note_export(tx: &Connection, member: MemberId, by: &By, now: UnixSeconds) -> Result<bool> {
    if members::number(tx, member)?.is_none() {
        return Ok(false);
    }
    audit::record(tx, now, by, "member.exported", About::Member(member))?;
    Ok(true)
}
