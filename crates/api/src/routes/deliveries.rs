//! `GET /api/v1/deliveries`, `POST /api/v1/deliveries/{id}/resend`

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;
use warp::Filter;
use wxgate_store::{DeliveryFilter, DeliveryId, DeliveryRow, DeliveryState};

use crate::app::App;
use crate::cursor::{List, Question};
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Body, Done, Route, body, info, no_fields, query_fields, raw_query, respond, with};
use crate::problem::Problem;

/// Characters that any of the parameters may have.
const PARAMETER_CHARACTERS: usize = 128;

/// A page of deliveries, newest first.
#[derive(Serialize)]
pub struct DeliveriesReply {
    deliveries: Vec<DeliveryView>,
    /// `after` of the next page; null when this is the last.
    next: Option<String>,
}

#[derive(Serialize)]
struct DeliveryView {
    id: String,
    webhook_id: String,
    event_id: String,
    r#type: String,
    member_id: Option<String>,
    happened_at: i64,
    state: &'static str,
    attempts: u32,
    attempted_at: Option<i64>,
    status: Option<u16>,
    error: Option<String>,
    next_at: Option<i64>,
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id.0.to_string(),
            webhook_id: row.webhook.to_string(),
            event_id: row.event.to_string(),
            r#type: row.kind,
            member_id: row.member.map(|member| member.to_string()),
            happened_at: row.happened_at.0,
            state: row.state.as_str(),
            attempts: row.attempts,
            attempted_at: row.attempted_at.map(|at| at.0),
            status: row.status,
            error: row.error,
            next_at: row.next_at.map(|at| at.0),
        }
    }
}

/// `GET /api/v1/deliveries?webhook&state&after&limit`: 200 [`DeliveriesReply`], 400, 401, 403.
pub fn list(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "deliveries")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(raw_query())
        .then(|app: Arc<App>, info: RequestInfo, query: String| async move { page(&app, &info, &query).await })
        .map(respond)
        .boxed()
}

/// `POST /api/v1/deliveries/{id}/resend`: 200 [`Done`], 401, 403, 404.
pub fn resend(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "deliveries" / String / "resend")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|id: String, app: Arc<App>, info: RequestInfo, body: Body| async move {
            resent(&app, &info, &id, body).await
        })
        .map(respond)
        .boxed()
}

async fn page(app: &App, info: &RequestInfo, query: &str) -> Result<DeliveriesReply, ApiError> {
    app.require_scope(info, "admin").await?;
    let (question, filter, limit) = asked(app, query_fields(query)?)?;
    let mut rows = app.store.deliveries(filter, limit + 1).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).map(|last| app.cursor(&question, last.id.0));
    Ok(DeliveriesReply { deliveries: rows.into_iter().map(DeliveryView::from).collect(), next })
}

fn asked(app: &App, mut fields: Fields) -> Result<(Question, DeliveryFilter, u32), ApiError> {
    let mut text = |name| fields.text(&[name], PARAMETER_CHARACTERS);
    let (webhook, state, after) = (text("webhook")?, text("state")?, text("after")?);
    let limit = fields.limit()?;
    fields.end()?;
    let parameters = [&webhook, &state].map(|text| text.as_deref().unwrap_or_default());
    let question = Question::new(List::Deliveries, &parameters);
    let filter = DeliveryFilter {
        webhook: webhook.map(|id| Uuid::try_parse(&id).map_err(|_| Problem::BadId("webhook"))).transpose()?,
        state: state.map(|word| DeliveryState::parse(&word).ok_or(STATES)).transpose()?,
        before: app.position(&question, after)?.map(DeliveryId),
    };
    Ok((question, filter, limit))
}

const STATES: Problem = Problem::NotOneOf("state", "pending, delivered, failed");

/// A delivery's id is a number in figures, and nothing beside it.
fn parse(id: &str) -> Option<DeliveryId> {
    let number: i64 = id.parse().ok()?;
    (number > 0 && number.to_string() == id).then_some(DeliveryId(number))
}

async fn resent(app: &App, info: &RequestInfo, id: &str, body: Body) -> Result<Done, ApiError> {
    let by = app.require_scope(info, "admin").await?.by();
    no_fields(body)?;
    let id = parse(id).ok_or(ApiError::NotFound)?;
    let is_there = app.store.resend_delivery(id, by, app.clock.now()).await?;
    if is_there { Ok(Done {}) } else { Err(ApiError::NotFound) }
}
