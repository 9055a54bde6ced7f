use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::model::{
    AvatarId, BindPhone, Bound, By, Effect, Export, FailedQuery, FailedRequest, FailedRow, Figures, HourCount,
    Identified, KeepAvatar, KeptToken, Login, LoginOutcome, Member, MemberId, NewSigningKey, Opening, OpeningId,
    Profile, Purged, Readiness, Received, Refresh, SealedKey, Session, SessionId, SessionRow, SigningKey, UnixSeconds,
    UsedProof, WechatEvent,
};
use crate::sqlite::pace::Pace;
use crate::sqlite::{
    SqliteStore, avatars, counts, erase, events, export, failed, keys, logins, members, meter, migrations, openings,
    proofs, purge, sessions, signing_keys, tokens,
};
use crate::store::Store;

#[async_trait]
impl Store for SqliteStore {
    async fn record_login(&self, login: Login) -> Result<LoginOutcome> {
        // Whoever waited for anything else first might be woken after those who came later.
        let (turn, ()) = tokio::join!(biased; self.turn.lock(), self.read_ahead(&login));
        self.index.settled().await;
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
