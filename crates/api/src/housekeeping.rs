//! What goes on between requests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::app::App;

/// Time between two looks for what has expired.
const PURGE_EVERY: Duration = Duration::from_mins(5);
/// Time between two looks for what is remembered in memory and past its time.
const FORGET_EVERY: Duration = Duration::from_secs(30);
/// Rows removed in one write, so that logins do not wait behind it.
const PURGE_ROWS: u32 = 500;

/// Removes what has expired, from the store slice by slice and from memory, until `stop` resolves.
pub async fn housekeeping(app: Arc<App>, stop: impl Future<Output = ()> + Send + 'static) {
    let purging = async {
        loop {
            purge(&app).await;
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

async fn purge(app: &App) {
    let mut sessions = 0;
    loop {
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
