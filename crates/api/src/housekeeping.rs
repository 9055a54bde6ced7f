//! What goes on between requests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::app::App;
use crate::trusted_clock::TrustedClock;

/// Time between two looks for what has expired.
const PURGE_EVERY: Duration = Duration::from_mins(5);
/// Time between two looks for what is remembered in memory and past its time.
const FORGET_EVERY: Duration = Duration::from_secs(30);
/// Rows removed in one write, so that logins do not wait behind it.
const PURGE_ROWS: u32 = 500;

/// Removes what has expired, from the store slice by slice and from memory, until `stop` resolves. From the store not while
/// the clock is suspect: what it deletes does not come back when the clock does.
pub async fn housekeeping(app: Arc<App>, stop: impl Future<Output = ()> + Send + 'static) {
    let purging = async {
        let mut clock = TrustedClock::starting(app.clock.now_ms());
        loop {
            purge(&app, &mut clock).await;
            sleep(PURGE_EVERY).await;
        }
    };
    let forgetting = async {
        loop {
            sleep(FORGET_EVERY).await;
            app.forget_expired();
        }
    };
    tokio::select! {
        () = purging => {}
        () = forgetting => {}
        () = stop => {}
    }
}

async fn purge(app: &App, clock: &mut TrustedClock) {
    let mut sessions = 0;
    while clock.trusts(app.clock.now_ms()) {
        match app.store.purge(app.clock.now(), PURGE_ROWS).await {
            Ok(purged) => {
                sessions += purged.sessions;
                if !purged.more {
                    break;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "expired rows could not be removed; the next round tries again");
                return;
            }
        }
    }
    if sessions > 0 {
        tracing::info!(sessions, "expired sessions removed");
    }
}
