use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, Result, Row, named_params};

use super::members;
use crate::model::{MemberId, NewSession, Refresh, Session, SessionId, SessionRow, UnixSeconds};

/// Adds a session. `false` if this very one is there already.
pub(super) fn open(tx: &Connection, member: MemberId, session: &NewSession, now: UnixSeconds) -> Result<bool> {
    const INSERT: &str = "
        INSERT INTO sessions (id, member_id, skey_hash, created_at, last_seen_at, expires_at, ends_at, user_agent)
        VALUES (:id, :member, :hash, :now, :now, :expires_at, :ends_at, :user_agent)";
    let params = named_params! {
        ":id": session.id.0,
        ":member": member.0.as_bytes(),
        ":hash": session.skey_hash,
        ":now": now.0,
        ":expires_at": session.expires_at.0,
        ":ends_at": session.ends_at.0,
        ":user_agent": session.user_agent,
    };
    match tx.prepare_cached(INSERT)?.execute(params) {
        Err(error) if is_constraint(&error) && is_there(tx, member, session)? => Ok(false),
        inserted => inserted.map(|_| true),
    }
}

fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

fn is_there(tx: &Connection, member: MemberId, session: &NewSession) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1
        FROM sessions
        WHERE id = :id AND member_id = :member AND skey_hash = :hash";
    let params = named_params! { ":id": session.id.0, ":member": member.0.as_bytes(), ":hash": session.skey_hash };
    tx.prepare_cached(SELECT)?.exists(params)
}

/// Ends the oldest live sessions of a member above `most`; the newest is kept in any case.
pub(super) fn end_above(
    tx: &Connection,
    member: MemberId,
    newest: SessionId,
    most: u32,
    now: UnixSeconds,
) -> Result<Vec<SessionId>> {
    const DELETE: &str = "
        DELETE FROM sessions
        WHERE id IN (
            SELECT id
            FROM sessions
            WHERE member_id = :member AND id <> :newest AND expires_at > :now AND ends_at > :now
            ORDER BY id DESC
            LIMIT -1 OFFSET :others)
        RETURNING id";
    let params = named_params! {
        ":member": member.0.as_bytes(),
        ":newest": newest.0,
        ":now": now.0,
        ":others": most.saturating_sub(1),
    };
    tx.prepare_cached(DELETE)?.query_map(params, |row| row.get("id").map(SessionId))?.collect()
}

pub(super) fn by_id(conn: &Connection, id: SessionId) -> Result<Option<Session>> {
    const SELECT: &str = concat!(
        "SELECT ",
        members::columns!(),
        ", sessions.id AS session_id, sessions.created_at AS session_created_at, skey_hash, last_seen_at, expires_at,
           ends_at, user_agent
         FROM sessions
         JOIN members ON members.id = sessions.member_id
         WHERE sessions.id = :id"
    );
    conn.prepare_cached(SELECT)?
        .query_row(named_params! { ":id": id.0 }, |row| {
            Ok(Session {
                id: SessionId(row.get("session_id")?),
                member: members::from_row(row)?,
                skey_hash: row.get("skey_hash")?,
                created_at: UnixSeconds(row.get("session_created_at")?),
                last_seen_at: UnixSeconds(row.get("last_seen_at")?),
                expires_at: UnixSeconds(row.get("expires_at")?),
                ends_at: UnixSeconds(row.get("ends_at")?),
                user_agent: row.get("user_agent")?,
            })
        })
        .optional()
}

/// Whether the session is there and this member's.
pub(super) fn is_of(tx: &Connection, id: SessionId, member: MemberId) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1
        FROM sessions
        WHERE id = :id AND member_id = :member";
    tx.prepare_cached(SELECT)?.exists(named_params! { ":id": id.0, ":member": member.0.as_bytes() })
}

pub(super) fn touch(tx: &Connection, id: SessionId, seen_at: UnixSeconds, expires_at: UnixSeconds) -> Result<()> {
    const UPDATE: &str = "
        UPDATE sessions
        SET last_seen_at = :seen_at, expires_at = :expires_at
        WHERE id = :id AND last_seen_at <= :seen_at AND expires_at > :seen_at AND ends_at > :seen_at";
    let params = named_params! { ":id": id.0, ":seen_at": seen_at.0, ":expires_at": expires_at.0 };
    tx.prepare_cached(UPDATE)?.execute(params)?;
    Ok(())
}

/// Repeating a refresh finds the new hash in place of the old one, which is as good.
pub(super) fn refresh(tx: &Connection, refresh: &Refresh) -> Result<bool> {
    const UPDATE: &str = "
        UPDATE sessions
        SET skey_hash = :new_hash, last_seen_at = :seen_at, expires_at = :expires_at
        WHERE id = :id AND skey_hash IN (:old_hash, :new_hash) AND expires_at > :seen_at AND ends_at > :seen_at";
    let params = named_params! {
        ":id": refresh.id.0,
        ":old_hash": refresh.old_hash,
        ":new_hash": refresh.new_hash,
        ":seen_at": refresh.seen_at.0,
        ":expires_at": refresh.expires_at.0,
    };
    Ok(tx.prepare_cached(UPDATE)?.execute(params)? == 1)
}

pub(super) fn end(tx: &Connection, member: MemberId, id: SessionId, now: UnixSeconds) -> Result<bool> {
    const DELETE: &str = "
        DELETE FROM sessions
        WHERE id = :id AND member_id = :member
        RETURNING expires_at > :now AND ends_at > :now";
    let params = named_params! { ":id": id.0, ":member": member.0.as_bytes(), ":now": now.0 };
    let live = tx.prepare_cached(DELETE)?.query_row(params, |row| row.get(0)).optional()?;
    Ok(live.unwrap_or(false))
}

pub(super) fn end_all(tx: &Connection, member: MemberId, now: UnixSeconds) -> Result<u64> {
    const DELETE: &str = "
        DELETE FROM sessions
        WHERE member_id = :member
        RETURNING expires_at > :now AND ends_at > :now";
    let params = named_params! { ":member": member.0.as_bytes(), ":now": now.0 };
    let mut delete = tx.prepare_cached(DELETE)?;
    delete.query_map(params, |row| row.get::<_, bool>(0))?.try_fold(0, |ended, live| Ok(ended + u64::from(live?)))
}

/// Live ones, newest first.
pub(super) fn live(conn: &Connection, member: MemberId, now: UnixSeconds) -> Result<Vec<SessionRow>> {
    let mut sessions = all(conn, member)?;
    sessions.retain(|session| session.expires_at > now && session.ends_at > now);
    Ok(sessions)
}

/// All there are, newest first.
pub(super) fn all(conn: &Connection, member: MemberId) -> Result<Vec<SessionRow>> {
    const SELECT: &str = "
        SELECT id, created_at, last_seen_at, expires_at, ends_at, user_agent
        FROM sessions
        WHERE member_id = :member
        ORDER BY id DESC";
    let row = |row: &Row<'_>| {
        Ok(SessionRow {
            id: SessionId(row.get("id")?),
            created_at: UnixSeconds(row.get("created_at")?),
            last_seen_at: UnixSeconds(row.get("last_seen_at")?),
            expires_at: UnixSeconds(row.get("expires_at")?),
            ends_at: UnixSeconds(row.get("ends_at")?),
            user_agent: row.get("user_agent")?,
        })
    };
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":member": member.0.as_bytes() }, row)?.collect()
}
