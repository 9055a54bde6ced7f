use std::collections::VecDeque;
use std::sync::Weak;

use rusqlite::{Connection, Result, Row as SqlRow, params};
use uuid::Uuid;

use super::record::View;
use super::{Index, NOTHING, Phase, Row, State, seconds};
use crate::model::{MemberId, SessionId, Status, UnixSeconds, shortened};
use crate::sqlite::columns::Columns;

/// Rows that are read at once: some ten milliseconds.
const SLICE: u32 = 16_384;
/// About what a session takes, with its member.
const BYTES: usize = 100;
/// So few changes are done again while nobody can read.
const FEW: usize = 1000;

/// Columns of [`row`], and [`HAS_KEY`].
const SESSIONS: &str = "
    SELECT id, member, skey_hash, created_at, last_seen_at, expires_at, ends_at, sealed_key IS NOT NULL AS has_key
    FROM sessions
    WHERE id > :after
    ORDER BY id
    LIMIT :limit";
const HAS_KEY: usize = 7;

const MEMBERS: &str = "
    SELECT number, id, appid, openid, unionid, nick_name, status, created_at,
           avatar_url IS NOT NULL OR phone_sealed IS NOT NULL OR attributes <> '{}' AS shows_more
    FROM members
    WHERE number > :after
    ORDER BY number
    LIMIT :limit";

/// Reads all sessions and those whose they are into `index`. What cannot be read is asked of the file later.
pub(in crate::sqlite) fn load(connection: &Connection, index: &Weak<Index>) {
    let loaded = read(connection, index);
    let Some(index) = index.upgrade() else { return };
    match loaded {
        Ok(Some(state)) => publish(&index, state),
        Ok(None) => {}
        Err(error) => {
            tracing::error!(error = %error, "the sessions could not be loaded: each check reads the file");
            index.publish(State::new(NOTHING));
        }
    }
}

fn publish(index: &Index, mut state: State) {
    loop {
        let noted = index.take_noted();
        let count = noted.len();
        for change in noted {
            state.apply(change);
        }
        if count < FEW {
            break;
        }
    }
    tracing::info!(sessions = state.sessions.len(), bytes = state.bytes(), "sessions are in memory");
    index.publish(state);
}

/// A session that was read, until its member is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    owner: u32,
    id: SessionId,
    has_key: bool,
    has_ended: bool,
}

/// `None` if the store was dropped meanwhile.
///
/// It reads in slices, for what reads long keeps the log from beginning anew. So what it reads is of many moments; but
/// what is committed after the first is noted, and to do it again on something later does no harm.
fn read(connection: &Connection, index: &Weak<Index>) -> Result<Option<State>> {
    let Some(max_bytes) = index.upgrade().map(|index| index.max_bytes) else { return Ok(None) };
    let mut state = State::new(Phase::Complete);
    let mut found = VecDeque::new();
    let mut after = SessionId(0);
    while let Some(last) = read_sessions(connection, after, max_bytes, &mut found, &mut state)? {
        after = last;
        if index.strong_count() == 0 {
            return Ok(None);
        }
    }
    let mut found: Vec<_> = found.into();
    found.sort_unstable();
    let (mut rest, mut after) = (&found[..], 0);
    while let Some(last) = read_members(connection, after, &mut rest, &mut state)? {
        after = last;
        if index.strong_count() == 0 {
            return Ok(None);
        }
    }
    drop_sessions(&mut state, rest);
    Ok(Some(state))
}

/// Fills a slice of the sessions; the last one.
fn read_sessions(
    connection: &Connection,
    after: SessionId,
    max_bytes: usize,
    found: &mut VecDeque<Found>,
    state: &mut State,
) -> Result<Option<SessionId>> {
    let mut last = None;
    let mut select = connection.prepare_cached(SESSIONS)?;
    let mut rows = select.query(params![after.0, SLICE])?;
    while let Some(sql) = rows.next()? {
        let (id, row) = row(sql)?;
        last = Some(id);
        state.sessions.put(id, row);
        found.push_back(Found { owner: row.owner, id, has_key: sql.get(HAS_KEY)?, has_ended: row.has_ended() });
        if found.len() * BYTES > max_bytes
            && let Some(Found { id: oldest, .. }) = found.pop_front()
        {
            state.sessions.remove(oldest);
            state.phase = Phase::Partial(SessionId(oldest.0 + 1));
        }
    }
    Ok(last)
}

/// Fills a slice of the members, those that have sessions: both come in the order of their numbers. The last one.
fn read_members(connection: &Connection, after: u32, found: &mut &[Found], state: &mut State) -> Result<Option<u32>> {
    let mut last = None;
    let mut ids = Vec::new();
    let mut select = connection.prepare_cached(MEMBERS)?;
    let mut rows = select.query(params![after, SLICE])?;
    while let Some(sql) = rows.next()? {
        let mut columns = Columns::of(sql);
        let number = columns.next()?;
        last = Some(number);
        drop_sessions(state, split_while(found, |session| session.owner < number));
        let own = split_while(found, |session| session.owner == number);
        if !own.is_empty() {
            ids.clear();
            ids.extend(own.iter().map(|session| session.id));
            state.people.put(number, person(&mut columns)?, &ids);
            loosen(state, own);
        }
    }
    Ok(last)
}

/// Takes off what comes first and is so.
fn split_while<'a>(found: &mut &'a [Found], is_so: impl Fn(&Found) -> bool) -> &'a [Found] {
    let (first, rest) = found.split_at(found.iter().take_while(|session| is_so(session)).count());
    *found = rest;
    first
}

/// Sessions of nobody: what an interrupted hand made.
fn drop_sessions(state: &mut State, sessions: &[Found]) {
    for session in sessions {
        state.sessions.remove(session.id);
    }
}

fn loosen(state: &mut State, own: &[Found]) {
    let newest = own.last().map(|session| session.id);
    let is_loose = |session: &&Found| session.has_ended || (session.has_key && Some(session.id) != newest);
    state.loose.extend(own.iter().filter(is_loose).map(|session| session.id));
}

/// A session from the first columns of a row: id, member, skey_hash, and the four instants in the order of the table.
pub(in crate::sqlite) fn row(sql: &SqlRow<'_>) -> Result<(SessionId, Row)> {
    let mut columns = Columns::of(sql);
    let (id, owner) = (columns.next()?, columns.next()?);
    let hash: Option<[u8; 32]> = columns.next()?;
    let mut at = || columns.next().map(|at| seconds(UnixSeconds(at)));
    let row = Row {
        hash: hash.as_ref().map(shortened).unwrap_or_default(),
        owner,
        created_at: at()?,
        last_seen_at: at()?,
        expires_at: at()?,
        ends_at: at()?,
    };
    Ok((SessionId(id), if hash.is_some() { row } else { row.ended() }))
}

/// A member from the columns behind their number.
fn person<'a>(columns: &mut Columns<'a>) -> Result<View<'a>> {
    Ok(View {
        id: MemberId(Uuid::from_bytes(columns.next()?)),
        appid: columns.next_ref()?.as_str()?,
        openid: columns.next_ref()?.as_str()?,
        unionid: columns.next_ref()?.as_str_or_null()?,
        nick_name: columns.next_ref()?.as_str_or_null()?,
        status: if columns.next_ref()?.as_str()? == Status::Active.as_str() { Status::Active } else { Status::Blocked },
        since: seconds(UnixSeconds(columns.next()?)),
        shows_more: columns.next()?,
    })
}
