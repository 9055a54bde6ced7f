use std::cmp::Reverse;

use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, Result, Row as SqlRow, named_params, params};

use super::columns::Columns;
use super::index::{self, Change, Index, Person, Row, seconds};
use super::writer::Tx;
use super::{keys, members, outbox};
use crate::model::{
    EndCause, Happened, Login, Member, MemberId, Refresh, Session, SessionId, SessionRow, UnixSeconds, shortened,
};

/// A member's rows, ended ones too.
pub(super) type Rows = Vec<(SessionId, Row)>;

/// All rows of a member, in no order: from memory, or else by reading.
pub(super) fn rows(conn: &Connection, index: &Index, owner: u32) -> Result<Rows> {
    match index.of_member(owner) {
        Some(rows) => Ok(rows),
        None => stored_rows(conn, owner),
    }
}

/// The same as a transaction sees it.
pub(super) fn rows_in(tx: &Tx<'_>, owner: u32) -> Result<Rows> {
    tx.of_member(owner).map_or_else(|| stored_rows(tx, owner), Ok)
}

/// A row as a transaction sees it.
pub(super) fn row_in(tx: &Tx<'_>, id: SessionId) -> Result<Option<Row>> {
    tx.row(id).map_or_else(|| row(tx, id), |row| Ok(Some(row)))
}

fn stored_rows(conn: &Connection, owner: u32) -> Result<Rows> {
    const SELECT: &str = "
        SELECT id, member, skey_hash, created_at, last_seen_at, expires_at, ends_at
        FROM sessions
        WHERE member = :owner";
    conn.prepare_cached(SELECT)?.query_map(named_params! { ":owner": owner }, index::row)?.collect()
}

pub(super) fn row(conn: &Connection, id: SessionId) -> Result<Option<Row>> {
    const SELECT: &str = "
        SELECT id, member, skey_hash, created_at, last_seen_at, expires_at, ends_at
        FROM sessions
        WHERE id = :id";
    let row = |row: &SqlRow<'_>| index::row(row).map(|(_, row)| row);
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":id": id.0 }, row).optional()
}

/// Adds a session, unless this very one is there already.
pub(super) fn open(tx: &Tx<'_>, owner: u32, member: &Member, login: &Login) -> Result<()> {
    // Parameters are bound in the order in which they first appear: to find them by name takes as long as the rest.
    const INSERT: &str = "
        INSERT INTO sessions
            (id, member, skey_hash, created_at, last_seen_at, expires_at, ends_at, user_agent, sealed_key)
        VALUES (:id, :owner, :hash, :now, :now, :expires_at, :ends_at, :user_agent, :sealed_key)";
    let session = &login.session;
    let params = params![
        session.id.0,
        owner,
        session.skey_hash,
        login.now.0,
        session.expires_at.0,
        session.ends_at.0,
        session.user_agent,
        login.sealed_key,
    ];
    match tx.prepare_cached(INSERT)?.execute(params) {
        Err(error) if is_constraint(&error) && is_there(tx, owner, login)? => return Ok(()),
        inserted => inserted?,
    };
    let row = Row {
        hash: shortened(&session.skey_hash),
        owner,
        created_at: seconds(login.now),
        last_seen_at: seconds(login.now),
        expires_at: seconds(session.expires_at),
        ends_at: seconds(session.ends_at),
    };
    tx.note(Change::Opened { id: session.id, row, person: Person::from(member) });
    outbox::tell(tx, login.now, member, Happened::SessionCreated { session: session.id })
}

fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

fn is_there(tx: &Connection, owner: u32, login: &Login) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1
        FROM sessions
        WHERE id = :id AND member = :owner AND skey_hash = :hash";
    let params = named_params! { ":id": login.session.id.0, ":owner": owner, ":hash": login.session.skey_hash };
    tx.prepare_cached(SELECT)?.exists(params)
}

/// Ends a member's oldest live sessions, so that with that of the login there are no more than may be. Where there are more
/// rows than that, those of ended sessions go whose key is of no use any more.
pub(super) fn make_room(tx: &Tx<'_>, owner: u32, login: &Login) -> Result<Vec<SessionId>> {
    let others = usize::try_from(login.max_sessions.saturating_sub(1)).unwrap_or(usize::MAX);
    if tx.has_at_most(owner, others) {
        return Ok(Vec::new());
    }
    let mut rows = rows_in(tx, owner)?;
    rows.retain(|(id, _)| *id != login.session.id);
    if rows.len() <= others {
        return Ok(Vec::new());
    }
    let mut live: Vec<_> = rows.iter().filter(|(_, row)| row.is_live(login.now)).map(|(id, _)| *id).collect();
    live.sort_unstable_by_key(|id| Reverse(*id));
    let ended = live.split_off(others.min(live.len()));
    for id in &ended {
        let happened = Happened::SessionEnded { session: *id, cause: EndCause::Yielded };
        outbox::tell_of_number(tx, login.now, owner, happened)?;
    }
    // Whoever logs in again and again leaves nothing behind that each of their logins had to look through until the purge.
    let outlived = keys::outlived(rows).into_iter().filter(|(id, row)| row.has_ended() || ended.contains(id));
    let mut gone: Vec<_> = outlived.map(|(id, _)| id).collect();
    gone.sort_unstable();
    for id in ended.iter().filter(|id| !gone.contains(id)) {
        empty(tx, *id)?;
    }
    delete(tx, &gone)?;
    Ok(ended)
}

/// Ends a session. Its row stays until the purge, for its key: a member who logs out of one device may be about to
/// send what another login's key opens.
pub(super) fn empty(tx: &Tx<'_>, id: SessionId) -> Result<()> {
    const UPDATE: &str = "
        UPDATE sessions
        SET skey_hash = NULL, user_agent = NULL
        WHERE id = :id";
    tx.prepare_cached(UPDATE)?.execute(named_params! { ":id": id.0 })?;
    tx.note(Change::Ended { id });
    Ok(())
}

/// Deletes rows, those that stand beside each other in one go.
pub(super) fn delete(tx: &Tx<'_>, ids: &[SessionId]) -> Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM sessions WHERE id BETWEEN :first AND :last")?;
    for run in ids.chunk_by(|one, next| tx.are_neighbours(*one, *next)) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            delete.execute(named_params! { ":first": first.0, ":last": last.0 })?;
        }
    }
    for id in ids {
        tx.note(Change::Gone { id: *id });
    }
    Ok(())
}

pub(super) fn by_id(conn: &Connection, id: SessionId) -> Result<Option<Session>> {
    const SELECT: &str = concat!(
        "SELECT ",
        members::columns!(),
        ", sessions.id, skey_hash, sessions.created_at, last_seen_at, expires_at, ends_at, user_agent
         FROM sessions
         JOIN members ON members.number = sessions.member
         WHERE sessions.id = :id AND skey_hash IS NOT NULL"
    );
    let session = |row: &SqlRow<'_>| {
        let mut columns = Columns::of(row);
        let member = members::read(&mut columns)?;
        Ok(Session {
            id: SessionId(columns.next()?),
            member,
            skey_hash: columns.next()?,
            created_at: UnixSeconds(columns.next()?),
            last_seen_at: UnixSeconds(columns.next()?),
            expires_at: UnixSeconds(columns.next()?),
            ends_at: UnixSeconds(columns.next()?),
            user_agent: columns.next()?,
        })
    };
    conn.prepare_cached(SELECT)?.query_row(named_params! { ":id": id.0 }, session).optional()
}

/// Whether the session is this member's and has not ended.
pub(super) fn is_of(tx: &Connection, id: SessionId, member: MemberId) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1
        FROM sessions
        JOIN members ON members.number = sessions.member
        WHERE sessions.id = :id AND members.id = :member AND skey_hash IS NOT NULL";
    tx.prepare_cached(SELECT)?.exists(named_params! { ":id": id.0, ":member": member.0.as_bytes() })
}

pub(super) fn touch(tx: &Tx<'_>, id: SessionId, seen_at: UnixSeconds, expires_at: UnixSeconds) -> Result<()> {
    const UPDATE: &str = "
        UPDATE sessions
        SET last_seen_at = :seen_at, expires_at = :expires_at
        WHERE id = :id AND skey_hash IS NOT NULL
          AND last_seen_at <= :seen_at AND expires_at > :seen_at AND ends_at > :seen_at";
    let params = named_params! { ":id": id.0, ":seen_at": seen_at.0, ":expires_at": expires_at.0 };
    if tx.prepare_cached(UPDATE)?.execute(params)? == 1 {
        tx.note(Change::Used { id, seen_at: seconds(seen_at), expires_at: seconds(expires_at), hash: None });
    }
    Ok(())
}

/// Repeating a refresh finds the new hash in place of the old one, which is as good.
pub(super) fn refresh(tx: &Tx<'_>, refresh: &Refresh) -> Result<bool> {
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
    let is_done = tx.prepare_cached(UPDATE)?.execute(params)? == 1;
    if is_done {
        tx.note(Change::Used {
            id: refresh.id,
            seen_at: seconds(refresh.seen_at),
            expires_at: seconds(refresh.expires_at),
            hash: Some(shortened(&refresh.new_hash)),
        });
    }
    Ok(is_done)
}

pub(super) fn end(tx: &Tx<'_>, member: MemberId, id: SessionId, now: UnixSeconds) -> Result<bool> {
    let Some(owner) = members::number(tx, member)? else { return Ok(false) };
    let own = row(tx, id)?.filter(|row| row.owner == owner && !row.has_ended());
    let Some(row) = own else { return Ok(false) };
    end_row(tx, id, &row, now)?;
    Ok(row.is_live(now))
}

pub(super) fn end_all(tx: &Tx<'_>, member: MemberId, now: UnixSeconds) -> Result<u64> {
    let Some(owner) = members::number(tx, member)? else { return Ok(0) };
    let mut live = 0;
    for (id, row) in rows_in(tx, owner)? {
        if !row.has_ended() {
            end_row(tx, id, &row, now)?;
            live += u64::from(row.is_live(now));
        }
    }
    Ok(live)
}

/// Ends a session and tells of it: one whose time was over before ended then.
fn end_row(tx: &Tx<'_>, id: SessionId, row: &Row, now: UnixSeconds) -> Result<()> {
    empty(tx, id)?;
    let cause = if row.is_live(now) { EndCause::Ended } else { EndCause::Expired };
    outbox::tell_of_number(tx, now, row.owner, Happened::SessionEnded { session: id, cause })
}

/// Live ones, newest first.
pub(super) fn live(conn: &Connection, index: &Index, member: MemberId, now: UnixSeconds) -> Result<Vec<SessionRow>> {
    let mut sessions = all(conn, index, member)?;
    sessions.retain(|session| session.expires_at > now && session.ends_at > now);
    Ok(sessions)
}

/// All that have not ended, expired ones too, newest first.
pub(super) fn all(conn: &Connection, index: &Index, member: MemberId) -> Result<Vec<SessionRow>> {
    const SELECT: &str = "
        SELECT created_at, last_seen_at, expires_at, ends_at, user_agent
        FROM sessions
        WHERE id = :id AND skey_hash IS NOT NULL";
    let Some(owner) = members::number(conn, member)? else { return Ok(Vec::new()) };
    let mut rows = rows(conn, index, owner)?;
    rows.sort_unstable_by_key(|(id, _)| Reverse(*id));
    let mut select = conn.prepare_cached(SELECT)?;
    let mut sessions = Vec::with_capacity(rows.len());
    for (id, _) in rows {
        let session = select.query_row(named_params! { ":id": id.0 }, |row| {
            Ok(SessionRow {
                id,
                created_at: UnixSeconds(row.get("created_at")?),
                last_seen_at: UnixSeconds(row.get("last_seen_at")?),
                expires_at: UnixSeconds(row.get("expires_at")?),
                ends_at: UnixSeconds(row.get("ends_at")?),
                user_agent: row.get("user_agent")?,
            })
        });
        sessions.extend(session.optional()?);
    }
    Ok(sessions)
}
