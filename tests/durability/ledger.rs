//! What the server said is so.

use std::collections::BTreeMap;

/// Every acknowledgement. A request without an answer stands in doubt at most.
#[derive(Clone, Default)]
pub struct Ledger(BTreeMap<String, Session>);

/// What was said of a session, named by its skey.
#[derive(Clone, Default)]
pub struct Session {
    /// The ids of the requests, and what the answers to them said.
    pub said: Vec<(String, State)>,
    /// Its end was asked for: until that is acknowledged, it may live or not.
    pub is_in_doubt: bool,
}

/// How a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its member's name is this number, which only grows.
    Alive(u32),
    Dead,
}

impl Ledger {
    pub fn write(&mut self, rid: &str, skey: &str, state: State) {
        self.0.entry(skey.to_owned()).or_default().said.push((rid.to_owned(), state));
    }

    /// To be called before the request is sent.
    pub fn ask_to_end(&mut self, skey: &str) {
        self.0.entry(skey.to_owned()).or_default().is_in_doubt = true;
    }

    pub fn sessions(&self) -> impl Iterator<Item = (&str, &Session)> {
        self.0.iter().map(|(skey, session)| (skey.as_str(), session))
    }

    /// The same sayings, when it is open whether what was asked for until `later` had happened.
    pub fn in_doubt_until(mut self, later: &Self) -> Self {
        for (skey, session) in &mut self.0 {
            session.is_in_doubt |= later.0.get(skey).is_some_and(|later| later.is_in_doubt);
        }
        self
    }

    /// How many sessions ended.
    pub fn dead(&self) -> usize {
        self.0.values().filter(|session| matches!(session.said.last(), Some((_, State::Dead)))).count()
    }
}

impl Session {
    /// Whether it may be found so when this was the last thing said.
    pub fn may_be(&self, found: State, last: Option<State>) -> bool {
        match (last, found) {
            (None, _) => true,
            (Some(State::Alive(_)), State::Dead) => self.is_in_doubt,
            (Some(State::Alive(said)), State::Alive(found)) => found >= said,
            (Some(State::Dead), found) => found == State::Dead,
        }
    }
}
