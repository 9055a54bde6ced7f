//! What an import writes.

use rusqlite::{Connection, Result, named_params};

use super::plan::{Filled, bound};
use crate::model::{Happened, Imported, ImportedPhone, Member, MemberId, UnixSeconds};
use crate::sqlite::writer::Tx;
use crate::sqlite::{members, outbox};

/// Adds a member as they were elsewhere.
pub(super) fn add(tx: &Tx<'_>, imported: &Imported, is_told: bool, now: UnixSeconds) -> Result<()> {
    let created_at = imported.created_at.or(imported.last_login_at).unwrap_or(now);
    let member = Member {
        id: imported.id,
        key: imported.key.clone(),
        unionid: imported.unionid.clone(),
        profile: imported.profile.clone(),
        phone: imported.phone.as_ref().map(bound),
        status: imported.status,
        note: imported.note.clone(),
        attributes: imported.attributes.clone().unwrap_or_else(|| "{}".to_owned()),
        created_at,
        last_login_at: imported.last_login_at.unwrap_or(created_at),
        updated_at: imported.updated_at.unwrap_or(created_at),
        revision: imported.revision,
    };
    members::insert(tx, &member)?;
    save_rest(tx, &member)?;
    if is_told {
        outbox::tell(tx, now, &member, Happened::MemberCreated)?;
    }
    imported.phone.as_ref().map_or(Ok(()), |phone| save_phone(tx, &member, phone, is_told, now))
}

/// Writes what a member lacked.
pub(super) fn fill(tx: &Tx<'_>, filled: Filled, imported: &Imported, is_told: bool, now: UnixSeconds) -> Result<()> {
    let Filled { mut member, changed, is_phone_new } = filled;
    member.updated_at = now;
    if changed.contains(&"unionid") {
        members::save_unionid(tx, &member)?;
    }
    save_rest(tx, &member)?;
    members::tell(tx, &member)?;
    if is_told {
        outbox::tell_changed(tx, now, &member, changed)?;
    }
    let phone = imported.phone.as_ref().filter(|_| is_phone_new);
    phone.map_or(Ok(()), |phone| save_phone(tx, &member, phone, is_told, now))
}

/// Writes all but unionid and number.
fn save_rest(tx: &Connection, member: &Member) -> Result<()> {
    const UPDATE: &str = "
        UPDATE members
        SET status = :status, note = :note, attributes = :attributes, revision = :revision, created_at = :created_at
        WHERE id = :id";
    members::save(tx, member)?;
    let params = named_params! {
        ":id": member.id.0.as_bytes(),
        ":status": member.status.as_str(),
        ":note": member.note,
        ":attributes": member.attributes,
        ":revision": member.revision,
        ":created_at": member.created_at.0,
    };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    Ok(())
}

fn save_phone(tx: &Tx<'_>, member: &Member, phone: &ImportedPhone, is_told: bool, now: UnixSeconds) -> Result<()> {
    const UPDATE: &str = "
        UPDATE members
        SET phone_sealed = :sealed, phone_index = :phone_index, phone_trust = :trust, phone_bound_at = :bound_at
        WHERE id = :id";
    let MemberId(id) = member.id;
    let params = named_params! {
        ":id": id.as_bytes(),
        ":sealed": phone.sealed,
        ":phone_index": phone.index,
        ":trust": phone.trust.as_str(),
        ":bound_at": phone.bound_at.0,
    };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    if is_told {
        outbox::tell(tx, now, member, Happened::PhoneBound { trust: phone.trust })?;
    }
    Ok(())
}
