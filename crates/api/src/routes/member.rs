//! `GET /api/v1/members/{id}`, `PATCH /api/v1/members/{id}`, `DELETE /api/v1/members/{id}`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::{ChangeMember, Changed, Member, Status};

use crate::api_token::Caller;
use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Body, Done, Route, body, info, json_fields, no_fields, respond, with};
use crate::managed::ManagedMember;
use crate::problem::Problem;

/// Characters of a status' word.
const WORD_CHARACTERS: usize = 64;

/// A member, and who else they are.
#[derive(Serialize)]
pub struct MemberReply {
    member: ManagedMember,
    /// The same person in other apps, as far as WeChat gave the same unionid; the oldest first.
    linked: Vec<ManagedMember>,
}

/// A member after a change.
#[derive(Serialize)]
pub struct ChangedReply {
    member: ManagedMember,
}

/// `GET /api/v1/members/{id}`, scope `members:read`: 200 [`MemberReply`], 401, 403, 404.
pub fn show(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String)
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .then(|id: String, app: Arc<App>, info: RequestInfo| async move { member(&app, &info, &id).await })
        .map(respond)
        .boxed()
}

/// `PATCH /api/v1/members/{id}` with `{"status"?, "note"?, "attributes"?, "revision"?}`, scope `members:write`: 200
/// [`ChangedReply`], 400, 401, 403, 404, 409.
pub fn change(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String)
        .and(warp::patch())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            change_member(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

/// `DELETE /api/v1/members/{id}`, scope `members:write`: 200 once it is durable, 401, 403, 404.
pub fn erase(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members" / String)
        .and(warp::delete())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            erase_member(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

async fn member(app: &App, info: &RequestInfo, id: &str) -> Result<MemberReply, ApiError> {
    app.require_scope(info, "members:read").await?;
    let member = app.member_at(id).await?;
    let mut linked = app.store.linked_members(member.id).await?;
    linked.retain(|other| app.app_at(&other.key.appid).is_ok());
    Ok(MemberReply { member: app.managed(member)?, linked: app.managed_all(linked)? })
}

/// What is not given stays. Of two who change the same at once the later one has the last word, unless it names the
/// `revision` that it saw.
async fn change_member(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<ChangedReply, ApiError> {
    let caller = app.require_scope(info, "members:write").await?;
    let member = app.member_at(id).await?;
    let change = wanted(app, &caller, &member, json_fields(body)?)?;
    match app.store.change_member(change).await? {
        Changed::Done(member) => {
            tracing::info!(member.id = %member.id, status = member.status.as_str(), "member changed by an operator");
            Ok(ChangedReply { member: app.managed(member)? })
        }
        Changed::Stale => Err(ApiError::Conflict),
        Changed::Gone => Err(ApiError::NotFound),
    }
}

fn wanted(app: &App, caller: &Caller, member: &Member, mut fields: Fields) -> Result<ChangeMember, ApiError> {
    let status = fields.text(&["status"], WORD_CHARACTERS)?;
    let (note, attributes, revision) = (fields.note()?, fields.attributes()?, fields.revision()?);
    fields.end()?;
    if status.is_none() && note.is_none() && attributes.is_none() {
        return Err(Problem::NothingToChange.into());
    }
    let status = status.map(|word| Status::parse(&word).ok_or(Problem::NotOneOf("status", "active, blocked")));
    Ok(ChangeMember {
        member: member.id,
        status: status.transpose()?,
        note,
        attributes,
        revision,
        by: caller.by(),
        now: app.clock.now(),
    })
}

async fn erase_member(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<Done, ApiError> {
    let caller = app.require_scope(info, "members:write").await?;
    let member = app.member_at(id).await?;
    no_fields(body)?;
    if !app.erase(&member, caller.by()).await? {
        return Err(ApiError::NotFound);
    }
    tracing::info!(member.id = %member.id, "member erased by an operator");
    Ok(Done {})
}
