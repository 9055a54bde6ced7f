//! A session as kept, for those who see all of it: the person themselves, and the team.

use serde::Serialize;
use wxgate_store::{SessionId, SessionRow};

/// What is kept of a session, but for its secret.
#[derive(Serialize)]
pub struct SessionRecord {
    id: SessionId,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    ends_at: i64,
    user_agent: Option<String>,
}

impl From<SessionRow> for SessionRecord {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at.0,
            last_seen_at: row.last_seen_at.0,
            expires_at: row.expires_at.0,
            ends_at: row.ends_at.0,
            user_agent: row.user_agent,
        }
    }
}
