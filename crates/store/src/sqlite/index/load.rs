use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use rusqlite::{Connection, Result, Row as SqlRow};
use uuid::Uuid;

use super::{Index, NOTHING, Person, Phase, Row, State, seconds};
use crate::model::{MemberId, SessionId, Status, UnixSeconds, shortened};
use crate::sqlite::columns::Columns;

/// Rows between two looks at whether the store is still there.
const LOOK: usize = 4096;
/// About what a session takes, with its member.
const BYTES: usize = 112;
/// So few changes are done again while nobody can read.
const FEW: usize = 1000;

/// Columns of [`row`], and [`HAS_KEY`].
const SESSIONS: &str = "
    SELECT id, member, skey_hash, created_at, last_seen_at, expires_at, ends_at, sealed_key IS NOT NULL AS has_key
    FROM sessions
    ORDER BY id";
const HAS_KEY: usize = 7;

const MEMBERS: &str = "
    SELECT number, id, appid, openid, unionid, nick_name, status
    FROM members
    ORDER BY number";

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

/// `None` if the store was dropped meanwhile.
fn read(connection: &Connection, index: &Weak<Index>) -> Result<Option<State>> {
    // One transaction, so that every session has its member.
    let snapshot = connection.unchecked_transaction()?;
    let Some(max_bytes) = index.upgrade().map(|index| index.max_bytes) else { return Ok(None) };
    let mut state = State::new(Phase::Complete);
    let Some(owners) = read_sessions(&snapshot, index, max_bytes, &mut state)? else { return Ok(None) };
    let mut owners: Vec<_> = owners.into();
    owners.sort_unstable();
    Ok(read_members(&snapshot, index, &owners, &mut state)?.then_some(state))
}

/// Fills the sessions; whose each is, and whether its key is there.
fn read_sessions(
    snapshot: &Connection,
    index: &Weak<Index>,
    max_bytes: usize,
    state: &mut State,
) -> Result<Option<VecDeque<(u32, SessionId, bool)>>> {
    let mut owners = VecDeque::new();
    let mut select = snapshot.prepare(SESSIONS)?;
    let mut rows = select.query([])?;
    while let Some(sql) = rows.next()? {
        let (id, row) = row(sql)?;
        state.sessions.put(id, row);
        owners.push_back((row.owner, id, sql.get(HAS_KEY)?));
        if owners.len() * BYTES > max_bytes
            && let Some((_, oldest, _)) = owners.pop_front()
        {
            state.sessions.remove(oldest);
            state.phase = Phase::Partial(SessionId(oldest.0 + 1));
        }
        if owners.len() % LOOK == 0 && index.strong_count() == 0 {
            return Ok(None);
        }
    }
    Ok(Some(owners))
}

/// Fills the members that have sessions; both come in the order of their numbers.
fn read_members(
    snapshot: &Connection,
    index: &Weak<Index>,
    mut owners: &[(u32, SessionId, bool)],
    state: &mut State,
) -> Result<bool> {
    let mut select = snapshot.prepare(MEMBERS)?;
    let mut rows = select.query([])?;
    let mut seen = 0;
    while let Some(sql) = rows.next()? {
        let number: u32 = sql.get(0)?;
        seen += 1;
        if seen % LOOK == 0 && index.strong_count() == 0 {
            return Ok(false);
        }
        let (gone, rest) = owners.split_at(owners.partition_point(|(owner, ..)| *owner < number));
        drop_sessions(state, gone);
        let (own, rest) = rest.split_at(rest.iter().take_while(|(owner, ..)| *owner == number).count());
        owners = rest;
        if !own.is_empty() {
            let ids: Vec<_> = own.iter().map(|(_, id, _)| *id).collect();
            state.people.put(number, &person(state, sql)?, &ids);
            loosen(state, own);
        }
    }
    drop_sessions(state, owners);
    Ok(true)
}

/// Sessions of nobody: what an interrupted hand made.
fn drop_sessions(state: &mut State, sessions: &[(u32, SessionId, bool)]) {
    for (_, id, _) in sessions {
        state.sessions.remove(*id);
    }
}

fn loosen(state: &mut State, own: &[(u32, SessionId, bool)]) {
    let newest = own.last().map(|(_, id, _)| *id);
    for (_, id, has_key) in own {
        let ended = state.sessions.get(*id).is_some_and(Row::has_ended);
        if ended || (*has_key && Some(*id) != newest) {
            state.loose.push_back(*id);
        }
    }
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

fn person(state: &State, sql: &SqlRow<'_>) -> Result<Person> {
    let appid: &str = sql.get_ref("appid")?.as_str()?;
    let known = state.people.appid(appid);
    Ok(Person {
        id: MemberId(Uuid::from_bytes(sql.get("id")?)),
        appid: known.unwrap_or_else(|| Arc::from(appid)),
        openid: sql.get("openid")?,
        unionid: sql.get("unionid")?,
        nick_name: sql.get("nick_name")?,
        status: if sql.get_ref("status")?.as_str()? == Status::Active.as_str() {
            Status::Active
        } else {
            Status::Blocked
        },
    })
}
