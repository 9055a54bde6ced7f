//! Counts for charts, and the requests that failed.

use super::sample::{DAY, NOW, hash, log_in, login};
use crate::model::{By, FailedFrom, FailedQuery, FailedRequest, FailedRow, HourCount, MemberId, UnixSeconds};
use crate::store::Store;

fn hour(hour: i64, appid: &str, cause: &str, count: u64) -> HourCount {
    HourCount {
        hour: NOW + hour * 3_600,
        appid: appid.to_owned(),
        what: "login".to_owned(),
        cause: cause.to_owned(),
        count,
    }
}

async fn add(store: &dyn Store, counts: Vec<HourCount>) {
    store.add_counts(counts).await.expect("a write");
}

async fn between(store: &dyn Store, from: i64, to: i64) -> Vec<HourCount> {
    store.counts(NOW + from * 3_600, NOW + to * 3_600).await.expect("a read")
}

pub async fn what_is_counted_again_is_added(store: &dyn Store) {
    add(store, vec![hour(0, "wx1", "", 2), hour(0, "wx1", "code_used", 1), hour(0, "wx2", "", 5)]).await;
    add(store, vec![hour(0, "wx1", "", 3), hour(1, "wx1", "", 1)]).await;
    let first = [hour(0, "wx1", "", 5), hour(0, "wx1", "code_used", 1), hour(0, "wx2", "", 5)];
    assert_eq!(between(store, 0, 1).await, first);
    assert_eq!(between(store, 1, 2).await, [hour(1, "wx1", "", 1)]);
    assert_eq!(between(store, 2, 9).await, []);
}

fn failed(kind: &str, cause: &str, member: Option<MemberId>, rid: &str) -> FailedRequest {
    FailedRequest {
        happened_at: NOW,
        kind: kind.to_owned(),
        appid: "wx1".to_owned(),
        cause: cause.to_owned(),
        errcode: Some(40029),
        detail: Some("{}".to_owned()),
        member,
        rid: Some(rid.to_owned()),
        count: 1,
    }
}

async fn add_failed(store: &dyn Store, requests: &[FailedRequest]) {
    store.add_failed_requests(requests.to_vec()).await.expect("a write");
}

async fn list(store: &dyn Store, query: FailedQuery) -> Vec<FailedRow> {
    store.failed_requests(FailedQuery { limit: query.limit.max(100), ..query }).await.expect("a read")
}

fn rids(rows: &[FailedRow]) -> Vec<&str> {
    rows.iter().map(|row| row.failed.rid.as_deref().expect("a single request")).collect()
}

pub async fn failed_requests_are_found_by_what_they_are(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    let first = failed("login", "code_used", None, "a");
    add_failed(store, &[first.clone(), failed("opening", "stale", Some(member), "b")]).await;
    add_failed(store, &[failed("login", "blocked", None, "c")]).await;
    let all = list(store, FailedQuery::default()).await;
    assert_eq!(rids(&all), ["c", "b", "a"]);
    assert_eq!(all[2].failed, first);
    let ids: Vec<_> = all.iter().map(|row| row.id).collect();
    assert!(ids[0] > ids[1] && ids[1] > ids[2]);
    let before = FailedQuery { from: FailedFrom::Before(ids[0]), ..FailedQuery::default() };
    assert_eq!(rids(&list(store, before).await), ["b", "a"]);
    let after = FailedQuery { from: FailedFrom::After(ids[2]), ..FailedQuery::default() };
    assert_eq!(rids(&list(store, after).await), ["b", "c"]);
    let of = |text: &str| Some(text.to_owned());
    for (query, found) in [
        (FailedQuery { kind: of("login"), ..FailedQuery::default() }, &["c", "a"][..]),
        (FailedQuery { cause: of("stale"), ..FailedQuery::default() }, &["b"]),
        (FailedQuery { member: Some(member), ..FailedQuery::default() }, &["b"]),
        (FailedQuery { rid: of("c"), ..FailedQuery::default() }, &["c"]),
        (FailedQuery { kind: of("phone"), ..FailedQuery::default() }, &[]),
    ] {
        assert_eq!(rids(&list(store, query).await), found);
    }
    let one = store.failed_requests(FailedQuery { limit: 1, ..FailedQuery::default() }).await.expect("a read");
    assert_eq!(rids(&one), ["c"]);
}

pub async fn failed_requests_go_with_their_member(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    add_failed(store, &[failed("opening", "stale", Some(member), "a"), failed("login", "blocked", None, "b")]).await;
    let export = store.export(member, hash(9), NOW).await.expect("a read").expect("a member");
    assert_eq!(rids(&export.failed_requests), ["a"]);
    store.erase_member(member, hash(9), By::MEMBER, NOW).await.expect("a write").expect("a member");
    assert_eq!(rids(&list(store, FailedQuery::default()).await), ["b"]);
    // Of a request that was under way meanwhile nothing says any more whose it was.
    add_failed(store, &[failed("opening", "stale", Some(member), "c")]).await;
    let late = list(store, FailedQuery::default()).await;
    assert_eq!((rids(&late).as_slice(), late[0].failed.member), (&["c", "b"][..], None));
}

pub async fn the_oldest_failed_requests_yield(store: &dyn Store) {
    for batch in 0..21 {
        let requests: Vec<_> =
            (0..500).map(|number| failed("login", "blocked", None, &(batch * 500 + number).to_string())).collect();
        add_failed(store, &requests).await;
    }
    let kept = store.failed_requests(FailedQuery { limit: 20_000, ..FailedQuery::default() }).await.expect("a read");
    assert_eq!((kept.len(), rids(&kept)[0], rids(&kept)[9_999]), (10_000, "10499", "500"));
}

pub async fn old_statistics_go(store: &dyn Store) {
    add(store, vec![hour(0, "wx1", "", 1), hour(1, "wx1", "", 1)]).await;
    add_failed(store, &[failed("login", "blocked", None, "a")]).await;
    let purged = async |now: UnixSeconds| store.purge(now, 100).await.expect("a write").statistics;
    assert_eq!(purged(NOW + (30 * DAY - 1)).await, 0);
    assert_eq!(purged(NOW + 30 * DAY).await, 1);
    assert_eq!(purged(NOW + (800 * DAY - 1)).await, 0);
    assert_eq!(purged(NOW + 800 * DAY).await, 1);
    assert_eq!(between(store, 0, 9).await, [hour(1, "wx1", "", 1)]);
}
