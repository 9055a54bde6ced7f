//! `GET /api/v1/members/{id}`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::{Member, MemberId};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, respond, with};
use crate::member_record::MemberRecord;
use crate::settings::PhoneReply;

/// A member, and who else they are.
#[derive(Serialize)]
pub struct MemberReply {
    member: ManagedMember,
    /// The same person in other apps, as far as WeChat gave the same unionid; the oldest first.
    linked: Vec<ManagedMember>,
}

/// A member as the team sees one. The number is masked here, whatever the mini program is shown.
#[derive(Serialize)]
struct ManagedMember {
    #[serde(flatten)]
    record: MemberRecord,
    phone: Option<String>,
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

async fn member(app: &App, info: &RequestInfo, id: &str) -> Result<MemberReply, ApiError> {
    app.require_scope(info, "members:read").await?;
    let id: MemberId = id.parse().map_err(|_| ApiError::NotFound)?;
    let member = app.store.member(id).await?.ok_or(ApiError::NotFound)?;
    let linked = app.store.linked_members(id).await?;
    Ok(MemberReply {
        member: app.managed(member)?,
        linked: linked.into_iter().map(|member| app.managed(member)).collect::<Result<_, _>>()?,
    })
}

impl App {
    fn managed(&self, member: Member) -> Result<ManagedMember, ApiError> {
        let number = self.phone_of(&member).map(|number| number.shown(PhoneReply::Masked));
        let phone = number.map(|number| number.phone_number.clone());
        Ok(ManagedMember { record: self.member_record(member)?, phone })
    }
}
