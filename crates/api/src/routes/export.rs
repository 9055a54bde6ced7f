//! `GET /v1/me/export`

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use warp::Filter;
use wxgate_crypto::Purpose;
use wxgate_store::{By, EventRow, Export, ExportedProof, FailedRow, FailureRow, Member, MemberKey};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, respond, with};
use crate::member_record::FullRecord;
use crate::phone_answer::PhoneAnswer;
use crate::phone_number::PhoneNumber;
use crate::picture::MEDIA_TYPE;
use crate::session_record::SessionRecord;

/// Everything held about the person. Numbers are whole here: they are the person's own.
#[derive(Serialize)]
pub struct ExportReply {
    member: ExportedMember,
    sessions: Vec<SessionRecord>,
    /// When each kept session_key was obtained; the keys themselves are WeChat's secret, not the person's data.
    session_keys_obtained_at: Vec<i64>,
    audit: Vec<ExportedAudit>,
    failures: Vec<ExportedFailure>,
    failed_requests: Vec<ExportedFailedRequest>,
    phone_proofs: Vec<ExportedPhoneProof>,
    wechat_events: Vec<ExportedEvent>,
    avatar: Option<ExportedAvatar>,
    /// What plugins keep about the person.
    plugin_entries: Vec<ExportedEntry>,
}

#[derive(Serialize)]
struct ExportedMember {
    #[serde(flatten)]
    record: FullRecord,
    phone_info: Option<PhoneNumber>,
}

/// The uploaded picture.
#[derive(Serialize)]
struct ExportedAvatar {
    media_type: &'static str,
    /// Base64.
    picture: String,
    kept_at: i64,
}

#[derive(Serialize)]
struct ExportedAudit {
    at: i64,
    actor: String,
    action: String,
    /// What changed by it.
    detail: Option<Box<RawValue>>,
}

/// A try at opening a payload that failed or is under way.
#[derive(Serialize)]
struct ExportedFailure {
    began_at: i64,
    cause: Option<String>,
}

/// A request that failed. Of why a payload did not open, no more is said than among the tries.
#[derive(Serialize)]
struct ExportedFailedRequest {
    at: i64,
    kind: String,
    cause: String,
    errcode: Option<i64>,
    rid: Option<String>,
}

/// A proof of a phone number that is remembered, so that it proves nothing twice.
#[derive(Serialize)]
struct ExportedPhoneProof {
    session_id: String,
    phone_info: Option<PhoneNumber>,
    usable_until: i64,
}

/// What WeChat's message push said of the person.
#[derive(Serialize)]
struct ExportedEvent {
    event: String,
    happened_at: i64,
    received_at: i64,
    content: Option<Box<RawValue>>,
}

/// Something that a plugin keeps.
#[derive(Serialize)]
struct ExportedEntry {
    plugin: String,
    key: String,
    /// As the plugin wrote it; null if it was sealed under a lost key file.
    value: Option<Box<RawValue>>,
    expires_at: Option<i64>,
}

/// `GET /v1/me/export`: 200 [`ExportReply`], 401, 403, 429, 503.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "me" / "export")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|app: Arc<App>, info: RequestInfo| async move { export(&app, &info).await })
        .map(respond)
        .boxed()
}

/// The audit has a line before anything is given out: a stolen skey's doing as well.
async fn export(app: &App, info: &RequestInfo) -> Result<ExportReply, ApiError> {
    let member = app.authenticate(info).await?.member;
    app.export_limit.check_key(member.id.0.as_u128())?;
    if !app.store.note_export(member.id, By::MEMBER, app.clock.now()).await? {
        return Err(ApiError::Unauthorized);
    }
    app.export_of(&member).await?.ok_or(ApiError::Unauthorized)
}

impl App {
    /// Everything held about a member; `None` when they are gone.
    ///
    /// # Errors
    /// As of any read.
    pub(crate) async fn export_of(&self, member: &Member) -> Result<Option<ExportReply>, ApiError> {
        let pseudonym = self.vault.pseudonym(&member.key.appid, &member.key.openid);
        // What waits to be written is held as well.
        self.results.failed.write(self.store.as_ref(), self.clock.now(), false).await;
        let held = self.store.export(member.id, pseudonym, self.clock.now()).await?;
        held.map(|held| self.exported(held)).transpose()
    }

    fn exported(&self, held: Export) -> Result<ExportReply, ApiError> {
        let phone_info = self.phone_of(&held.member);
        let proof = |proof: ExportedProof| ExportedPhoneProof {
            session_id: proof.session.to_string(),
            phone_info: PhoneAnswer::open(&self.vault, &held.member.key, &proof.sealed_answer)
                .ok()
                .map(PhoneAnswer::into_number),
            usable_until: proof.usable_until.0,
        };
        let phone_proofs = held.proofs.into_iter().map(proof).collect();
        let event = |event: EventRow| ExportedEvent {
            content: self.event_content(&held.member.key, event.sealed_content.as_deref()),
            event: event.event,
            happened_at: event.happened_at.0,
            received_at: event.received_at.0,
        };
        let wechat_events = held.events.into_iter().map(event).collect();
        let failure = |row: FailureRow| ExportedFailure { began_at: row.began_at.0, cause: row.cause };
        let failures = held.failures.into_iter().map(failure).collect();
        let failed = |row: FailedRow| ExportedFailedRequest {
            at: row.failed.happened_at.0,
            kind: row.failed.kind,
            cause: row.failed.cause,
            errcode: row.failed.errcode,
            rid: row.failed.rid,
        };
        let failed_requests = held.failed_requests.into_iter().map(failed).collect();
        let member = ExportedMember { record: self.full_record(held.member)?, phone_info };
        let audit = |row: wxgate_store::AuditRow| ExportedAudit {
            at: row.at.0,
            actor: row.actor,
            action: row.action,
            detail: row.detail.and_then(|detail| RawValue::from_string(detail).ok()),
        };
        let avatar = |avatar: wxgate_store::Avatar| ExportedAvatar {
            media_type: MEDIA_TYPE,
            picture: STANDARD.encode(avatar.picture),
            kept_at: avatar.kept_at.0,
        };
        let entry = |wxgate_store::ExportedEntry { plugin, entry }: wxgate_store::ExportedEntry| ExportedEntry {
            value: self.entry_value(&plugin, &entry).ok().and_then(|text| serde_json::from_slice(&text).ok()),
            plugin,
            key: entry.key,
            expires_at: entry.expires_at.map(|at| at.0),
        };
        Ok(ExportReply {
            member,
            sessions: held.sessions.into_iter().map(SessionRecord::from).collect(),
            session_keys_obtained_at: held.session_keys_obtained_at.into_iter().map(|at| at.0).collect(),
            audit: held.audit.into_iter().map(audit).collect(),
            failures,
            failed_requests,
            phone_proofs,
            wechat_events,
            avatar: held.avatar.map(avatar),
            plugin_entries: held.plugin_entries.into_iter().map(entry).collect(),
        })
    }

    /// What a kept event said. One that was sealed under a lost key file is as good as none.
    fn event_content(&self, owner: &MemberKey, sealed: Option<&[u8]>) -> Option<Box<RawValue>> {
        let text = self.vault.open(Purpose::Event, &owner.appid, &owner.openid, sealed?).ok()?;
        serde_json::from_slice(&text).ok()
    }
}
