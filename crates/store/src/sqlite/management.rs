use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::{SqliteStore, members, tokens};
use crate::error::Result;
use crate::management::Management;
use crate::model::{ApiToken, By, Member, MemberId, UnixSeconds};

#[async_trait]
impl Management for SqliteStore {
    async fn linked_members(&self, id: MemberId) -> Result<Vec<Member>> {
        self.read(move |conn| members::linked(conn, id)).await
    }

    async fn create_api_token(&self, token: ApiToken, by: By) -> Result<()> {
        self.write(move |tx| tokens::create(tx, &token, &by)).await
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        self.read(tokens::all).await
    }

    async fn api_token(&self, id: Uuid) -> Result<Option<Arc<ApiToken>>> {
        match self.index.api_token(id) {
            Some(token) => Ok(Some(token)),
            None => self.noticed(self.readers.at_once(|conn| Ok(tokens::by_id(conn, id)?.map(Arc::new)))).await,
        }
    }

    async fn revoke_api_token(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool> {
        self.write_urgently(move |tx| tokens::revoke(tx, id, &by, now)).await
    }
}
