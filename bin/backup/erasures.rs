//! The list of who was erased, kept beside the backups by the server: a database that is damaged does not tell any more.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use wxgate_backup::add_erasures;
use wxgate_store::{EventType, Outbox, SqliteStore};

use super::make_directory;

/// Writes who is erased to the list in `dir`, from the start on and after each erasure, until the server stops. It
/// holds pseudonyms and times alone. A place that cannot be written is said once; the next backup makes up for it.
pub(crate) async fn keep_list(
    store: Arc<SqliteStore>,
    dir: PathBuf,
    data_dir: PathBuf,
    stopped: impl Future<Output = ()>,
) {
    let Some(mut erasures) = store.listen([EventType::MemberErased].into_iter().collect()) else { return };
    let (mut stopped, mut is_written) = (pin!(stopped), true);
    loop {
        let written = write(&store, &dir, &data_dir).await;
        if let (Err(error), true) = (&written, is_written) {
            tracing::warn!(dir = %dir.display(), error, "who was erased could not be written beside the backups");
        }
        is_written = written.is_ok();
        tokio::select! {
            heard = erasures.next() => if heard.is_none() { return },
            () = &mut stopped => return,
        }
        // Those that come together are written together.
        while let Ok(Some(_)) = timeout(Duration::ZERO, erasures.next()).await {}
    }
}

async fn write(store: &SqliteStore, dir: &Path, data_dir: &Path) -> Result<(), String> {
    let erased = store.erasures().await.map_err(|error| error.to_string())?;
    if erased.is_empty() {
        return Ok(());
    }
    let (dir, data_dir) = (dir.to_owned(), data_dir.to_owned());
    let written = tokio::task::spawn_blocking(move || {
        make_directory(&dir, &data_dir).map_err(|error| error.to_string())?;
        add_erasures(&dir, &erased).map_err(|error| error.to_string())
    });
    written.await.map_err(|error| error.to_string())?.map(drop)
}
