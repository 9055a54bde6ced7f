use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::model::{ApiToken, By, Member, MemberId, UnixSeconds};

/// What operators and the team's services do: part of every [`Store`](crate::Store), and under its rules.
///
/// Each write leaves a line in the audit that says who did it, from where and what, unless nothing came of it.
#[async_trait]
pub trait Management: Send + Sync + 'static {
    /// Who the same person is in other apps, as far as WeChat gave the same `unionid`; the oldest first.
    async fn linked_members(&self, id: MemberId) -> Result<Vec<Member>>;

    /// Adds an API token. Another one with the same id is [`Error::Conflict`](crate::Error::Conflict).
    async fn create_api_token(&self, token: ApiToken, by: By) -> Result<()>;

    /// The API tokens that are not revoked, oldest first.
    async fn api_tokens(&self) -> Result<Vec<ApiToken>>;

    /// The API token, unless it is revoked; expired or not.
    async fn api_token(&self, id: Uuid) -> Result<Option<Arc<ApiToken>>>;

    /// Revokes an API token. `true` if there was one that was not.
    async fn revoke_api_token(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool>;
}
