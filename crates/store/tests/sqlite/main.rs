//! What only files, threads and a second connection show.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and so do its helpers")]

mod audit;
mod concurrency;
mod erasure;
mod files;
mod logins;
mod snapshot;
mod upgrades;

use std::path::Path;

use tempfile::TempDir;
use uuid::Uuid;
use wxgate_store::{
    Error, LoggedIn, Login, LoginOutcome, MemberId, MemberKey, NewSession, SessionId, Settings, SqliteStore, Store,
    UnixSeconds,
};

const NOW: UnixSeconds = UnixSeconds(1_794_395_200);

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(&Settings::default(), dir).unwrap()
}

/// The sentence with which a store is refused.
fn refusal(opened: Result<SqliteStore, Error>) -> String {
    match opened.map(drop) {
        Err(Error::Refused(sentence)) => sentence,
        other => panic!("{other:?}"),
    }
}

/// A connection that knows nothing of the store's ways.
fn stranger(dir: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join("wxgate.db")).unwrap()
}

fn skey_hash(id: i64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&id.to_be_bytes());
    hash
}

fn login(openid: &str, id: i64) -> Login {
    Login {
        member: MemberKey { appid: "wx0000000000000001".to_owned(), openid: openid.to_owned() },
        new_member_id: MemberId(Uuid::now_v7()),
        unionid: None,
        sealed_key: vec![1; 64],
        profile: None,
        is_risky: false,
        session: NewSession {
            id: SessionId(id),
            skey_hash: skey_hash(id),
            expires_at: NOW + 604_800,
            ends_at: NOW + 2_592_000,
            user_agent: None,
        },
        max_sessions: 10,
        now: NOW,
    }
}

async fn log_in(store: &SqliteStore, login: Login) -> LoggedIn {
    match store.record_login(login).await.unwrap() {
        LoginOutcome::Session(logged_in) => logged_in,
        LoginOutcome::Blocked => panic!("blocked"),
    }
}
