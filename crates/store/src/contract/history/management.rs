use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::Memory;
use crate::error::{Error, Result};
use crate::management::Management;
use crate::model::{ApiToken, By, Member, MemberId, UnixSeconds};

#[async_trait]
impl Management for Memory {
    async fn linked_members(&self, id: MemberId) -> Result<Vec<Member>> {
        Ok(self.state().people.linked(id))
    }

    async fn create_api_token(&self, token: ApiToken, _by: By) -> Result<()> {
        let mut state = self.state();
        match state.api_tokens.iter().find(|(known, _)| known.id == token.id) {
            Some((known, false)) if *known == token => Ok(()),
            Some(_) => Err(Error::Conflict("another token has this id")),
            None => {
                state.api_tokens.push((token, false));
                Ok(())
            }
        }
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        let state = self.state();
        let mut tokens: Vec<_> =
            state.api_tokens.iter().filter(|(_, revoked)| !revoked).map(|(token, _)| token.clone()).collect();
        tokens.sort_by_key(|token| (token.created_at, token.id));
        Ok(tokens)
    }

    async fn api_token(&self, id: Uuid) -> Result<Option<Arc<ApiToken>>> {
        Ok(self.api_tokens().await?.into_iter().find(|token| token.id == id).map(Arc::new))
    }

    async fn revoke_api_token(&self, id: Uuid, _by: By, _now: UnixSeconds) -> Result<bool> {
        let mut state = self.state();
        let token = state.api_tokens.iter_mut().find(|(token, revoked)| token.id == id && !revoked);
        Ok(token.map(|(_, revoked)| *revoked = true).is_some())
    }
}
