use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::management::Management;
use crate::model::{
    ApiToken, AuditLine, AuditQuery, By, ChangeMember, Changed, Member, MemberId, MemberQuery, Page, SessionId,
    UnixSeconds,
};
use crate::sqlite::page::LOOKED_AT;
use crate::sqlite::writer::Tx;
use crate::sqlite::{SqliteStore, audit, manage, members, search, tokens};

#[async_trait]
impl Management for SqliteStore {
    async fn members(&self, query: MemberQuery) -> Result<Page<Member>> {
        self.read(move |conn| search::page(conn, &query, LOOKED_AT)).await
    }

    async fn linked_members(&self, id: MemberId) -> Result<Vec<Member>> {
        self.read(move |conn| members::linked(conn, id)).await
    }

    async fn change_member(&self, change: ChangeMember) -> Result<Changed> {
        // Note and attributes may hold anything about a person: what they said before must not be found any more.
        self.write_and_scrub(move |tx| manage::change(tx, &change)).await
    }

    async fn revoke_sessions(
        &self,
        member: MemberId,
        only: Option<SessionId>,
        by: By,
        now: UnixSeconds,
    ) -> Result<u64> {
        self.index.settled().await;
        self.write_urgently(move |tx| manage::revoke_sessions(tx, member, only, &by, now)).await
    }

    async fn note_export(&self, member: MemberId, by: By, now: UnixSeconds) -> Result<bool> {
        let note = move |tx: &Tx<'_>| manage::note_export(tx, member, &by, now);
        if by == By::MEMBER { self.write(note).await } else { self.write_urgently(note).await }
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
            None => self.read_few(move |conn| Ok(tokens::by_id(conn, id)?.map(Arc::new))).await,
        }
    }

    async fn revoke_api_token(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool> {
        self.write_urgently(move |tx| tokens::revoke(tx, id, &by, now)).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Page<AuditLine>> {
        self.read(move |conn| audit::page(conn, &query, LOOKED_AT)).await
    }
}
