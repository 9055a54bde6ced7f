//! `POST /api/v1/import`

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use warp::Filter;
use wxgate_store::{Import, ImportOutcome, MemberId};

use crate::app::App;
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::{shown, unread_values};
use crate::http::{Media, Route, Unread, info, media, respond, unread, with};
use crate::imported::Row;
use crate::problem::Problem;
use crate::text::Language;

/// Members of one request: a few milliseconds of the one writer, so that logins do not wait long.
pub const MOST_ROWS: usize = 200;
/// Bytes of one request: so many rows with all attributes that they may have.
pub const IMPORT_BYTES: usize = 4 * 1024 * 1024;

/// What became of each row, in the order of the rows.
#[derive(Serialize)]
pub struct ImportReply {
    results: Vec<ImportResult>,
}

#[derive(Serialize)]
struct ImportResult {
    outcome: &'static str,
    member_id: Option<MemberId>,
    /// Why it was refused, for programs.
    reason: Option<&'static str>,
    /// The same for people.
    hint: Option<String>,
    /// Fields of the row that cannot be kept.
    left_out: Vec<&'static str>,
}

/// A request, its rows unread.
#[derive(Default)]
struct Batch<'a> {
    rows: Vec<&'a RawValue>,
    is_dry_run: bool,
    is_told: bool,
}

/// `POST /api/v1/import` with `{"members", "dry_run"?, "announce"?}`, scope `members:write`: 200 [`ImportReply`], 400, 401,
/// 403, 413, 415.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "import")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(unread())
        .then(|app: Arc<App>, info: RequestInfo, body: Unread| async move { import(&app, &info, body).await })
        .map(respond)
        .boxed()
}

/// Takes in the rows that are members, all together. Nothing is read of whom we do not know.
async fn import(app: &App, info: &RequestInfo, body: Unread) -> Result<ImportReply, ApiError> {
    let caller = app.require_scope(info, "members:write").await?;
    let (language, headers) = (Language::of(&body.headers), body.headers.clone());
    let bytes = body.read(IMPORT_BYTES).await?;
    if media(&headers, bytes.is_empty())? != Media::Json {
        return Err(ApiError::UnsupportedMediaType);
    }
    let batch = batch(&bytes)?;
    let now = app.clock.now();
    let (mut members, mut results) = (Vec::with_capacity(batch.rows.len()), Vec::with_capacity(batch.rows.len()));
    for row in &batch.rows {
        results.push(match app.imported(row, now) {
            Ok(Row { member, left_out }) => {
                members.push(member);
                Ok(left_out)
            }
            Err(ApiError::BadRequest(problem)) => Err(problem),
            Err(other) => return Err(other),
        });
    }
    let outcomes = if batch.is_dry_run {
        app.store.try_import(members).await?
    } else {
        app.store.import_members(Import { members, is_told: batch.is_told, by: caller.by(), now }).await?
    };
    let mut outcomes = outcomes.into_iter();
    let result = |read| match read {
        Ok(left_out) => outcomes.next().map(|outcome| became(outcome, left_out, batch.is_dry_run, language)),
        Err(problem) => Some(refused("invalid", Problem::sentence(&problem, language))),
    };
    Ok(ImportReply { results: results.into_iter().filter_map(result).collect() })
}

fn batch(bytes: &[u8]) -> Result<Batch<'_>, ApiError> {
    let mut batch = Batch::default();
    for (key, value) in unread_values(bytes)? {
        let flag = |name| serde_json::from_str(value.get()).map_err(|_| Problem::NotFlag(name));
        match key.as_str() {
            "members" => {
                batch.rows = serde_json::from_str(value.get()).map_err(|_| Problem::BadRows(MOST_ROWS))?;
            }
            "dry_run" => batch.is_dry_run = flag("dry_run")?,
            "announce" => batch.is_told = flag("announce")?,
            _ => return Err(Problem::UnknownKey(shown(&key)).into()),
        }
    }
    let are_objects = batch.rows.iter().all(|row| row.get().starts_with('{'));
    let fits = are_objects && (1..=MOST_ROWS).contains(&batch.rows.len());
    if fits { Ok(batch) } else { Err(Problem::BadRows(MOST_ROWS).into()) }
}

fn became(outcome: ImportOutcome, left_out: Vec<&'static str>, is_dry_run: bool, language: Language) -> ImportResult {
    let taken = |outcome, id: Option<MemberId>, left_out| ImportResult {
        outcome,
        member_id: id,
        reason: None,
        hint: None,
        left_out,
    };
    match outcome {
        // An id that nobody has yet says nothing.
        ImportOutcome::Added(id) => taken("added", Some(id).filter(|_| !is_dry_run), left_out),
        ImportOutcome::Filled(id) => taken("filled", Some(id), left_out),
        ImportOutcome::Same(id) => taken("same", Some(id), Vec::new()),
        ImportOutcome::Erased => refused(
            "erased",
            match language {
                Language::Chinese => "此人的数据已在此注销删除，不会恢复",
                Language::English => "this person was erased here, and stays so",
            }
            .to_owned(),
        ),
        ImportOutcome::IdTaken => refused(
            "id_taken",
            match language {
                Language::Chinese => "`id` 已属于另一个成员；删除该字段即可分配新的 id",
                Language::English => "`id` is another member's; without it a new one is given",
            }
            .to_owned(),
        ),
    }
}

fn refused(reason: &'static str, hint: String) -> ImportResult {
    ImportResult { outcome: "refused", member_id: None, reason: Some(reason), hint: Some(hint), left_out: Vec::new() }
}
