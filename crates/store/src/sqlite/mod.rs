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
mod management;
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
mod upgrade;
mod webhooks;
mod writer;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::Connection;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::feed::Listener;
use crate::model::{
    Attempt, AvatarId, BindPhone, Bound, By, DeliveryFilter, DeliveryId, DeliveryRow, Due, Effect, EventTypes, Export,
    FailedQuery, FailedRequest, FailedRow, Figures, HourCount, Identified, KeepAvatar, KeptToken, Login, LoginOutcome,
    Member, MemberId, NewSigningKey, Opening, OpeningId, PluginEntry, Profile, Purged, Readiness, Received, Refresh,
    SealedKey, Session, SessionId, SessionRow, SigningKey, UnixSeconds, UsedProof, Webhook, WebhookChange, WechatEvent,
};
use crate::outbox::Outbox;
use crate::plugin_entries::PluginEntries;
use crate::store::Store;
pub use examine::{Examined, examine, schema_version, sqlite_version};
pub use files::Lock;
use index::Index;
use meter::{Meter, Sizes};
use pace::Pace;
use readers::Readers;
pub use snapshot::{Sealed, SealedWhat, Snapshot};
use upgrade::Kept;
use writer::Writer;

/// The schema that this program is written for: the number of its newest migration.
pub const LATEST_SCHEMA: u32 = migrations::LATEST;

/// A [`Store`] in one SQLite file.
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

    /// Waits for the index, and has the system take what the writer will read into its memory, if it may not be there: at the
    /// writer all wait for each other, here nobody does.
    async fn read_ahead(&self, login: &Login) {
        self.index.settled().await;
        if self.readers.expect_the_disk() {
            let (index, member, most) = (Arc::clone(&self.index), login.member.clone(), login.max_sessions);
            // What is wrong here the writer finds as well.
            let _ = self.readers.read_few(move |conn| logins::read_ahead(conn, &index, &member, most)).await;
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

#[async_trait]
impl Store for SqliteStore {
    async fn record_login(&self, login: Login) -> Result<LoginOutcome> {
        let (turn, ()) = tokio::join!(biased; self.turn.lock(), self.read_ahead(&login));
        let recorded = self.writer.queue(move |tx| logins::record(tx, &login))?;
        drop(turn);
        recorded.await
    }

    fn identify(&self, id: SessionId, skey_hash: &[u8; 32], now: UnixSeconds) -> Identified {
        self.index.identify(id, skey_hash, now)
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>> {
        self.read_few(move |conn| sessions::by_id(conn, id)).await
    }

    async fn touch_session(&self, id: SessionId, seen_at: UnixSeconds, expires_at: UnixSeconds) -> Result<()> {
        self.write(move |tx| sessions::touch(tx, id, seen_at, expires_at)).await
    }

    async fn refresh_session(&self, refresh: Refresh) -> Result<bool> {
        self.write(move |tx| sessions::refresh(tx, &refresh)).await
    }

    async fn end_session(&self, member: MemberId, id: SessionId, now: UnixSeconds) -> Result<bool> {
        self.write_urgently(move |tx| sessions::end(tx, member, id, now)).await
    }

    async fn end_sessions(&self, member: MemberId, now: UnixSeconds) -> Result<u64> {
        self.index.settled().await;
        self.write_urgently(move |tx| sessions::end_all(tx, member, now)).await
    }

    async fn sessions(&self, member: MemberId, now: UnixSeconds) -> Result<Vec<SessionRow>> {
        self.read_with_index(move |conn, index| sessions::live(conn, index, member, now)).await
    }

    async fn session_keys(&self, member: MemberId, now: UnixSeconds) -> Result<Vec<SealedKey>> {
        self.index.settled().await;
        let index = Arc::clone(&self.index);
        self.read_few(move |conn| keys::of_member(conn, &index, member, now)).await
    }

    async fn member(&self, id: MemberId) -> Result<Option<Member>> {
        self.read_few(move |conn| members::by_id(conn, id)).await
    }

    async fn change_profile(&self, member: MemberId, profile: Profile, now: UnixSeconds) -> Result<Option<Member>> {
        self.write(move |tx| members::change_profile(tx, member, &profile, now)).await
    }

    async fn keep_avatar(&self, keep: KeepAvatar) -> Result<Option<Member>> {
        self.write(move |tx| avatars::keep(tx, &keep)).await
    }

    async fn avatar(&self, id: AvatarId) -> Result<Option<Vec<u8>>> {
        self.read(move |conn| avatars::picture(conn, id)).await
    }

    async fn begin_opening(&self, subject: [u8; 32], now: UnixSeconds) -> Result<Opening> {
        self.write(move |tx| openings::begin(tx, &subject, now)).await
    }

    async fn fail_opening(&self, id: OpeningId, cause: &str) -> Result<()> {
        let cause = cause.to_owned();
        self.write(move |tx| openings::fail(tx, id, &cause)).await
    }

    async fn release_opening(&self, id: OpeningId) -> Result<()> {
        self.write(move |tx| openings::release(tx, id)).await
    }

    async fn used_proof(&self, digest: [u8; 32]) -> Result<Option<UsedProof>> {
        self.read_few(move |conn| proofs::by_digest(conn, &digest)).await
    }

    async fn bind_phone(&self, bind: BindPhone) -> Result<Bound> {
        self.write(move |tx| proofs::bind_phone(tx, &bind)).await
    }

    async fn erase_member(
        &self,
        member: MemberId,
        pseudonym: [u8; 32],
        by: By,
        now: UnixSeconds,
    ) -> Result<Option<Vec<SessionId>>> {
        self.index.settled().await;
        self.write_and_scrub(move |tx| erase::member(tx, member, &pseudonym, &by, now)).await
    }

    async fn export(&self, member: MemberId, pseudonym: [u8; 32], now: UnixSeconds) -> Result<Option<Export>> {
        self.read_with_index(move |conn, index| export::member(conn, index, member, &pseudonym, now)).await
    }

    async fn receive_event(&self, event: WechatEvent) -> Result<Received> {
        self.index.settled().await;
        if event.effect == Effect::Keep {
            return self.write(move |tx| events::receive(tx, &event)).await;
        }
        self.write_and_scrub(move |tx| events::receive(tx, &event)).await
    }

    async fn access_token(&self, appid: &str) -> Result<Option<KeptToken>> {
        let appid = appid.to_owned();
        self.read(move |conn| tokens::access_token(conn, &appid)).await
    }

    async fn keep_access_token(&self, appid: &str, token: KeptToken) -> Result<()> {
        let appid = appid.to_owned();
        self.write(move |tx| tokens::keep_access_token(tx, &appid, &token)).await
    }

    async fn forced_tokens(&self, appid: &str, since: UnixSeconds) -> Result<Vec<UnixSeconds>> {
        let appid = appid.to_owned();
        self.read(move |conn| tokens::forced(conn, &appid, since)).await
    }

    async fn note_forced_token(&self, appid: &str, at: UnixSeconds, since: UnixSeconds) -> Result<()> {
        let appid = appid.to_owned();
        self.write(move |tx| tokens::note_forced(tx, &appid, at, since)).await
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        self.read(signing_keys::all).await
    }

    async fn add_signing_key(&self, key: NewSigningKey, after: Option<i64>) -> Result<bool> {
        self.write(move |tx| signing_keys::add(tx, &key, after)).await
    }

    async fn remove_signing_keys_before(&self, number: i64) -> Result<u64> {
        self.write(move |tx| signing_keys::remove_before(tx, number)).await
    }

    async fn add_counts(&self, counts: Vec<HourCount>) -> Result<()> {
        self.write(move |tx| counts::add(tx, &counts)).await
    }

    async fn counts(&self, from: UnixSeconds, to: UnixSeconds) -> Result<Vec<HourCount>> {
        self.read(move |conn| counts::between(conn, from, to)).await
    }

    async fn add_failed_requests(&self, failed: Vec<FailedRequest>) -> Result<()> {
        self.write(move |tx| failed::add(tx, &failed)).await
    }

    async fn failed_requests(&self, query: FailedQuery) -> Result<Vec<FailedRow>> {
        self.read(move |conn| failed::list(conn, &query)).await
    }

    fn figures(&self) -> Figures {
        let (meter::Writes { batches, commits, rolled_back, in_doubt }, [database_bytes, log_bytes]) =
            (self.meter.writes(), self.sizes.bytes());
        let [waiting, queue] = self.writer.waiting();
        let (sessions, free_bytes) = (self.index.count(), self.sizes.free_bytes());
        Figures {
            sessions,
            waiting,
            queue,
            log_bytes,
            database_bytes,
            free_bytes,
            batches,
            commits,
            rolled_back,
            in_doubt,
        }
    }

    async fn purge(&self, now: UnixSeconds, limit: u32) -> Result<Purged> {
        self.index.settled().await;
        let index = Arc::clone(&self.index);
        let snapshots = Arc::clone(&self.snapshots);
        let due = tokio::task::spawn_blocking(move || {
            snapshots.forget_old(now);
            let most = Pace::new(limit, &Duration::default).limit as usize;
            purge::Due { expired: index.expired(now, most), loose: index.take_loose(most) }
        });
        let due = due.await.map_err(|error| Error::Internal(error.into()))?;
        let again = due.loose.clone();
        let slice = self.write_urgently(move |tx| {
            let begun = Instant::now();
            purge::slice(tx, &due, now, &Pace::new(limit, &|| begun.elapsed()))
        });
        let slice = slice.await;
        self.index.put_back_loose(slice.as_ref().map_or(again, |slice| slice.kept.clone()));
        if let Ok(purge::Slice { unreached: Some(first), .. }) = &slice {
            self.index.look_from(*first);
        }
        slice.map(|slice| slice.purged)
    }

    async fn ready(&self) -> Result<Readiness> {
        self.write(|tx| migrations::probe(tx)).await?;
        self.read(|conn| migrations::version(conn).map(|schema_version| Readiness { schema_version })).await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    fn listen(&self, kinds: EventTypes) -> Option<Listener> {
        Some(self.index.feed().listen(kinds))
    }

    async fn create_webhook(&self, webhook: Webhook, by: By) -> Result<bool> {
        self.write(move |tx| webhooks::create(tx, &webhook, by)).await
    }

    async fn webhooks(&self) -> Result<Vec<Webhook>> {
        self.read(webhooks::all).await
    }

    async fn webhook(&self, id: Uuid) -> Result<Option<Webhook>> {
        self.read(move |conn| webhooks::by_id(conn, id)).await
    }

    async fn change_webhook(
        &self,
        id: Uuid,
        change: WebhookChange,
        by: By,
        now: UnixSeconds,
    ) -> Result<Option<Webhook>> {
        self.write(move |tx| webhooks::change(tx, id, &change, by, now)).await
    }

    async fn delete_webhook(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool> {
        self.write_urgently(move |tx| webhooks::delete(tx, id, by, now)).await
    }

    async fn due_deliveries(&self, now: UnixSeconds, each: u32) -> Result<Due> {
        self.read(move |conn| deliveries::due(conn, now, each)).await
    }

    async fn deliveries_changed(&self) {
        self.index.feed().due().await;
    }

    async fn settle_delivery(&self, id: DeliveryId, attempt: Attempt) -> Result<()> {
        self.write(move |tx| deliveries::settle(tx, id, &attempt)).await
    }

    async fn deliveries(&self, filter: DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>> {
        self.read(move |conn| deliveries::list(conn, filter, limit)).await
    }

    async fn resend_delivery(&self, id: DeliveryId, by: By, now: UnixSeconds) -> Result<bool> {
        self.write(move |tx| deliveries::resend(tx, id, by, now)).await
    }

    async fn purge_deliveries(&self, now: UnixSeconds, limit: u32, most_waiting: u32) -> Result<bool> {
        let seen = self.read(move |conn| deliveries::survey(conn, most_waiting)).await?;
        let purge = self.write_urgently(move |tx| {
            let begun = Instant::now();
            deliveries::purge(tx, &seen, now, &Pace::new(limit, &|| begun.elapsed()))
        });
        purge.await
    }
}

#[async_trait]
impl PluginEntries for SqliteStore {
    async fn plugin_entry(&self, plugin: &str, key: &str, now: UnixSeconds) -> Result<Option<PluginEntry>> {
        let [plugin, key] = [plugin, key].map(str::to_owned);
        self.read_few(move |conn| plugin_entries::by_key(conn, &plugin, &key, now)).await
    }

    async fn plugin_entries(
        &self,
        plugin: &str,
        prefix: &str,
        after: &str,
        limit: u32,
        now: UnixSeconds,
    ) -> Result<Vec<PluginEntry>> {
        let [plugin, prefix, after] = [plugin, prefix, after].map(str::to_owned);
        self.read(move |conn| plugin_entries::range(conn, &plugin, &prefix, &after, limit, now)).await
    }

    async fn keep_plugin_entry(&self, plugin: &str, entry: PluginEntry) -> Result<bool> {
        let plugin = plugin.to_owned();
        self.write(move |tx| plugin_entries::keep(tx, &plugin, &entry)).await
    }

    async fn take_plugin_entry(&self, plugin: &str, key: &str, now: UnixSeconds) -> Result<Option<PluginEntry>> {
        let [plugin, key] = [plugin, key].map(str::to_owned);
        self.write_urgently(move |tx| plugin_entries::take(tx, &plugin, &key, now)).await
    }
}
