//! The suite that every backend runs, against SQLite.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and so do its helpers")]

use std::sync::Arc;

use tempfile::TempDir;
use wxgate_store::contract::history::Memory;
use wxgate_store::{Settings, SqliteStore, Store};

fn open(dir: &TempDir) -> SqliteStore {
    SqliteStore::open(&Settings::default(), dir.path()).unwrap()
}

macro_rules! cases {
    ($($module:ident::$case:ident,)*) => {$(
        #[tokio::test]
        async fn $case() {
            let dir = TempDir::new().unwrap();
            wxgate_store::contract::$module::$case(&open(&dir)).await;
        }
    )*};
}
wxgate_store::for_each_contract_case!(cases);
wxgate_store::for_each_outbox_case!(cases);
wxgate_store::for_each_plugin_entry_case!(cases);
wxgate_store::for_each_bulk_case!(cases);

/// The same without memory to spare: every question is answered from the file.
#[tokio::test]
async fn the_suite_holds_when_sessions_do_not_fit_in_memory() {
    let dirs = TempDir::new().unwrap();
    let settings = Settings { index_max_bytes: 0, ..Settings::default() };
    wxgate_store::contract::run(async || {
        let dir = TempDir::new_in(dirs.path()).unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&settings, &dir.keep()).unwrap());
        store
    })
    .await;
}

/// What the histories are held against does itself what a store must do.
#[tokio::test]
async fn the_suite_holds_for_the_model() {
    wxgate_store::contract::run(async || {
        let model: Arc<dyn Store> = Arc::new(Memory::default());
        model
    })
    .await;
}

#[tokio::test]
async fn the_suite_runs_as_a_whole() {
    let dirs = TempDir::new().unwrap();
    wxgate_store::contract::run(async || {
        let dir = TempDir::new_in(dirs.path()).unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&Settings::default(), &dir.keep()).unwrap());
        store
    })
    .await;
}
