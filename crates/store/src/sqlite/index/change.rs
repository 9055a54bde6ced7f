use uuid::Uuid;

use super::record::Person;
use super::sessions::Row;
use crate::model::{ApiToken, HASH_BYTES, SessionId};

/// What a write did to a session, a member or an API token, as it stands afterwards.
pub(in crate::sqlite) enum Change {
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
    pub(in crate::sqlite) fn replay(&self, owner: u32, rows: &mut Vec<(SessionId, Row)>) {
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
