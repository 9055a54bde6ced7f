//! What the plugin keeps: an entry a member, which goes with them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wxgate_api::ApiError;
use wxgate_api::plugin::{BoxError, Host, Keep, MemberId};

const PREFIX: &str = "visits:";
const PAGE: u32 = 500;
const DAY: i64 = 86_400;

/// How often somebody came, and when last, in Unix seconds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Visits {
    count: u64,
    last_at: i64,
}

fn key(member: MemberId) -> String {
    format!("{PREFIX}{member}")
}

/// One visit more; how many there were.
pub(crate) async fn count(host: &Host, member: MemberId, remember_days: u32) -> Result<u64, ApiError> {
    let before: Visits = host.storage().get(&key(member)).await?.unwrap_or_default();
    let visits = Visits { count: before.count + 1, last_at: host.now().0 };
    let keep = Keep { member: Some(member), until: Some(host.now() + i64::from(remember_days) * DAY) };
    host.storage().put(&key(member), &visits, keep).await?;
    Ok(visits.count)
}

/// A member's visits.
pub(crate) async fn of(host: &Host, member: MemberId) -> Result<u64, ApiError> {
    let visits: Option<Visits> = host.storage().get(&key(member)).await?;
    Ok(visits.unwrap_or_default().count)
}

/// Everybody's visits, page after page.
pub(crate) async fn all(host: &Host) -> Result<u64, ApiError> {
    let (mut sum, mut after) = (0, String::new());
    loop {
        let page: Vec<(String, Visits)> = host.storage().list(PREFIX, &after, PAGE).await?;
        sum += page.iter().map(|(_, visits)| visits.count).sum::<u64>();
        let Some((last, _)) = page.into_iter().last() else { return Ok(sum) };
        after = last;
    }
}

/// Step 1: the first version kept a bare number. What is brought up to date already is left as it is, since a step may be
/// taken twice.
pub(crate) async fn with_their_time(host: &Host) -> Result<(), BoxError> {
    let mut after = String::new();
    loop {
        let page: Vec<(String, Value)> = host.storage().list(PREFIX, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (key, kept) in page {
            if let Some(count) = kept.as_u64() {
                let member = key.trim_start_matches(PREFIX).parse()?;
                let keep = Keep { member: Some(member), until: Some(host.now() + 365 * DAY) };
                host.storage().put(&key, &Visits { count, last_at: host.now().0 }, keep).await?;
            }
        }
    }
}
