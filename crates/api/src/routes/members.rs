//! `GET /api/v1/members/{id}`

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use warp::Filter;
use wxgate_store::{Member, MemberId};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::http::{Route, info, respond, with};
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
    id: String,
    appid: String,
    openid: String,
    unionid: Option<String>,
    #[serde(rename = "nickName")]
    nick_name: Option<String>,
    #[serde(rename = "avatarUrl")]
    avatar_url: Option<String>,
    phone: Option<String>,
    phone_trust: Option<&'static str>,
    phone_bound_at: Option<i64>,
    status: &'static str,
    note: Option<String>,
    attributes: Box<RawValue>,
    created_at: i64,
    last_login_at: i64,
    updated_at: i64,
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
        let phone = member.phone.as_ref();
        Ok(ManagedMember {
            id: member.id.to_string(),
            phone: number.map(|number| number.phone_number.clone()),
            phone_trust: phone.map(|phone| phone.trust.as_str()),
            phone_bound_at: phone.map(|phone| phone.bound_at.0),
            appid: member.key.appid,
            openid: member.key.openid,
            unionid: member.unionid,
            nick_name: member.profile.nick_name,
            avatar_url: member.profile.avatar_url,
            status: member.status.as_str(),
            note: member.note,
            attributes: RawValue::from_string(member.attributes).map_err(ApiError::internal)?,
            created_at: member.created_at.0,
            last_login_at: member.last_login_at.0,
            updated_at: member.updated_at.0,
        })
    }
}
