use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Memory;
use crate::error::{Error, Result};
use crate::management::Management;
use crate::model::{
    ApiToken, AuditLine, AuditQuery, By, ChangeMember, Changed, Member, MemberId, MemberQuery, Page, SessionId, Status,
    UnixSeconds,
};
use crate::store::Store;

#[async_trait]
impl Management for Memory {
    async fn members(&self, query: MemberQuery) -> Result<Page<Member>> {
        Ok(self.state().people.page(&query))
    }

    async fn linked_members(&self, id: MemberId) -> Result<Vec<Member>> {
        Ok(self.state().people.linked(id))
    }

    async fn change_member(&self, change: ChangeMember) -> Result<Changed> {
        let mut state = self.state();
        let log = state.people.log.clone();
        let Some(person) = state.people.get_mut(change.member) else { return Ok(Changed::Gone) };
        let before = person.member.clone();
        if change.revision.is_some_and(|revision| revision != before.revision) {
            return Ok(Changed::Stale);
        }
        let member = &mut person.member;
        member.status = change.status.unwrap_or(before.status);
        if let Some(note) = change.note {
            member.note = Some(note).filter(|note| !note.is_empty());
        }
        if let Some(attributes) = change.attributes {
            member.attributes = attributes;
        }
        if *member != before {
            member.revision += 1;
            member.updated_at = change.now;
            let (action, detail) = said_of(&before, member);
            log.write(change.now, change.by, action, Some(member.id), Some(&detail));
        }
        Ok(Changed::Done(member.clone()))
    }

    async fn revoke_sessions(
        &self,
        member: MemberId,
        only: Option<SessionId>,
        by: By,
        now: UnixSeconds,
    ) -> Result<u64> {
        let (ended, action, detail) = if let Some(id) = only {
            (u64::from(self.end_session(member, id, now).await?), "session.ended", json!({ "session": id }))
        } else {
            let ended = self.end_sessions(member, now).await?;
            (ended, "sessions.ended", json!({ "sessions": ended }))
        };
        if ended > 0 {
            self.state().people.log.write(now, by, action, Some(member), Some(&detail));
        }
        Ok(ended)
    }

    async fn note_export(&self, member: MemberId, by: By, now: UnixSeconds) -> Result<bool> {
        let state = self.state();
        let person = state.people.get(member);
        person.inspect(|person| person.audit(by, "member.exported", now));
        Ok(person.is_some())
    }

    async fn create_api_token(&self, token: ApiToken, by: By) -> Result<()> {
        let mut state = self.state();
        match state.api_tokens.iter().find(|(known, _)| known.id == token.id) {
            Some((known, false)) if *known == token => Ok(()),
            Some(_) => Err(Error::Conflict("another token has this id")),
            None => {
                let detail = json!({ "token": token.id, "scopes": token.scopes });
                state.people.log.write(token.created_at, by, "token.created", None, Some(&detail));
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

    async fn revoke_api_token(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool> {
        let mut state = self.state();
        let token = state.api_tokens.iter_mut().find(|(token, revoked)| token.id == id && !revoked);
        let Some((_, revoked)) = token else { return Ok(false) };
        *revoked = true;
        state.people.log.write(now, by, "token.revoked", None, Some(&json!({ "token": id })));
        Ok(true)
    }

    async fn audit(&self, query: AuditQuery) -> Result<Page<AuditLine>> {
        Ok(self.state().people.log.page(&query))
    }
}

/// The audit's word for a change, and what it says of it.
fn said_of(before: &Member, after: &Member) -> (&'static str, Value) {
    let mut detail = json!({});
    let mut action = "member.changed";
    if before.status != after.status {
        action = if after.status == Status::Blocked { "member.blocked" } else { "member.unblocked" };
        detail["status"] = after.status.as_str().into();
    }
    if before.note != after.note {
        detail["note"] = if after.note.is_some() { "set" } else { "removed" }.into();
    }
    if before.attributes != after.attributes {
        let [before, after] = [before, after].map(|member| {
            serde_json::from_str::<Map<String, Value>>(&member.attributes).expect("attributes are a JSON object")
        });
        let mut names: Vec<_> =
            before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect();
        names.sort();
        names.dedup();
        detail["attributes"] = json!(names);
    }
    (action, detail)
}
