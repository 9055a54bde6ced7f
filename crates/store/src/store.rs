use async_trait::async_trait;

use crate::bulk::Bulk;
use crate::error::Result;
use crate::management::Management;
use crate::model::{
    AvatarId, BindPhone, Bound, By, Export, FailedQuery, FailedRequest, FailedRow, Figures, HourCount, Identified,
    KeepAvatar, KeptToken, Login, LoginOutcome, Member, MemberId, NewSigningKey, Opening, OpeningId, Profile, Purged,
    Readiness, Received, Refresh, SealedKey, Session, SessionId, SessionRow, SigningKey, UnixSeconds, UsedProof,
    WechatEvent,
};
use crate::outbox::Outbox;
use crate::plugin_entries::PluginEntries;

/// Where members and sessions are kept.
///
/// One method is one intent and one transaction: it happens whole or not at all, and when a write answers `Ok` it is
/// durable and every later read sees it. A write that is repeated does no harm, unless it says so. A caller that stops waiting changes
/// nothing. Time is the caller's: a store asks no clock.
///
/// A session is *live* at `now` while both its `expires_at` and its `ends_at` are later.
///
/// # Errors
/// Any method may fail as [`Error`](crate::Error) says; what is not there is `None`, `false` or 0.
#[async_trait]
pub trait Store: Management + Outbox + PluginEntries + Bulk {
    /// Opens a session for a member, who is made if unknown.
    ///
    /// A `unionid` is taken when there was none and never replaced: that another one came is said in the audit, as
    /// `unionid.conflict`, once a day. Of the profile, the given fields are replaced.
    /// `last_login_at` moves once a day. The `session_key` joins those of earlier logins (see
    /// [`session_keys`](Self::session_keys)). Above `max_sessions` live sessions, those with the smallest ids end.
    async fn record_login(&self, login: Login) -> Result<LoginOutcome>;

    /// Who a session is of that is live at `now` and whose skey has this hash, without waiting for anything: what
    /// [`session`](Self::session) would say, as far as a check needs it. A store that has it at hand only sometimes, or
    /// never, says [`Identified::Ask`]. The hash is compared in constant time; of a store in memory, at least its first
    /// 128 bits are.
    fn identify(&self, _id: SessionId, _skey_hash: &[u8; 32], _now: UnixSeconds) -> Identified {
        Identified::Ask
    }

    /// The session as stored, whether it expired or its member is blocked: the caller judges.
    async fn session(&self, id: SessionId) -> Result<Option<Session>>;

    /// Records a use. A session that was not live at `seen_at`, or was seen later, stays as it is.
    async fn touch_session(&self, id: SessionId, seen_at: UnixSeconds, expires_at: UnixSeconds) -> Result<()>;

    /// Replaces the hash of a session that is live at `seen_at` and has the old one. `true` if the new one stands.
    async fn refresh_session(&self, refresh: Refresh) -> Result<bool>;

    /// Ends one session of a member. `true` if it was theirs and live.
    async fn end_session(&self, member: MemberId, id: SessionId, now: UnixSeconds) -> Result<bool>;

    /// Ends all sessions of a member; how many were live.
    async fn end_sessions(&self, member: MemberId, now: UnixSeconds) -> Result<u64>;

    /// The member's live sessions, newest first.
    async fn sessions(&self, member: MemberId, now: UnixSeconds) -> Result<Vec<SessionRow>>;

    /// The member's session keys, newest first: the newest, and of the last 10 minutes at most 3 in all.
    async fn session_keys(&self, member: MemberId, now: UnixSeconds) -> Result<Vec<SealedKey>>;

    /// The member.
    async fn member(&self, id: MemberId) -> Result<Option<Member>>;

    /// Replaces the given fields; the member afterwards.
    async fn change_profile(&self, member: MemberId, profile: Profile, now: UnixSeconds) -> Result<Option<Member>>;

    /// Keeps a picture of a member in place of the one before, and says in their profile where it is; the member afterwards.
    /// It goes as soon as the profile's `avatar_url` says anything else, whatever the cause, and with the member.
    async fn keep_avatar(&self, keep: KeepAvatar) -> Result<Option<Member>>;

    /// The picture with this id.
    async fn avatar(&self, id: AvatarId) -> Result<Option<Vec<u8>>>;

    /// Reserves one try at opening a payload for `subject`, unless 5 of the last 10 minutes or 20 of the last day are
    /// under way or failed. Counting and reserving are one step. Those under way when a process ends count no more.
    async fn begin_opening(&self, subject: [u8; 32], now: UnixSeconds) -> Result<Opening>;

    /// The try failed for this cause: it goes on counting.
    async fn fail_opening(&self, id: OpeningId, cause: &str) -> Result<()>;

    /// The try succeeded, or failed through no fault of the member: it no longer counts. One that failed stays so.
    async fn release_opening(&self, id: OpeningId) -> Result<()>;

    /// The proof with this SHA-256, if it was accepted before and is not purged.
    async fn used_proof(&self, digest: [u8; 32]) -> Result<Option<UsedProof>>;

    /// Binds a number to a member, remembers its proof and releases the try.
    ///
    /// A proof is accepted once. For the number that is bound already, `trust` never falls and `bound_at` stays;
    /// another one replaces it only with `may_replace`, and leaves `phone.changed` in the audit. A number decides about
    /// no other member. The session must still be there: what ended meanwhile binds nothing.
    async fn bind_phone(&self, bind: BindPhone) -> Result<Bound>;

    /// Erases a member and all of theirs, from the file's free space too. What stays is that someone known by
    /// `pseudonym` was erased. The ids of all sessions that ended so, expired ones too.
    async fn erase_member(
        &self,
        member: MemberId,
        pseudonym: [u8; 32],
        by: By,
        now: UnixSeconds,
    ) -> Result<Option<Vec<SessionId>>>;

    /// Everything that is held about a member, who is known by `pseudonym` where no personal data may stand.
    async fn export(&self, member: MemberId, pseudonym: [u8; 32], now: UnixSeconds) -> Result<Option<Export>>;

    /// Keeps what WeChat's message push said, with what it does to the member it is about: once, however often it is
    /// delivered. Of an effect, the audit has a line without personal data. What it takes leaves the file's free space too.
    /// Nothing that names somebody who was erased is kept, unless they came back.
    async fn receive_event(&self, event: WechatEvent) -> Result<Received>;

    /// The kept `access_token` of an app, expired or not.
    async fn access_token(&self, appid: &str) -> Result<Option<KeptToken>>;

    /// Keeps an app's `access_token` in place of the one before.
    async fn keep_access_token(&self, appid: &str, token: KeptToken) -> Result<()>;

    /// When new `access_token`s of an app were forced, later than `since`; the oldest first.
    async fn forced_tokens(&self, appid: &str, since: UnixSeconds) -> Result<Vec<UnixSeconds>>;

    /// Remembers that one was forced `at`, and forgets those that were not later than `since`.
    async fn note_forced_token(&self, appid: &str, at: UnixSeconds, since: UnixSeconds) -> Result<()>;

    /// The keys that sign our tokens, oldest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKey>>;

    /// Adds a key that signs our tokens, behind the one numbered `after`; `None` is behind no other. `false`, and nothing is
    /// added, if that is not the newest any more.
    async fn add_signing_key(&self, key: NewSigningKey, after: Option<i64>) -> Result<bool>;

    /// Removes the keys with a smaller number; how many they were.
    async fn remove_signing_keys_before(&self, number: i64) -> Result<u64>;

    /// Adds to what is counted in each hour. To repeat it does harm: it adds.
    async fn add_counts(&self, counts: Vec<HourCount>) -> Result<()>;

    /// What was counted in the hours that begin in `from..to`, the oldest first.
    async fn counts(&self, from: UnixSeconds, to: UnixSeconds) -> Result<Vec<HourCount>>;

    /// Keeps requests that failed, the newest 10,000 for 30 days. They go with their member. To repeat it does harm: it adds.
    async fn add_failed_requests(&self, failed: Vec<FailedRequest>) -> Result<()>;

    /// The requests that failed, as far as they are asked for.
    async fn failed_requests(&self, query: FailedQuery) -> Result<Vec<FailedRow>>;

    /// How it stands, as far as it is known. Touches no row.
    fn figures(&self) -> Figures {
        Figures::default()
    }

    /// Deletes sessions that are not live, `session_keys` that are of no more use, failures older than a day, proofs
    /// past `usable_until`, events and failed requests older than 30 days, what is known of pushes older than 10 minutes,
    /// lines of the audit older than 180 days, counts older than 800 and what plugins kept until now: at most `limit` of
    /// each, or fewer, so that other writes need not wait long. `more` says whether another slice is due.
    async fn purge(&self, now: UnixSeconds, limit: u32) -> Result<Purged>;

    /// Writes and reads.
    async fn ready(&self) -> Result<Readiness>;
}
