//! The failure budget.

use futures_util::future::join_all;

use super::sample::{DAY, NOW, begin, hash};
use crate::model::Opening;
use crate::store::Store;

fn spent(seconds: i64) -> Opening {
    Opening::Spent { retry_after_seconds: seconds }
}

pub async fn five_tries_spend_ten_minutes(store: &dyn Store) {
    for second in 0..5 {
        let id = begin(store, 1, NOW + second).await;
        store.fail_opening(id, "padding").await.expect("a write");
    }
    assert_eq!(store.begin_opening(hash(1), NOW + 5).await.expect("a write"), spent(595));
    assert_eq!(store.begin_opening(hash(1), NOW + 599).await.expect("a write"), spent(1));
    begin(store, 1, NOW + 600).await;
    assert_eq!(
        store.begin_opening(hash(1), NOW + 600).await.expect("a write"),
        spent(1),
        "the next one frees the next"
    );
}

pub async fn twenty_tries_spend_a_day(store: &dyn Store) {
    for hour in 0..20 {
        let id = begin(store, 1, NOW + hour * 3600).await;
        store.fail_opening(id, "padding").await.expect("a write");
    }
    assert_eq!(store.begin_opening(hash(1), NOW + 20 * 3600).await.expect("a write"), spent(4 * 3600));
    begin(store, 1, NOW + DAY).await;
}

pub async fn a_released_try_does_not_count(store: &dyn Store) {
    for _ in 0..20 {
        let id = begin(store, 1, NOW).await;
        store.release_opening(id).await.expect("a write");
        store.release_opening(id).await.expect("repeating it is as good");
    }
    let ids = [begin(store, 1, NOW).await, begin(store, 1, NOW).await];
    for _ in 0..3 {
        begin(store, 1, NOW).await;
    }
    let refused = store.begin_opening(hash(1), NOW).await.expect("a write");
    assert_eq!(refused, spent(1), "those under way end soon");
    store.release_opening(ids[0]).await.expect("a write");
    begin(store, 1, NOW).await;
}

pub async fn a_failed_try_cannot_be_released(store: &dyn Store) {
    for _ in 0..5 {
        let id = begin(store, 1, NOW).await;
        store.fail_opening(id, "schema").await.expect("a write");
        store.release_opening(id).await.expect("a write");
    }
    assert_eq!(store.begin_opening(hash(1), NOW).await.expect("a write"), spent(600));
}

pub async fn a_budget_is_of_one_subject(store: &dyn Store) {
    for _ in 0..5 {
        begin(store, 1, NOW).await;
    }
    begin(store, 2, NOW).await;
}

pub async fn tries_at_once_never_exceed_the_budget(store: &dyn Store) {
    let tries = (0..32).map(|_| store.begin_opening(hash(1), NOW));
    let outcomes = join_all(tries).await;
    let granted = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Opening::Granted(_)))).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Opening::Spent { .. }))).count();
    assert_eq!((granted, refused), (5, 27));
}
