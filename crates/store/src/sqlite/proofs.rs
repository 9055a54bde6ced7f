use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};
use uuid::Uuid;

use super::audit::{self, About};
use super::writer::Tx;
use super::{members, openings, outbox, sessions};
use crate::model::{
    BindPhone, Bound, BoundPhone, By, ExportedProof, Happened, Member, MemberId, SessionId, UnixSeconds, UsedProof,
};

pub(super) fn by_digest(conn: &Connection, digest: &[u8; 32]) -> Result<Option<UsedProof>> {
    const SELECT: &str = "
        SELECT member_id, session_id, sealed_answer
        FROM used_payloads
        WHERE digest = :digest";
    conn.prepare_cached(SELECT)?
        .query_row(named_params! { ":digest": digest }, |row| {
            Ok(UsedProof {
                member: MemberId(Uuid::from_bytes(row.get("member_id")?)),
                session: SessionId(row.get("session_id")?),
                sealed_answer: row.get("sealed_answer")?,
            })
        })
        .optional()
}

/// The proofs of a member that are remembered.
pub(super) fn of_member(conn: &Connection, member: MemberId) -> Result<Vec<ExportedProof>> {
    const SELECT: &str = "
        SELECT session_id, sealed_answer, usable_until
        FROM used_payloads
        WHERE member_id = :member
        ORDER BY usable_until DESC, digest";
    let row = |row: &Row<'_>| {
        Ok(ExportedProof {
            session: SessionId(row.get("session_id")?),
            sealed_answer: row.get("sealed_answer")?,
            usable_until: UnixSeconds(row.get("usable_until")?),
        })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":member": member.0.as_bytes() }, row)?.collect()
}

pub(super) fn bind_phone(tx: &Tx<'_>, bind: &BindPhone) -> Result<Bound> {
    if let Some(proof) = by_digest(tx, &bind.digest)? {
        return Ok(Bound::UsedBefore(proof));
    }
    let Some(member) = members::by_id(tx, bind.member)? else { return Ok(Bound::Gone) };
    if !sessions::is_of(tx, bind.session, bind.member)? {
        return Ok(Bound::Gone);
    }
    let same_number = has_number(tx, bind)?;
    if member.phone.is_some() && !same_number {
        if !bind.may_replace {
            return Ok(Bound::LoginTooOld);
        }
        audit::record(tx, bind.now, &By::MEMBER, "phone.changed", About::Member(bind.member))?;
    }
    remember(tx, bind)?;
    if let Some(opening) = bind.opening {
        openings::release(tx, opening)?;
    }
    let member = store(tx, bind, member, same_number)?;
    members::tell(tx, &member)?;
    outbox::tell(tx, bind.now, &member, Happened::PhoneBound { trust: bind.trust })?;
    Ok(Bound::Done(member))
}

fn has_number(tx: &Connection, bind: &BindPhone) -> Result<bool> {
    const SELECT: &str = "
        SELECT phone_index IS :index
        FROM members
        WHERE id = :id";
    let params = named_params! { ":id": bind.member.0.as_bytes(), ":index": bind.phone_index };
    tx.prepare_cached(SELECT)?.query_row(params, |row| row.get(0))
}

fn store(tx: &Connection, bind: &BindPhone, mut member: Member, same_number: bool) -> Result<Member> {
    const UPDATE: &str = "
        UPDATE members
        SET phone_sealed = :sealed, phone_index = :index, phone_trust = :trust, phone_bound_at = :bound_at,
            updated_at = :now
        WHERE id = :id";
    let before = member.phone.filter(|_| same_number);
    let phone = BoundPhone {
        sealed: bind.phone_sealed.clone(),
        trust: before.as_ref().map_or(bind.trust, |phone| phone.trust.max(bind.trust)),
        bound_at: before.as_ref().map_or(bind.now, |phone| phone.bound_at),
    };
    let params = named_params! {
        ":id": bind.member.0.as_bytes(),
        ":sealed": phone.sealed,
        ":index": bind.phone_index,
        ":trust": phone.trust.as_str(),
        ":bound_at": phone.bound_at.0,
        ":now": bind.now.0,
    };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    member.phone = Some(phone);
    member.updated_at = bind.now;
    Ok(member)
}

fn remember(tx: &Connection, bind: &BindPhone) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO used_payloads (digest, member_id, session_id, sealed_answer, usable_until)
        VALUES (:digest, :member, :session, :answer, :usable_until)";
    let params = named_params! {
        ":digest": bind.digest,
        ":member": bind.member.0.as_bytes(),
        ":session": bind.session.0,
        ":answer": bind.sealed_answer,
        ":usable_until": bind.usable_until.0,
    };
    tx.prepare_cached(INSERT)?.execute(params)?;
    Ok(())
}
