//! Every session and API token in memory, so that a check reads no disk.
//!
//! The writer tells what it committed, in order, before it answers anybody; so the index is as the file is whenever a
//! caller can know. While it loads it only notes what it is told. Above its limit it lets go of the oldest sessions
//! and says so: what it still has stays exact.

mod due;
mod load;
mod people;
mod sessions;
mod tokens;

use std::collections::VecDeque;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use subtle::ConstantTimeEq;
use tokio::sync::watch;
use uuid::Uuid;

pub(super) use self::load::{load, row};
use self::people::People;
pub(super) use self::people::Person;
use self::sessions::Sessions;
pub(super) use self::sessions::{Row, seconds};
use self::tokens::Tokens;
use crate::feed::Feed;
use crate::model::{ApiToken, HASH_BYTES, Identified, Identity, SessionId, UnixSeconds, shortened};

/// Sessions that are let go of in one step.
const SHRINK: usize = 1024;

/// What a write did to a session, a member or an API token, as it stands afterwards.
pub(super) enum Change {
    /// It is there.
    Opened { id: SessionId, row: Row, person: Person },
    /// It was used until, and has perhaps another hash.
    Used { id: SessionId, seen_at: u32, expires_at: u32, hash: Option<[u8; HASH_BYTES]> },
    /// It has ended; the row stays for its key.
    Ended { id: SessionId },
    /// The row is gone.
    Gone { id: SessionId },
    /// What is said of a member is another.
    Person { owner: u32, person: Person },
    /// An API token was made, or revoked: `None`.
    Token { id: Uuid, token: Option<ApiToken> },
}

impl Change {
    /// Does the same to the rows of one member.
    pub(super) fn replay(&self, owner: u32, rows: &mut Vec<(SessionId, Row)>) {
        match self {
            Self::Opened { id: of, row, .. } if row.owner == owner => {
                rows.retain(|(id, _)| id != of);
                rows.push((*of, *row));
            }
            Self::Opened { .. } | Self::Person { .. } | Self::Token { .. } => {}
            Self::Used { id: of, seen_at, expires_at, .. } => {
                if let Some((_, row)) = rows.iter_mut().find(|(id, _)| id == of) {
                    (row.last_seen_at, row.expires_at) = (*seen_at, *expires_at);
                }
            }
            Self::Ended { id: of } => {
                if let Some((_, row)) = rows.iter_mut().find(|(id, _)| id == of) {
                    *row = row.ended();
                }
            }
            Self::Gone { id: of } => rows.retain(|(id, _)| id != of),
        }
    }
}

/// The sessions in memory. Shared: one thread changes it, all read it.
pub(super) struct Index {
    state: RwLock<State>,
    /// Whether it is known what is in memory and what is not.
    settled: watch::Sender<bool>,
    max_bytes: usize,
    tokens: Tokens,
    feed: Arc<Feed>,
    /// How far the last look for expired sessions came.
    looked_to: AtomicI64,
}

struct State {
    phase: Phase,
    sessions: Sessions,
    people: People,
    /// Rows whose key may be of no more use, for the purge to look at; the first one longest.
    loose: VecDeque<SessionId>,
}

enum Phase {
    /// What was committed since, to be done again on what was read.
    Loading(Vec<Change>),
    Complete,
    /// Sessions before this one are not in memory.
    Partial(SessionId),
}

/// Of a file that cannot be loaded.
const NOTHING: Phase = Phase::Partial(SessionId(i64::MAX));

impl Index {
    /// An index that is to be loaded.
    pub(super) fn loading(max_bytes: usize) -> Self {
        let state = State::new(Phase::Loading(Vec::new()));
        Self::with(state, false, max_bytes)
    }

    /// An index that holds nothing: for a writer of a test.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self::with(State::new(NOTHING), true, 0)
    }

    fn with(state: State, settled: bool, max_bytes: usize) -> Self {
        let settled = watch::Sender::new(settled);
        let (tokens, looked_to) = (Tokens::default(), AtomicI64::new(0));
        Self { state: RwLock::new(state), settled, max_bytes, tokens, feed: Arc::default(), looked_to }
    }

    /// Who a session is of, as far as memory says.
    pub(super) fn identify(&self, id: SessionId, skey_hash: &[u8; 32], now: UnixSeconds) -> Identified {
        self.read().identify(id, &shortened(skey_hash), now)
    }

    /// All rows of a member; `None` when they may not all be in memory.
    pub(super) fn of_member(&self, owner: u32) -> Option<Vec<(SessionId, Row)>> {
        let state = self.read();
        matches!(state.phase, Phase::Complete).then(|| state.of_member(owner))
    }

    /// Who wants to hear of events.
    pub(super) fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// The API token, if it is in memory.
    pub(super) fn api_token(&self, id: Uuid) -> Option<Arc<ApiToken>> {
        self.tokens.get(id)
    }

    /// How many rows a member has; `None` when they may not all be in memory.
    pub(super) fn count_of(&self, owner: u32) -> Option<usize> {
        let state = self.read();
        matches!(state.phase, Phase::Complete).then(|| state.people.sessions_of(owner))
    }

    /// Whose session or what member a change is about, if it says so or memory does.
    pub(super) fn owner_of(&self, change: &Change) -> Option<u32> {
        match change {
            Change::Opened { row, .. } => Some(row.owner),
            Change::Person { owner, .. } => Some(*owner),
            Change::Used { id, .. } | Change::Ended { id } | Change::Gone { id } => self.row(*id).map(|row| row.owner),
            Change::Token { .. } => None,
        }
    }

    /// Does to the index what was committed to the file.
    pub(super) fn apply(&self, mut changes: Vec<Change>) {
        for change in changes.extract_if(.., |change| matches!(change, Change::Token { .. })) {
            if let Change::Token { id, token } = change {
                self.tokens.put(id, token);
            }
        }
        if changes.is_empty() {
            return;
        }
        let mut state = self.write();
        if let Phase::Loading(noted) = &mut state.phase {
            noted.extend(changes);
            return;
        }
        for change in changes {
            state.apply(change);
        }
    }

    /// Resolves when the index is loaded.
    pub(super) async fn settled(&self) {
        let mut settled = self.settled.subscribe();
        // The sender is in `self`, so it is there.
        let _ = settled.wait_for(|settled| *settled).await;
    }

    /// How many sessions are in memory, those that ended among them.
    pub(super) fn count(&self) -> u64 {
        self.read().sessions.len() as u64
    }

    /// A row that is in memory.
    pub(super) fn row(&self, id: SessionId) -> Option<Row> {
        self.read().sessions.get(id).copied()
    }

    /// Lets go of some of the oldest sessions while it is above its limit; of few, since nobody can read meanwhile.
    pub(super) fn shrink(&self) {
        if self.is_full() {
            self.write().shrink(self.max_bytes);
        }
    }

    /// Whether it is above its limit.
    pub(super) fn is_full(&self) -> bool {
        let state = self.read();
        !matches!(state.phase, Phase::Loading(_)) && state.bytes() > self.max_bytes
    }

    /// Whether all sessions are in memory.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.read().phase, Phase::Complete)
    }

    /// Says that per-member questions can be answered, be it from memory or from the file.
    pub(super) fn settle(&self) {
        self.settled.send_replace(true);
    }

    /// Takes what was committed since it was last asked; for the loader.
    fn take_noted(&self) -> Vec<Change> {
        match &mut self.write().phase {
            Phase::Loading(noted) => std::mem::take(noted),
            Phase::Complete | Phase::Partial(_) => Vec::new(),
        }
    }

    /// Puts what was loaded in place, with what was committed meanwhile.
    fn publish(&self, mut loaded: State) {
        let mut state = self.write();
        if let Phase::Loading(noted) = &mut state.phase {
            for change in std::mem::take(noted) {
                loaded.apply(change);
            }
        }
        *state = loaded;
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(phase: Phase) -> Self {
        Self { phase, sessions: Sessions::default(), people: People::default(), loose: VecDeque::new() }
    }

    fn identify(&self, id: SessionId, hash: &[u8; HASH_BYTES], now: UnixSeconds) -> Identified {
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

    fn of_member(&self, owner: u32) -> Vec<(SessionId, Row)> {
        let ids = self.people.sessions(owner).into_iter();
        ids.filter_map(|id| self.sessions.get(id).map(|row| (id, *row))).collect()
    }

    fn apply(&mut self, change: Change) {
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

    fn bytes(&self) -> usize {
        self.sessions.bytes() + self.people.bytes() + self.loose.capacity() * size_of::<SessionId>()
    }

    fn shrink(&mut self, max_bytes: usize) {
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

#[cfg(test)]
mod tests;
