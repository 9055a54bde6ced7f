//! The store in one SQLite file: one thread writes, a pool of connections reads.

mod audit;
mod avatars;
mod bulk;
mod columns;
mod counts;
mod deliveries;
mod erase;
mod events;
mod examine;
mod export;
mod failed;
mod failure;
mod files;
mod index;
mod journal;
mod keys;
mod logins;
mod manage;
mod members;
mod meter;
mod migrations;
mod open;
mod openings;
mod outbox;
mod pace;
mod page;
mod plugin_entries;
mod pragmas;
mod proofs;
mod purge;
mod readers;
mod reads;
mod reserve;
mod search;
mod sessions;
mod signing_keys;
mod snapshot;
mod tokens;
mod traits;
mod upgrade;
mod webhooks;
mod writer;

use std::future::Future;
use std::sync::Arc;

use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::model::Login;
pub use examine::{Examined, examine, schema_version, sqlite_version};
pub use files::Lock;
use index::Index;
use meter::{Meter, Sizes};
use readers::Readers;
pub use snapshot::{Sealed, SealedWhat, Snapshot};
use upgrade::Kept;
use writer::Writer;

/// The schema that this program is written for: the number of its newest migration.
pub const LATEST_SCHEMA: u32 = migrations::LATEST;

/// A [`Store`](crate::Store) in one SQLite file.
///
/// Writes wait in a bounded queue for one thread, which commits what it finds there together and answers when the
/// commit is on the disk. Dropping the store finishes the writes that wait.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    /// Logins come to the writer in the order in which they came here, however long the disk takes for each.
    turn: tokio::sync::Mutex<()>,
    index: Arc<Index>,
    meter: Arc<Meter>,
    sizes: Sizes,
    snapshots: Arc<Kept>,
}

impl SqliteStore {
    /// Resolves when the outcome of a write is unknown. The store takes no more writes then: the process should end
    /// (exit code 70) and start anew, so that what the disk has is read again.
    pub fn failed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.writer.failed()
    }

    /// Finishes the writes that wait, takes no more, and folds the write-ahead log into the database file.
    pub async fn close(&self) {
        self.writer.close().await;
    }

    async fn write<T: Send + 'static>(&self, intent: impl writer::Work<T>) -> Result<T> {
        self.writer.write(intent).await
    }

    /// For what ends or frees something: it goes on while the disk is full.
    async fn write_urgently<T: Send + 'static>(&self, intent: impl writer::Work<T>) -> Result<T> {
        self.writer.write_urgently(intent).await
    }

    /// For what must leave the file's free space and the log.
    async fn write_and_scrub<T: Send + 'static>(&self, intent: impl writer::Work<T>) -> Result<T> {
        self.writer.write_and_scrub(intent).await
    }

    /// Waits until whose rows are whose is known; then reads.
    async fn read_with_index<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection, &Index) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.index.settled().await;
        let index = Arc::clone(&self.index);
        self.read(move |conn| query(conn, &index)).await
    }

    async fn read<T: Send + 'static>(&self, query: impl readers::Query<T>) -> Result<T> {
        let read = self.readers.read(query).await;
        self.noticed(read).await
    }

    /// The same of what takes microseconds.
    async fn read_few<T: Send + 'static>(&self, query: impl readers::Query<T>) -> Result<T> {
        let read = self.readers.read_few(query).await;
        self.noticed(read).await
    }

    /// Has the system take what the writer will read into its memory, if it may not be there: at the writer all wait for each
    /// other, here nobody does.
    async fn read_ahead(&self, login: &Login) {
        if self.readers.expect_the_disk() {
            let (index, member, most) = (Arc::clone(&self.index), login.member.clone(), login.max_sessions);
            // What is wrong here the writer finds as well.
            let _ = self.readers.read_apart(move |conn| logins::read_ahead(conn, &index, &member, most)).await;
        }
    }

    /// Damage that a reader finds is the writer's as well: it fails by it.
    async fn noticed<T>(&self, read: Result<T>) -> Result<T> {
        if let Err(Error::Internal(cause)) = &read
            && cause.downcast_ref().is_some_and(failure::is_damage)
        {
            let _ = self.write(|_| Err::<(), _>(failure::damage())).await;
        }
        read
    }
}
