//! The server's public listener over a store that does nothing: what a login costs before it is kept.
//!
//! `bench-nostore ADDR APPID WECHAT_URL`. Every login is one of a known member, and nobody's session exists.

use std::error::Error as StdError;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::net::TcpListener;
use uuid::Uuid;
use wx_client::{Client, Credentials};
use wxgate_api::settings::Limits;
use wxgate_api::{App, Listener, Settings, StoredTokens, SystemClock};
use wxgate_crypto::Vault;
use wxgate_store::{
    ApiToken, AuditLine, AuditQuery, AvatarId, BindPhone, Bound, Bulk, By, ChangeMember, Changed, Error, Export,
    FailedQuery, FailedRequest, FailedRow, HourCount, KeepAvatar, KeptToken, LoggedIn, Login, LoginOutcome, Management,
    Member, MemberId, MemberQuery, NewSigningKey, Opening, OpeningId, Outbox, Page, PluginEntries, Profile, Purged,
    Readiness, Received, Refresh, Result, SealedKey, Session, SessionId, SessionRow, SigningKey, Status, Store,
    UnixSeconds, UsedProof, WechatEvent,
};

/// On one thread, as the server is on a single core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(appid), Some(base_url)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: bench-nostore ADDR APPID WECHAT_URL".into());
    };
    // As the server logs: a line for each login.
    tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::io::stderr).init();
    let listener = TcpListener::bind(address).await?;
    let vault = Arc::new(Vault::parse_key_file(&Vault::generate_key_file())?);
    let keep = Arc::new(StoredTokens::new(Arc::new(Nothing), vault.clone(), Arc::new(SystemClock)));
    let secret = SecretString::from("0123456789abcdef0123456789abcdef");
    let credentials = vec![Credentials { appid: appid.clone(), secret }];
    let wechat =
        Client::new(&wx_client::Settings { base_url, max_in_flight: 1024, ..Default::default() }, credentials, keep)?;
    let settings =
        Settings { limits: Limits { logins_per_minute: 0, requests_per_minute: 0 }, ..Settings::for_apps([appid]) };
    let app = App::new(settings, Arc::new(wechat), Arc::new(Nothing), vault, Arc::new(SystemClock));
    wxgate_api::serve(Listener::Tcp(listener), wxgate_api::public(&app), std::future::pending()).await;
    Ok(())
}

/// Keeps nothing.
struct Nothing;

fn nothing<T>() -> Result<T> {
    Err(Error::Conflict("nothing is kept here"))
}

impl Outbox for Nothing {}

impl PluginEntries for Nothing {}

impl Bulk for Nothing {}

#[async_trait]
impl Store for Nothing {
    async fn record_login(&self, login: Login) -> Result<LoginOutcome> {
        let member = Member {
            id: login.new_member_id,
            key: login.member,
            unionid: None,
            profile: Profile::default(),
            phone: None,
            status: Status::Active,
            note: None,
            attributes: "{}".to_owned(),
            created_at: login.now,
            last_login_at: login.now,
            updated_at: login.now,
            revision: 0,
        };
        Ok(LoginOutcome::Session(LoggedIn { member, is_new: false, ended: Vec::new() }))
    }

    async fn session(&self, _: SessionId) -> Result<Option<Session>> {
        Ok(None)
    }

    async fn touch_session(&self, _: SessionId, _: UnixSeconds, _: UnixSeconds) -> Result<()> {
        nothing()
    }

    async fn refresh_session(&self, _: Refresh) -> Result<bool> {
        nothing()
    }

    async fn end_session(&self, _: MemberId, _: SessionId, _: UnixSeconds) -> Result<bool> {
        nothing()
    }

    async fn end_sessions(&self, _: MemberId, _: UnixSeconds) -> Result<u64> {
        nothing()
    }

    async fn sessions(&self, _: MemberId, _: UnixSeconds) -> Result<Vec<SessionRow>> {
        nothing()
    }

    async fn session_keys(&self, _: MemberId, _: UnixSeconds) -> Result<Vec<SealedKey>> {
        nothing()
    }

    async fn member(&self, _: MemberId) -> Result<Option<Member>> {
        nothing()
    }

    async fn change_profile(&self, _: MemberId, _: Profile, _: UnixSeconds) -> Result<Option<Member>> {
        nothing()
    }

    async fn keep_avatar(&self, _: KeepAvatar) -> Result<Option<Member>> {
        nothing()
    }

    async fn avatar(&self, _: AvatarId) -> Result<Option<Vec<u8>>> {
        nothing()
    }

    async fn begin_opening(&self, _: [u8; 32], _: UnixSeconds) -> Result<Opening> {
        nothing()
    }

    async fn fail_opening(&self, _: OpeningId, _: &str) -> Result<()> {
        nothing()
    }

    async fn release_opening(&self, _: OpeningId) -> Result<()> {
        nothing()
    }

    async fn used_proof(&self, _: [u8; 32]) -> Result<Option<UsedProof>> {
        nothing()
    }

    async fn bind_phone(&self, _: BindPhone) -> Result<Bound> {
        nothing()
    }

    async fn erase_member(&self, _: MemberId, _: [u8; 32], _: By, _: UnixSeconds) -> Result<Option<Vec<SessionId>>> {
        nothing()
    }

    async fn export(&self, _: MemberId, _: [u8; 32], _: UnixSeconds) -> Result<Option<Export>> {
        nothing()
    }

    async fn receive_event(&self, _: WechatEvent) -> Result<Received> {
        nothing()
    }

    async fn access_token(&self, _: &str) -> Result<Option<KeptToken>> {
        Ok(None)
    }

    async fn keep_access_token(&self, _: &str, _: KeptToken) -> Result<()> {
        Ok(())
    }

    async fn forced_tokens(&self, _: &str, _: UnixSeconds) -> Result<Vec<UnixSeconds>> {
        Ok(Vec::new())
    }

    async fn note_forced_token(&self, _: &str, _: UnixSeconds, _: UnixSeconds) -> Result<()> {
        Ok(())
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        nothing()
    }

    async fn add_signing_key(&self, _: NewSigningKey, _: Option<i64>) -> Result<bool> {
        nothing()
    }

    async fn remove_signing_keys_before(&self, _: i64) -> Result<u64> {
        nothing()
    }

    async fn add_counts(&self, _: Vec<HourCount>) -> Result<()> {
        nothing()
    }

    async fn counts(&self, _: UnixSeconds, _: UnixSeconds) -> Result<Vec<HourCount>> {
        nothing()
    }

    async fn add_failed_requests(&self, _: Vec<FailedRequest>) -> Result<()> {
        nothing()
    }

    async fn failed_requests(&self, _: FailedQuery) -> Result<Vec<FailedRow>> {
        nothing()
    }

    async fn purge(&self, _: UnixSeconds, _: u32) -> Result<Purged> {
        nothing()
    }

    async fn ready(&self) -> Result<Readiness> {
        nothing()
    }
}

#[async_trait]
impl Management for Nothing {
    async fn members(&self, _: MemberQuery) -> Result<Page<Member>> {
        nothing()
    }

    async fn change_member(&self, _: ChangeMember) -> Result<Changed> {
        nothing()
    }

    async fn revoke_sessions(&self, _: MemberId, _: Option<SessionId>, _: By, _: UnixSeconds) -> Result<u64> {
        nothing()
    }

    async fn note_export(&self, _: MemberId, _: By, _: UnixSeconds) -> Result<bool> {
        nothing()
    }

    async fn audit(&self, _: AuditQuery) -> Result<Page<AuditLine>> {
        nothing()
    }

    async fn linked_members(&self, _: MemberId) -> Result<Vec<Member>> {
        nothing()
    }

    async fn create_api_token(&self, _: ApiToken, _: By) -> Result<()> {
        nothing()
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        nothing()
    }

    async fn api_token(&self, _: Uuid) -> Result<Option<Arc<ApiToken>>> {
        nothing()
    }

    async fn revoke_api_token(&self, _: Uuid, _: By, _: UnixSeconds) -> Result<bool> {
        nothing()
    }
}
