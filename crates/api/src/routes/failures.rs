//! `GET /api/v1/failures`

mod stream;
mod view;

use std::sync::Arc;

use http::HeaderMap;
use http::header::ACCEPT;
use serde::Serialize;
use warp::Filter;
use warp::reply::{Reply, Response};
use wxgate_store::{FailedFrom, FailedQuery, MemberId};

pub use self::stream::MOST_STREAMS;
use self::view::FailureView;
use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Route, headers, info, query_fields, raw_query, respond, with};
use crate::problem::Problem;
use crate::text::Language;

const KINDS: &[&str] = &["login", "opening", "phone"];
const KIND_WORDS: &str = "login, opening, phone";
const KIND_CHARACTERS: usize = 16;
const CAUSE_CHARACTERS: usize = 64;
const MEMBER_CHARACTERS: usize = 36;
const NUMBER_CHARACTERS: usize = 20;
const RID_CHARACTERS: usize = 32;
const MOST: u32 = 200;
const USUAL: u32 = 50;

/// What failed, the newest first.
#[derive(Debug, Serialize)]
pub struct FailuresReply {
    failures: Vec<FailureView>,
    /// `after` for what is older; null at the end.
    next: Option<String>,
}

/// `GET /api/v1/failures?after&limit&kind&cause&member&rid`, scope `stats:read`: 200 [`FailuresReply`], or with
/// `Accept: text/event-stream` each failure as it comes; 400, 401, 403, 429 for one stream too many.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "failures")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(headers())
        .and(raw_query())
        .then(|app: Arc<App>, info: RequestInfo, headers: HeaderMap, query: String| async move {
            answer(&app, &info, &headers, &query).await.unwrap_or_else(ApiError::into_response)
        })
        .boxed()
}

async fn answer(app: &Arc<App>, info: &RequestInfo, headers: &HeaderMap, query: &str) -> Result<Response, ApiError> {
    app.require_scope(info, "stats:read").await?;
    let mut fields = query_fields(query)?;
    let wanted = wanted(&mut fields)?;
    let (language, last_seen) = (Language::of(headers), stream::last_event_id(headers)?);
    if wants_stream(headers) {
        fields.end()?;
        return stream::answer(app, last_seen, wanted, language).await;
    }
    let from = number(&mut fields, "after", i64::MAX)?.map_or(FailedFrom::Newest, FailedFrom::Before);
    let limit = number(&mut fields, "limit", MOST.into())?.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(USUAL);
    let rid = fields.text(&["rid"], RID_CHARACTERS)?;
    fields.end()?;
    Ok(respond(list(app, FailedQuery { from, limit, rid, ..wanted }, language).await))
}

/// Of which failures.
fn wanted(fields: &mut Fields) -> Result<FailedQuery, ApiError> {
    let kind = fields.text(&["kind"], KIND_CHARACTERS)?;
    if kind.as_ref().is_some_and(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(Problem::NotOneOf("kind", KIND_WORDS).into());
    }
    let cause = fields.text(&["cause"], CAUSE_CHARACTERS)?;
    let member = fields.text(&["member"], MEMBER_CHARACTERS)?;
    let member = member.map(|id| id.parse::<MemberId>().map_err(|_| Problem::BadMemberId)).transpose()?;
    Ok(FailedQuery { kind, cause, member, ..FailedQuery::default() })
}

/// A number from 1 on.
fn number(fields: &mut Fields, name: &'static str, most: i64) -> Result<Option<i64>, ApiError> {
    let Some(text) = fields.text(&[name], NUMBER_CHARACTERS)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    Ok(Some(number.ok_or(Problem::OutOfRange(name, 1, most))?))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let types = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let essence = |media: &str| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    types.into_iter().any(|media| essence(media) == "text/event-stream")
}

async fn list(app: &App, query: FailedQuery, language: Language) -> Result<FailuresReply, ApiError> {
    // What waits to be written is part of it.
    app.results.failed.write(app.store.as_ref(), app.clock.now(), false).await;
    let limit = query.limit;
    let rows = app.store.failed_requests(FailedQuery { limit: limit + 1, ..query }).await?;
    let has_more = rows.len() > limit as usize;
    let failures: Vec<_> = rows.into_iter().take(limit as usize).map(|row| FailureView::of(row, language)).collect();
    let next = failures.last().filter(|_| has_more).map(|last| last.id.clone());
    Ok(FailuresReply { failures, next })
}
