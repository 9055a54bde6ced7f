//! What goes on between requests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::app::App;
use crate::trusted_clock::TrustedClock;
use crate::webhooks::MOST_WAITING;

/// Time between two looks for what has expired.
const PURGE_EVERY: Duration = Duration::from_mins(5);
/// Time between two looks for what is remembered in memory and past its time.
const FORGET_EVERY: Duration = Duration::from_secs(30);
/// Time between two writes of the requests that failed meanwhile.
const WRITE_FAILED_EVERY: Duration = Duration::from_secs(1);
/// Time between two writes of what was counted.
const WRITE_HOURS_EVERY: Duration = Duration::from_mins(1);
/// Rows removed in one write, so that logins do not wait behind it.
const PURGE_ROWS: u32 = 500;
/// How often as long as a slice took nothing is removed after it: what is over is in nobody's way, and whoever is checked
/// meanwhile may be on the same core.
const PURGE_REST: u32 = 9;
/// The most of it: a slice that had to wait itself is no work that anybody is to recover from.
const PURGE_REST_MOST: Duration = Duration::from_millis(100);

/// Writes down what was counted and is not on the disk yet: for the end, when no more requests come.
pub async fn write_down(app: &App) {
    app.results.failed.write(app.store.as_ref(), app.clock.now(), true).await;
    app.results.write_hours(app.store.as_ref()).await;
}

/// Removes what has expired, from the store slice by slice and from memory, and changes the keys that sign, until `stop`
/// resolves. In the store not while the clock is suspect: what is deleted does not come back when the clock does.
pub async fn housekeeping(app: Arc<App>, stop: impl Future<Output = ()> + Send + 'static) {
    let purging = async {
        let mut clock = TrustedClock::starting(app.clock.now_ms());
        loop {
            purge(&app, &mut clock).await;
            tend_jwt_keys(&app, clock.trusts(app.clock.now_ms())).await;
            sleep(PURGE_EVERY).await;
        }
    };
    let forgetting = async {
        loop {
            sleep(FORGET_EVERY).await;
            app.forget_expired();
        }
    };
    let writing = async {
        loop {
            sleep(WRITE_FAILED_EVERY).await;
            app.results.failed.write(app.store.as_ref(), app.clock.now(), false).await;
        }
    };
    let counting = async {
        loop {
            sleep(WRITE_HOURS_EVERY).await;
            app.results.write_hours(app.store.as_ref()).await;
        }
    };
    tokio::select! {
        () = purging => {}
        () = forgetting => {}
        () = writing => {}
        () = counting => {}
        () = stop => {}
    }
}

/// The first key of all is made whatever the clock shows: statements would wait for it.
async fn tend_jwt_keys(app: &App, trusts_clock: bool) {
    if !app.settings.jwt.enabled {
        return;
    }
    if let Err(error) = app.tend_jwt_keys(trusts_clock).await {
        tracing::warn!(%error, "the keys that sign statements could not be looked after; the next round tries again");
    }
}

async fn purge(app: &App, clock: &mut TrustedClock) {
    let mut sessions = 0;
    while clock.trusts(app.clock.now_ms()) {
        let begun = Instant::now();
        match app.store.purge(app.clock.now(), PURGE_ROWS).await {
            Ok(purged) => {
                sessions += purged.sessions;
                if !purged.more {
                    break;
                }
                rest_after(begun).await;
            }
            Err(error) => {
                tracing::warn!(%error, "expired rows could not be removed; the next round tries again");
                return;
            }
        }
    }
    purge_deliveries(app, clock).await;
    if sessions > 0 {
        tracing::info!(sessions, "expired sessions removed");
    }
}

/// After a slice that began then.
async fn rest_after(begun: Instant) {
    sleep((begun.elapsed() * PURGE_REST).min(PURGE_REST_MOST)).await;
}

async fn purge_deliveries(app: &App, clock: &mut TrustedClock) {
    while clock.trusts(app.clock.now_ms()) {
        let begun = Instant::now();
        match app.store.purge_deliveries(app.clock.now(), PURGE_ROWS, MOST_WAITING).await {
            Ok(true) => rest_after(begun).await,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "old deliveries could not be removed; the next round tries again");
                return;
            }
        }
    }
}
