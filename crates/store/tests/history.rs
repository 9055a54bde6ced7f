//! Random histories, lived through by SQLite and by the model (`contract::history`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and so do its helpers")]

use std::fs;
use std::path::Path;

use async_trait::async_trait;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tempfile::TempDir;
use tokio::runtime;
use uuid::Uuid;
use wxgate_store::contract::history::{Backend, histories, live};
use wxgate_store::{MemberId, Settings, SqliteStore, Store, UnixSeconds};

/// Histories and the most steps in one: in a normal run, and with `WXGATE_LONG`.
const SIZES: [(u32, usize); 2] = [(250, 40), (5_000, 80)];

struct Sqlite {
    open: Option<SqliteStore>,
    folder: TempDir,
    settings: Settings,
}

impl Sqlite {
    fn new(folder: TempDir, settings: Settings) -> Self {
        let mut new = Self { open: None, folder, settings };
        new.open();
        new
    }

    fn open(&mut self) {
        self.open = Some(SqliteStore::open(&self.settings, self.folder.path()).unwrap());
    }

    fn opened(&self) -> &SqliteStore {
        self.open.as_ref().unwrap()
    }
}

/// What another process would find if this one were killed now. Nothing is under way.
fn copy(folder: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in ["wxgate.db", "wxgate.db-wal"].map(|name| folder.join(name)).iter().filter(|file| file.exists()) {
        fs::copy(file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    copy
}

#[async_trait(?Send)]
impl Backend for Sqlite {
    fn store(&self) -> &dyn Store {
        self.opened()
    }

    fn knows_all(&self) -> bool {
        self.settings.index_max_bytes > 0
    }

    async fn restart(&mut self, is_crash: bool) {
        if is_crash {
            let copy = copy(self.folder.path());
            self.open = None;
            self.folder = copy;
        } else {
            self.opened().close().await;
            self.open = None;
        }
        self.open();
        // What needs the index waits until it is loaded; from then on it must know.
        self.store().end_sessions(MemberId(Uuid::nil()), UnixSeconds(0)).await.unwrap();
    }
}

fn run(settings: &Settings) {
    let is_long = std::env::var_os("WXGATE_LONG").is_some();
    let (cases, most) = SIZES[usize::from(is_long)];
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = if is_long {
        TestRunner::new(config)
    } else {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    };
    let template = TempDir::new().unwrap();
    drop(SqliteStore::open(settings, template.path()).unwrap());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let history = runner.run(&histories(most), |steps| {
        runtime.block_on(live(&mut Sqlite::new(copy(template.path()), settings.clone()), &steps));
        Ok(())
    });
    history.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn sqlite_and_the_model_live_through_the_same_histories() {
    run(&Settings { readers: 1, ..Settings::default() });
}

#[test]
fn they_do_when_sessions_do_not_fit_in_memory() {
    run(&Settings { readers: 1, index_max_bytes: 0, ..Settings::default() });
}
