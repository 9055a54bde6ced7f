//! Every session and API token in memory, so that a check reads no disk.
//!
//! The writer tells what it committed, in order, before it answers anybody; so the index is as the file is whenever a
//! caller can know. While it loads it only notes what it is told. Above its limit it lets go of the oldest sessions
//! and says so: what it still has stays exact.

mod change;
mod due;
mod load;
mod people;
mod record;
mod sessions;
mod state;
mod tokens;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;
use uuid::Uuid;

pub(super) use self::change::Change;
pub(super) use self::load::{load, row};
pub(super) use self::record::Person;
pub(super) use self::sessions::{Row, seconds};
use self::state::{NOTHING, Phase, State};
use self::tokens::Tokens;
use crate::feed::Feed;
use crate::model::{ApiToken, Identified, SessionId, UnixSeconds, shortened};

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

#[cfg(test)]
mod tests;
