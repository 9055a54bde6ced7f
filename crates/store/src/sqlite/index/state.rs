use std::collections::VecDeque;

use subtle::ConstantTimeEq;

use super::Change;
use super::people::People;
use super::record::Person;
use super::sessions::{Row, Sessions};
use crate::model::{HASH_BYTES, Identified, Identity, SessionId, UnixSeconds};

/// Sessions that are let go of in one step.
const SHRINK: usize = 1024;

/// What is in memory.
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) sessions: Sessions,
    pub(super) people: People,
    /// Rows whose key may be of no more use, for the purge to look at; the first one longest.
    pub(super) loose: VecDeque<SessionId>,
}

pub(super) enum Phase {
    /// What was committed since, to be done again on what was read.
    Loading(Vec<Change>),
    Complete,
    /// Sessions before this one are not in memory.
    Partial(SessionId),
}

/// Of a file that cannot be loaded.
pub(super) const NOTHING: Phase = Phase::Partial(SessionId(i64::MAX));

impl State {
    pub(super) fn new(phase: Phase) -> Self {
        Self { phase, sessions: Sessions::default(), people: People::default(), loose: VecDeque::new() }
    }

    pub(super) fn identify(&self, id: SessionId, hash: &[u8; HASH_BYTES], now: UnixSeconds) -> Identified {
        let row = match (&self.phase, self.sessions.get(id)) {
            (Phase::Loading(_), _) => return Identified::Ask,
            (Phase::Partial(first), None) if id < *first => return Identified::Ask,
            // Instants before 1970 have no place in a row: the file has them.
            (_, Some(row)) if row.created_at == 0 => return Identified::Ask,
            (_, row) => row.copied().unwrap_or(Row::NONE),
        };
        // One path for unknown, ended, expired and another skey: nothing is skipped, and nothing of a member is touched.
        let is_theirs = bool::from(row.hash.ct_eq(hash)) & row.is_live(now);
        let person = if is_theirs { self.people.person(row.owner) } else { None };
        let Some(person) = person else { return Identified::Absent };
        let at = |seconds: u32| UnixSeconds(seconds.into());
        Identified::Known(Identity {
            session: id,
            member: person.id,
            appid: person.appid,
            openid: person.openid,
            unionid: person.unionid,
            nick_name: person.nick_name,
            status: person.status,
            member_since: at(person.since),
            shows_more: person.shows_more,
            created_at: at(row.created_at),
            last_seen_at: at(row.last_seen_at),
            expires_at: at(row.expires_at),
            ends_at: at(row.ends_at),
        })
    }

    pub(super) fn of_member(&self, owner: u32) -> Vec<(SessionId, Row)> {
        let ids = self.people.sessions(owner).into_iter();
        ids.filter_map(|id| self.sessions.get(id).map(|row| (id, *row))).collect()
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Opened { id, row, person } => self.open(id, row, &person),
            Change::Used { id, seen_at, expires_at, hash } => {
                if let Some(row) = self.sessions.get_mut(id) {
                    (row.last_seen_at, row.expires_at) = (seen_at, expires_at);
                    row.hash = hash.unwrap_or(row.hash);
                }
            }
            Change::Ended { id } => {
                if let Some(row) = self.sessions.get_mut(id) {
                    *row = row.ended();
                }
                self.loose.push_back(id);
            }
            Change::Gone { id } => self.remove(id),
            Change::Person { owner, person } => {
                let sessions = self.people.sessions(owner);
                if !sessions.is_empty() {
                    self.people.put(owner, person.view(), &sessions);
                }
            }
            // Not of the sessions, and done already.
            Change::Token { .. } => {}
        }
    }

    fn open(&mut self, id: SessionId, row: Row, person: &Person) {
        if matches!(self.phase, Phase::Partial(first) if id < first) {
            return;
        }
        let mut sessions = self.people.sessions(row.owner);
        if self.sessions.put(id, row) {
            // The key of all but the newest may be of no more use.
            self.loose.extend(sessions.iter().max().map(|newest| id.min(*newest)));
            sessions.push(id);
        }
        self.people.put(row.owner, person.view(), &sessions);
    }

    fn remove(&mut self, id: SessionId) {
        let Some(row) = self.sessions.remove(id) else { return };
        let mut sessions = self.people.sessions(row.owner);
        sessions.retain(|other| *other != id);
        match self.people.person(row.owner) {
            Some(person) if !sessions.is_empty() => self.people.put(row.owner, person.view(), &sessions),
            _ => self.people.remove(row.owner),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.sessions.bytes() + self.people.bytes() + self.loose.capacity() * size_of::<SessionId>()
    }

    pub(super) fn shrink(&mut self, max_bytes: usize) {
        for _ in 0..SHRINK {
            let Some(first) = self.sessions.first() else { return };
            if self.bytes() <= max_bytes {
                return;
            }
            self.remove(first);
            self.phase = Phase::Partial(SessionId(first.0 + 1));
        }
    }
}
