use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};

use super::audit::{self, About};
use super::writer::Tx;
use super::{erase, members, outbox};
use crate::model::{
    By, Effect, EventRow, EventType, Happened, Member, MemberKey, Profile, Received, Subject, UnixSeconds, WechatEvent,
};

/// How long an event is kept. Far above the age at which a push is refused, so that no event has its effect twice.
pub(super) const KEPT_SECONDS: i64 = 30 * 86_400;
/// How long the same push is known again: twice the age at which it is refused, since its clock may be ahead as well.
pub(super) const SEEN_SECONDS: i64 = 600;

pub(super) fn receive(tx: &Tx<'_>, event: &WechatEvent) -> Result<Received> {
    if let Some(message) = seen(tx, event)? {
        return Ok(if message == event.message { Received::Before } else { Received::Mismatch });
    }
    remember(tx, event)?;
    let named = match &event.subject {
        Some(subject) => members::by_key(tx, &key(event, subject))?,
        None => None,
    };
    if !keep(tx, event, named.is_some())? {
        return Ok(Received::Before);
    }
    let member = match &event.effect {
        Effect::RefuseAvatar { check } => members::by_avatar_check(tx, check)?,
        _ => named,
    };
    let about = (event.appid.as_str(), member.as_ref().map(|(_, member)| member.id));
    outbox::tell_if_wanted(tx, event.now, EventType::WechatEvent, about, || Happened::WechatEvent {
        event: event.event.clone(),
        effect: event.effect,
    })?;
    match (&member, &event.subject) {
        (Some((owner, member)), _) => apply(tx, event, *owner, member)?,
        (None, Some(subject)) if event.effect == Effect::Erase => forget_subject(tx, &subject.pseudonym)?,
        (None, _) => {}
    }
    Ok(Received::Now(member.map(|(_, member)| member.id)))
}

fn key(event: &WechatEvent, subject: &Subject) -> MemberKey {
    MemberKey { appid: event.appid.clone(), openid: subject.openid.clone() }
}

fn seen(tx: &Connection, event: &WechatEvent) -> Result<Option<[u8; 32]>> {
    const SELECT: &str = "SELECT message FROM push_seen WHERE url = :url";
    tx.prepare_cached(SELECT)?.query_row(named_params! { ":url": event.url }, |row| row.get("message")).optional()
}

fn remember(tx: &Connection, event: &WechatEvent) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO push_seen (url, message, seen_at)
        VALUES (:url, :message, :now)";
    let params = named_params! { ":url": event.url, ":message": event.message, ":now": event.now.0 };
    tx.prepare_cached(INSERT)?.execute(params)?;
    Ok(())
}

/// Adds the event, unless it is there. Of somebody who was erased and has not come back, nothing is kept that names them.
fn keep(tx: &Connection, event: &WechatEvent, is_member: bool) -> Result<bool> {
    const INSERT: &str = "
        INSERT INTO wechat_events (digest, appid, event, subject, sealed_content, happened_at, received_at)
        VALUES (:digest, :appid, :event, :subject, :content, :happened_at, :now)
        ON CONFLICT (digest) DO NOTHING";
    let pseudonym = event.subject.as_ref().map(|subject| subject.pseudonym);
    let was_erased = match &pseudonym {
        Some(pseudonym) if !is_member => erase::erased_at(tx, pseudonym)?.is_some(),
        _ => false,
    };
    let params = named_params! {
        ":digest": event.digest,
        ":appid": event.appid,
        ":event": event.event,
        ":subject": pseudonym.filter(|_| !was_erased),
        ":content": event.sealed_content.as_ref().filter(|_| !was_erased),
        ":happened_at": event.happened_at.0,
        ":now": event.now.0,
    };
    Ok(tx.prepare_cached(INSERT)?.execute(params)? == 1)
}

fn apply(tx: &Tx<'_>, event: &WechatEvent, owner: u32, member: &Member) -> Result<()> {
    let record = |action| audit::record(tx, event.now, &By::WECHAT, action, About::Member(member.id));
    match event.effect {
        Effect::Keep => {}
        Effect::Withdraw { phone, profile } => {
            if phone {
                forget_phone(tx, owner, member, event.now)?;
                record("phone.withdrawn")?;
            }
            if profile {
                forget_profile(tx, owner, member, None, event.now)?;
                record("profile.withdrawn")?;
            }
        }
        Effect::ClearProfile => {
            forget_profile(tx, owner, member, None, event.now)?;
            record("profile.cleared")?;
        }
        Effect::RefuseAvatar { .. } => {
            forget_profile(tx, owner, member, member.profile.nick_name.as_deref(), event.now)?;
            record("avatar.refused")?;
        }
        Effect::Erase => {
            if let Some(subject) = &event.subject {
                erase::member(tx, member.id, &subject.pseudonym, &By::WECHAT, event.now)?;
            }
        }
    }
    Ok(())
}

/// The proofs stay known, so that none of them brings the number back; what they were answered goes.
fn forget_phone(tx: &Tx<'_>, owner: u32, member: &Member, now: UnixSeconds) -> Result<()> {
    const NUMBER: &str = "
        UPDATE members
        SET phone_sealed = NULL, phone_index = NULL, phone_trust = NULL, phone_bound_at = NULL, updated_at = :now
        WHERE id = :member";
    const ANSWERS: &str = "
        UPDATE used_payloads
        SET sealed_answer = x''
        WHERE member_id = :member";
    tx.prepare_cached(NUMBER)?.execute(named_params! { ":member": member.id.0.as_bytes(), ":now": now.0 })?;
    tx.prepare_cached(ANSWERS)?.execute(named_params! { ":member": member.id.0.as_bytes() })?;
    tell(tx, owner)?;
    let changed = if member.phone.is_some() { vec!["phone"] } else { Vec::new() };
    outbox::tell_changed(tx, now, member, changed)
}

/// Takes avatar and nickname away, but for the nickname that is `left`.
fn forget_profile(tx: &Tx<'_>, owner: u32, member: &Member, left: Option<&str>, now: UnixSeconds) -> Result<()> {
    const UPDATE: &str = "
        UPDATE members
        SET nick_name = :left, avatar_url = NULL, updated_at = :now
        WHERE id = :member";
    let params = named_params! { ":member": member.id.0.as_bytes(), ":left": left, ":now": now.0 };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    tell(tx, owner)?;
    let left = Profile { nick_name: left.map(str::to_owned), avatar_url: None, ..member.profile.clone() };
    outbox::tell_changed(tx, now, member, outbox::differences(&left, &member.profile))
}

fn tell(tx: &Tx<'_>, owner: u32) -> Result<()> {
    members::by_number(tx, owner)?.map_or(Ok(()), |member| members::tell(tx, &member))
}

/// Takes a person out of what is kept: only what happened and when stays.
pub(super) fn forget_subject(tx: &Connection, pseudonym: &[u8; 32]) -> Result<()> {
    const UPDATE: &str = "
        UPDATE wechat_events
        SET subject = NULL, sealed_content = NULL
        WHERE subject = :pseudonym";
    tx.prepare_cached(UPDATE)?.execute(named_params! { ":pseudonym": pseudonym })?;
    Ok(())
}

/// The same of what came until then.
pub(super) fn forget_subject_until(tx: &Connection, pseudonym: &[u8; 32], until: UnixSeconds) -> Result<()> {
    const UPDATE: &str = "
        UPDATE wechat_events
        SET subject = NULL, sealed_content = NULL
        WHERE subject = :pseudonym AND received_at <= :until";
    tx.prepare_cached(UPDATE)?.execute(named_params! { ":pseudonym": pseudonym, ":until": until.0 })?;
    Ok(())
}

/// The events about a person, newest first.
pub(super) fn of_subject(conn: &Connection, pseudonym: &[u8; 32]) -> Result<Vec<EventRow>> {
    const SELECT: &str = "
        SELECT event, happened_at, received_at, sealed_content
        FROM wechat_events
        WHERE subject = :pseudonym
        ORDER BY id DESC";
    let row = |row: &Row<'_>| {
        Ok(EventRow {
            event: row.get("event")?,
            happened_at: UnixSeconds(row.get("happened_at")?),
            received_at: UnixSeconds(row.get("received_at")?),
            sealed_content: row.get("sealed_content")?,
        })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":pseudonym": pseudonym }, row)?.collect()
}
