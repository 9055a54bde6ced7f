//! `GET /api/v1/export`

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use warp::Filter;
use wxgate_store::Member;

use crate::api_token::Caller;
use crate::app::App;
use crate::cursor::{List, Question};
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Route, info, query_fields, raw_query, respond, with};
use crate::member_record::FullRecord;
use crate::paging::filled;
use crate::problem::Problem;
use crate::settings::PhoneReply;

/// Characters that any of the parameters may have.
const PARAMETER_CHARACTERS: usize = 256;

/// Members of one page, those who joined first first.
#[derive(Serialize)]
pub struct ExportPage {
    members: Vec<ExportedRow>,
    /// What the next page is asked for with, as `after`.
    next: Option<String>,
}

/// A member as `POST /api/v1/import` takes one in.
#[derive(Serialize)]
struct ExportedRow {
    #[serde(flatten)]
    record: FullRecord,
    /// Masked, or whole as `+86 13800138000`.
    phone: Option<String>,
}

/// What is asked for.
struct Asked {
    question: Question,
    appids: Vec<String>,
    after: Option<i64>,
    limit: u32,
    /// What the audit says of it.
    detail: Value,
}

/// `GET /api/v1/export?appid&phones&after&limit`, scope `members:read`, for whole numbers `members:write`: 200
/// [`ExportPage`], 400, 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "export")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(raw_query())
        .then(|app: Arc<App>, info: RequestInfo, query: String| async move { export(&app, &info, &query).await })
        .map(respond)
        .boxed()
}

/// The audit has a line before the first page is given out. A later page is asked for with what its first one was answered,
/// by nobody else and for nothing else.
async fn export(app: &App, info: &RequestInfo, query: &str) -> Result<ExportPage, ApiError> {
    let mut fields = query_fields(query);
    let phones = fields.as_mut().ok().and_then(|fields| fields.take("phones"));
    let reply = if phones == Some("whole".into()) { PhoneReply::Full } else { PhoneReply::Masked };
    let scope = if reply == PhoneReply::Full { "members:write" } else { "members:read" };
    let caller = app.require_scope(info, scope).await?;
    if phones.is_some_and(|word| word != "whole" && word != "masked") {
        return Err(Problem::NotOneOf("phones", "masked, whole").into());
    }
    let Asked { question, appids, after, limit, detail } = asked(app, &caller, fields?, reply)?;
    if after.is_none() {
        app.store.note_export_of_all(detail, caller.by(), app.clock.now()).await?;
    }
    let page = filled(after, limit, |after, limit| app.store.export_page(appids.clone(), after, limit)).await?;
    let members = page.rows.into_iter().map(|member| row(app, member, reply)).collect::<Result<_, _>>()?;
    Ok(ExportPage { members, next: page.next.map(|position| app.cursor(&question, position)) })
}

fn asked(app: &App, caller: &Caller, mut fields: Fields, reply: PhoneReply) -> Result<Asked, ApiError> {
    let appid = fields.text(&["appid"], PARAMETER_CHARACTERS)?;
    let after = fields.text(&["after"], PARAMETER_CHARACTERS)?;
    let limit = fields.limit()?;
    fields.end()?;
    let phones = if reply == PhoneReply::Full { "whole" } else { "masked" };
    let actor = caller.by().actor.to_string();
    let question = Question::new(List::Export, &[appid.as_deref().unwrap_or_default(), phones, &actor]);
    let mut detail = json!({ "phones": phones });
    let appids = match appid {
        Some(appid) => {
            detail["appid"] = appid.as_str().into();
            vec![app.appid(Some(appid))?]
        }
        None => app.settings.appids.clone(),
    };
    Ok(Asked { after: app.position(&question, after)?, question, appids, limit, detail })
}

fn row(app: &App, member: Member, reply: PhoneReply) -> Result<ExportedRow, ApiError> {
    let phone = app.phone_of(&member).map(|number| match reply {
        PhoneReply::Full => number.write(),
        PhoneReply::Masked => number.shown(reply).phone_number.clone(),
    });
    Ok(ExportedRow { record: app.full_record(member)?, phone })
}
