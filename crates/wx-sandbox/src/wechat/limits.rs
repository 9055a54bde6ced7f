//! How often an app may call what takes its access_token: counted here, told by quota/get.

use crate::Endpoint;
use crate::quotas::{DAY, MINUTE};
use crate::state::State;

/// So many calls of an app in each window of seconds; one more is `errcode`.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    what: &'static str,
    window: i64,
    pub(super) calls: u32,
    errcode: i64,
}

const fn limit(what: &'static str, window: i64, calls: u32, errcode: i64) -> Limit {
    Limit { what, window, calls, errcode }
}

/// Links and schemes are counted together.
const LINKS: &[Limit] = &[limit("links, second", 1, 100, 44990), limit("links, day", DAY, 500_000, 44993)];
const MESSAGES: &[Limit] = &[limit("subscribe/send, day", DAY, 10_000_000, 45009)];
const CODES: &[Limit] = &[limit("getwxacodeunlimit, minute", MINUTE, 5_000, 45009)];
const TEXTS: &[Limit] =
    &[limit("msg_sec_check, minute", MINUTE, 4_000, 44991), limit("msg_sec_check, day", DAY, 2_000_000, 45009)];
const MEDIA: &[Limit] =
    &[limit("media_check_async, minute", MINUTE, 2_000, 44991), limit("media_check_async, day", DAY, 200_000, 45009)];
/// A day's calls where WeChat publishes no number.
const UNPUBLISHED: u32 = 10_000_000;

fn published(endpoint: Endpoint) -> &'static [Limit] {
    match endpoint {
        Endpoint::UrlLink | Endpoint::UrlScheme => LINKS,
        Endpoint::SubscribeSend => MESSAGES,
        Endpoint::UnlimitedCode => CODES,
        Endpoint::MsgSecCheck => TEXTS,
        Endpoint::MediaCheck => MEDIA,
        _ => &[],
    }
}

/// The limit of a day.
pub(super) fn daily(endpoint: Endpoint) -> Limit {
    let of_day = published(endpoint).iter().find(|limit| limit.window == DAY);
    of_day.copied().unwrap_or(limit(endpoint.path(), DAY, UNPUBLISHED, 45009))
}

/// The limit below a day: its calls and seconds.
pub(super) fn rate(endpoint: Endpoint) -> Option<(u32, i64)> {
    published(endpoint).iter().find(|limit| limit.window < DAY).map(|limit| (limit.calls, limit.window))
}

/// How often the app called today.
pub(super) fn used(state: &State, endpoint: Endpoint, appid: &str) -> u32 {
    state.quotas.used(daily(endpoint).what, appid, DAY, state.clock.now())
}

/// Counts a call, or refuses it.
pub(super) fn count(state: &mut State, endpoint: Endpoint, appid: &str) -> Result<(), i64> {
    let now = state.clock.now();
    let below_a_day = published(endpoint).iter().filter(|limit| limit.window < DAY).copied();
    for limit in below_a_day.chain([daily(endpoint)]) {
        if !state.quotas.allow(limit.what, appid, limit.window, limit.calls, now) {
            return Err(limit.errcode);
        }
    }
    Ok(())
}
