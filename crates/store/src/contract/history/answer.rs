use crate::error::{Error, Result};
use crate::model::{Bound, Changed, LoginOutcome, Member, Opening, OpeningId, Received, SessionId, UsedProof};

/// What a store said to a step, in a form that can be compared.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Nothing,
    Flag(bool),
    Count(u64),
    Conflict,
    Login {
        member: Box<Member>,
        is_new: bool,
        ended: Vec<SessionId>,
    },
    Blocked,
    Member(Option<Box<Member>>),
    Spent {
        retry_after_seconds: i64,
    },
    Bound(Box<Member>),
    UsedBefore(UsedProof),
    LoginTooOld,
    Gone,
    Changed(Box<Changed>),
    Erased(Option<Vec<SessionId>>),
    Received(Received),
    /// How much of each kind.
    Purged([u64; 6]),
}

/// The value, or `None` for a conflict; panics at any other error.
fn settled<T>(result: Result<T>) -> Option<T> {
    match result {
        Err(Error::Conflict(_)) => None,
        other => Some(other.expect("a store that works")),
    }
}

impl From<Result<()>> for Answer {
    fn from(result: Result<()>) -> Self {
        settled(result).map_or(Self::Conflict, |()| Self::Nothing)
    }
}

impl From<Result<bool>> for Answer {
    fn from(result: Result<bool>) -> Self {
        settled(result).map_or(Self::Conflict, Self::Flag)
    }
}

impl From<Result<u64>> for Answer {
    fn from(result: Result<u64>) -> Self {
        settled(result).map_or(Self::Conflict, Self::Count)
    }
}

impl From<Result<LoginOutcome>> for Answer {
    fn from(result: Result<LoginOutcome>) -> Self {
        match settled(result) {
            None => Self::Conflict,
            Some(LoginOutcome::Blocked) => Self::Blocked,
            Some(LoginOutcome::Session(login)) => {
                Self::Login { member: Box::new(login.member), is_new: login.is_new, ended: sorted(login.ended) }
            }
        }
    }
}

impl From<Result<Option<Member>>> for Answer {
    fn from(result: Result<Option<Member>>) -> Self {
        settled(result).map_or(Self::Conflict, |member| Self::Member(member.map(Box::new)))
    }
}

impl From<Result<Bound>> for Answer {
    fn from(result: Result<Bound>) -> Self {
        match settled(result) {
            None => Self::Conflict,
            Some(Bound::Done(member)) => Self::Bound(Box::new(member)),
            Some(Bound::UsedBefore(proof)) => Self::UsedBefore(proof),
            Some(Bound::LoginTooOld) => Self::LoginTooOld,
            Some(Bound::Gone) => Self::Gone,
        }
    }
}

impl From<Result<Changed>> for Answer {
    fn from(result: Result<Changed>) -> Self {
        settled(result).map_or(Self::Conflict, |changed| Self::Changed(Box::new(changed)))
    }
}

impl From<Result<Received>> for Answer {
    fn from(result: Result<Received>) -> Self {
        settled(result).map_or(Self::Conflict, Self::Received)
    }
}

impl From<Result<Option<Vec<SessionId>>>> for Answer {
    fn from(result: Result<Option<Vec<SessionId>>>) -> Self {
        settled(result).map_or(Self::Conflict, |ended| Self::Erased(ended.map(sorted)))
    }
}

/// A try, each store naming it in its own way.
pub(super) fn opening(result: Result<Opening>) -> (Answer, Option<OpeningId>) {
    match result.expect("a store that works") {
        Opening::Granted(id) => (Answer::Nothing, Some(id)),
        Opening::Spent { retry_after_seconds } => (Answer::Spent { retry_after_seconds }, None),
    }
}

fn sorted(mut ids: Vec<SessionId>) -> Vec<SessionId> {
    ids.sort_unstable();
    ids
}
