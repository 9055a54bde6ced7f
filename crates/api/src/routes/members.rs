//! `GET /api/v1/members`

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::{MemberQuery, Status};

use crate::app::App;
use crate::cursor::{List, Question};
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Route, info, query_fields, raw_query, respond, with};
use crate::managed::ManagedMember;
use crate::nickname::nickname_prefix;
use crate::paging::filled;
use crate::phone_number::searched;
use crate::problem::Problem;

/// Characters that any of the parameters may have.
const PARAMETER_CHARACTERS: usize = 256;

/// Members of one page, those who joined last first.
#[derive(Serialize)]
pub struct MembersReply {
    members: Vec<ManagedMember>,
    /// What the next page is asked for with, as `after`.
    next: Option<String>,
}

/// `GET /api/v1/members?appid&phone&openid&nickName&status&after&limit`, scope `members:read`: 200 [`MembersReply`], 400,
/// 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "members")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(raw_query())
        .then(|app: Arc<App>, info: RequestInfo, query: String| async move { members(&app, &info, &query).await })
        .map(respond)
        .boxed()
}

async fn members(app: &App, info: &RequestInfo, query: &str) -> Result<MembersReply, ApiError> {
    app.require_scope(info, "members:read").await?;
    let (question, query) = asked(app, query_fields(query)?)?;
    let ask = |after, limit| app.store.members(MemberQuery { after, limit, ..query.clone() });
    let page = filled(query.after, query.limit, ask).await?;
    let next = page.next.map(|position| app.cursor(&question, position));
    Ok(MembersReply { members: app.managed_all(page.rows)?, next })
}

/// What is asked for, and that as what a cursor belongs to.
fn asked(app: &App, mut fields: Fields) -> Result<(Question, MemberQuery), ApiError> {
    let mut text = |name| fields.text(&[name], PARAMETER_CHARACTERS);
    let (appid, phone, openid) = (text("appid")?, text("phone")?, text("openid")?);
    let (name, status, after) = (text("nickName")?, text("status")?, text("after")?);
    let limit = fields.limit()?;
    fields.end()?;
    let parameters = [&appid, &phone, &openid, &name, &status];
    let question = Question::new(List::Members, &parameters.map(|text| text.as_deref().unwrap_or_default()));
    let phone = phone.map(|phone| searched(&phone).ok_or(Problem::BadPhone)).transpose()?;
    let status = status.map(|word| Status::parse(&word).ok_or(Problem::NotOneOf("status", "active, blocked")));
    let query = MemberQuery {
        appids: match appid {
            Some(appid) => vec![app.appid(Some(appid))?],
            None => app.settings.appids.clone(),
        },
        phone_index: phone.map(|number| app.vault.phone_index(&number)),
        openid,
        nick_name: name.map(|name| nickname_prefix(&name).ok_or(Problem::BadNickname)).transpose()?,
        status: status.transpose()?,
        after: app.position(&question, after)?,
        limit,
    };
    Ok((question, query))
}
