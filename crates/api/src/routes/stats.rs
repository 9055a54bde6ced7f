//! `GET /api/v1/stats`

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use wxgate_store::{HourCount, UnixSeconds};

use crate::app::App;
use crate::calendar::{self, Bucket, INSTANTS};
use crate::edge::RequestInfo;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Route, info, query_fields, raw_query, respond, with};
use crate::problem::Problem;

/// Buckets that an answer may have: six weeks of hours, two years and some of days.
const MOST_BUCKETS: usize = 1_000;
/// What is shown to whoever does not say since when.
const DEFAULT_SECONDS: i64 = 30 * 86_400;
const APPID_CHARACTERS: usize = 64;
/// Digits of an instant, and some.
const INSTANT_CHARACTERS: usize = 16;
const BUCKET_CHARACTERS: usize = 16;

/// Numbers for charts, one for each bucket without a gap.
#[derive(Debug, Serialize)]
pub struct StatsReply {
    /// In which buckets are cut.
    timezone: String,
    bucket: &'static str,
    buckets: Vec<Counts>,
}

/// What was counted from `start` until before `end`.
#[derive(Debug, Serialize)]
struct Counts {
    start: i64,
    end: i64,
    new_members: u64,
    /// Sessions that were opened.
    logins: u64,
    /// By the word they were answered.
    failed_logins: BTreeMap<String, u64>,
    /// Numbers that were bound.
    phones: u64,
    /// Codes of the button that gave no number, by the word they were answered.
    failed_phones: BTreeMap<String, u64>,
    /// Encrypted payloads that were accepted.
    openings: u64,
    /// By the diagnosis.
    failed_openings: BTreeMap<String, u64>,
}

/// `GET /api/v1/stats?from&to&bucket&appid`, scope `stats:read`: 200 [`StatsReply`], 400, 401, 403.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("api" / "v1" / "stats")
        .and(warp::get())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(raw_query())
        .then(|app: Arc<App>, info: RequestInfo, query: String| async move { stats(&app, &info, &query).await })
        .map(respond)
        .boxed()
}

/// What is asked.
struct Question {
    from: UnixSeconds,
    to: UnixSeconds,
    bucket: Bucket,
    appid: Option<String>,
}

fn decode(app: &App, query: &str) -> Result<Question, ApiError> {
    let mut fields = query_fields(query)?;
    let from = instant(&mut fields, "from")?;
    let to = instant(&mut fields, "to")?.unwrap_or(app.clock.now());
    let bucket = fields.text(&["bucket"], BUCKET_CHARACTERS)?;
    let appid = fields.text(&["appid"], APPID_CHARACTERS)?;
    fields.end()?;
    let bucket = match bucket {
        None => Bucket::Day,
        Some(word) => Bucket::parse(&word).ok_or(Problem::NotOneOf("bucket", Bucket::WORDS))?,
    };
    let appid = appid.map(|appid| app.appid(Some(appid))).transpose()?;
    let from = from.unwrap_or(UnixSeconds((to - DEFAULT_SECONDS).0.max(*INSTANTS.start())));
    if from >= to {
        return Err(Problem::NotBefore("from", "to").into());
    }
    Ok(Question { from, to, bucket, appid })
}

fn instant(fields: &mut Fields, name: &'static str) -> Result<Option<UnixSeconds>, ApiError> {
    let Some(text) = fields.text(&[name], INSTANT_CHARACTERS)? else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds| INSTANTS.contains(seconds));
    Ok(Some(UnixSeconds(seconds.ok_or(Problem::NotAnInstant(name))?)))
}

async fn stats(app: &App, info: &RequestInfo, query: &str) -> Result<StatsReply, ApiError> {
    app.require_scope(info, "stats:read").await?;
    let Question { from, to, bucket, appid } = decode(app, query)?;
    let timezone = &app.settings.timezone;
    let boundaries = calendar::boundaries(timezone, bucket, from, to, MOST_BUCKETS);
    let boundaries = boundaries.map_err(ApiError::internal)?.ok_or(Problem::TooManyBuckets(MOST_BUCKETS))?;
    // What is counted and not written down yet is part of it.
    app.results.write_hours(app.store.as_ref()).await;
    let (first, last) = (boundaries[0], boundaries[boundaries.len() - 1]);
    let counts = app.store.counts(first, last).await?;
    let name = timezone.iana_name().unwrap_or("UTC").to_owned();
    let wanted = counts.into_iter().filter(|count| appid.as_ref().is_none_or(|appid| *appid == count.appid));
    Ok(StatsReply { timezone: name, bucket: bucket.as_str(), buckets: sums(&boundaries, wanted) })
}

/// The hours in their buckets, both in the order of time.
fn sums(boundaries: &[UnixSeconds], counts: impl Iterator<Item = HourCount>) -> Vec<Counts> {
    let mut buckets: Vec<_> = boundaries.windows(2).map(|pair| Counts::none(pair[0], pair[1])).collect();
    for count in counts {
        let at = boundaries.partition_point(|beginning| *beginning <= count.hour);
        if let Some(bucket) = at.checked_sub(1).and_then(|at| buckets.get_mut(at)) {
            bucket.add(count);
        }
    }
    buckets
}

impl Counts {
    fn none(start: UnixSeconds, end: UnixSeconds) -> Self {
        Self {
            start: start.0,
            end: end.0,
            new_members: 0,
            logins: 0,
            failed_logins: BTreeMap::new(),
            phones: 0,
            failed_phones: BTreeMap::new(),
            openings: 0,
            failed_openings: BTreeMap::new(),
        }
    }

    fn add(&mut self, row: HourCount) {
        let (whole, failed) = match row.what.as_str() {
            "member" => return self.new_members += row.count,
            "login" => (&mut self.logins, &mut self.failed_logins),
            "phone" => (&mut self.phones, &mut self.failed_phones),
            "opening" => (&mut self.openings, &mut self.failed_openings),
            // Of a later version.
            _ => return,
        };
        *(if row.cause.is_empty() { whole } else { failed.entry(row.cause).or_default() }) += row.count;
    }
}
