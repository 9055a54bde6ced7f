use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::model::{
    ApiToken, AuditLine, AuditQuery, By, ChangeMember, Changed, Member, MemberId, MemberQuery, Page, SessionId,
    UnixSeconds,
};

/// What operators and the team's services do: part of every [`Store`](crate::Store), and under its rules.
///
/// Each write leaves a line in the audit that says who did it, from where and what, unless nothing came of it.
#[async_trait]
pub trait Management: Send + Sync + 'static {
    /// Some of the members, those who joined last first.
    async fn members(&self, query: MemberQuery) -> Result<Page<Member>>;

    /// Who the same person is in other apps, as far as WeChat gave the same `unionid`; the oldest first.
    async fn linked_members(&self, id: MemberId) -> Result<Vec<Member>>;

    /// Blocks a member or lets them in again, and replaces note and attributes. `revision` grows by one if that changes
    /// anything; the audit names the attributes that changed, and says `member.blocked`, `member.unblocked` or
    /// `member.changed`. What is replaced leaves the file's free space too. A blocked member's sessions stay.
    async fn change_member(&self, change: ChangeMember) -> Result<Changed>;

    /// Ends one session of a member, or all of them; how many were live.
    async fn revoke_sessions(&self, member: MemberId, only: Option<SessionId>, by: By, now: UnixSeconds)
    -> Result<u64>;

    /// Writes down that all that is held about a member is about to be given out, to them or to somebody else. `true` if
    /// there is one. What is left of a full disk is not for lines of [`By::MEMBER`], which people make as often as they like.
    async fn note_export(&self, member: MemberId, by: By, now: UnixSeconds) -> Result<bool>;

    /// Adds an API token. Another one with the same id is [`Error::Conflict`](crate::Error::Conflict).
    async fn create_api_token(&self, token: ApiToken, by: By) -> Result<()>;

    /// The API tokens that are not revoked, oldest first.
    async fn api_tokens(&self) -> Result<Vec<ApiToken>>;

    /// The API token, unless it is revoked; expired or not.
    async fn api_token(&self, id: Uuid) -> Result<Option<Arc<ApiToken>>>;

    /// Revokes an API token. `true` if there was one that was not.
    async fn revoke_api_token(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool>;

    /// Some lines of the audit, newest first. A line is kept for 180 days and never changes, but that an erased member's
    /// id and the names of their attributes go.
    async fn audit(&self, query: AuditQuery) -> Result<Page<AuditLine>>;
}
