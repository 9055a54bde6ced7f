//! `GET /api/v1/audit`

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use warp::Filter;
use wxgate_store::{AuditLine, AuditQuery, MemberId};

use crate::app::App;
use crate::cursor::{List, Question, digits};
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Route, info, query_fields, raw_query, respond, with};
use crate::paging::filled;
use crate::problem::Problem;

/// Characters that any of the parameters may have.
const PARAMETER_CHARACTERS: usize = 128;

/// Lines of one page, newest first.
#[derive(Serialize)]
pub struct AuditReply {
    audit: Vec<LineView>,
    /// What the next page is asked for with, as `after`.
    next: Option<String>,
}

#[derive(Serialize)]
struct LineView {
    at: i64,
    actor: String,
    /// The address of a service or an operator.
    origin: Option<String>,
    action: String,
    member_id: Option<MemberId>,
    /// Of an erased member: 64 hexadecimal digits, equal for one person.
    pseudonym: Option<String>,
    detail: Option<Box<RawValue>>,
}

/// `GET /api/v1/audit?member&actor&action&after&limit`, scope `admin`: 200 [`AuditReply`], 400, 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "audit")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(raw_query())
        .then(|app: Arc<App>, info: RequestInfo, query: String| async move { audit(&app, &info, &query).await })
        .map(respond)
        .boxed()
}

async fn audit(app: &App, info: &RequestInfo, query: &str) -> Result<AuditReply, ApiError> {
    app.require_scope(info, "admin").await?;
    let (question, query) = asked(app, query_fields(query)?)?;
    let ask = |after, limit| app.store.audit(AuditQuery { after, limit, ..query.clone() });
    let page = filled(query.after, query.limit, ask).await?;
    let next = page.next.map(|position| app.cursor(&question, position));
    Ok(AuditReply { audit: page.rows.into_iter().map(shown).collect::<Result<_, _>>()?, next })
}

fn asked(app: &App, mut fields: Fields) -> Result<(Question, AuditQuery), ApiError> {
    let mut text = |name| fields.text(&[name], PARAMETER_CHARACTERS);
    let (member, actor, action, after) = (text("member")?, text("actor")?, text("action")?, text("after")?);
    let limit = fields.limit()?;
    fields.end()?;
    let parameters = [&member, &actor, &action].map(|text| text.as_deref().unwrap_or_default());
    let question = Question::new(List::Audit, &parameters);
    let member = member.map(|id| id.parse().map_err(|_| Problem::BadMemberId)).transpose()?;
    let after = app.position(&question, after)?;
    Ok((question, AuditQuery { member, actor, action, after, limit }))
}

fn shown(line: AuditLine) -> Result<LineView, ApiError> {
    Ok(LineView {
        at: line.row.at.0,
        actor: line.row.actor,
        origin: line.origin,
        action: line.row.action,
        member_id: line.member,
        pseudonym: line.pseudonym.map(|pseudonym| digits(&pseudonym)),
        detail: line.row.detail.map(RawValue::from_string).transpose().map_err(ApiError::internal)?,
    })
}
