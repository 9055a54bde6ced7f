//! What goes on between requests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;

/// Time between two looks for what has expired.
const PURGE_EVERY: Duration = Duration::from_mins(5);
/// Rows removed in one write, so that logins do not wait behind it.
const PURGE_ROWS: u32 = 500;

/// Removes what has expired, slice by slice, until `stop` resolves.
pub async fn housekeeping(app: Arc<App>, stop: impl Future<Output = ()> + Send + 'static) {
    let work = async {
        loop {
            purge(&app).await;
            tokio::time::sleep(PURGE_EVERY).await;
        }
    };
    tokio::select! {
        () = work => {}
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
