use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::index::{self, Change, Index};
use super::meter::{Meter, Sizes};
use super::pragmas::{self, Role};
use super::readers::Readers;
use super::reads::Reads;
use super::reserve::Reserve;
use super::upgrade::Kept;
use super::writer::{self, Drain, Writer};
use super::{SqliteStore, files, migrations, openings, outbox, tokens};
use crate::error::{Error, Result};
use crate::settings::Settings;

/// How long an opening waits for the index: a store of usual size is whole when it is opened.
const LOAD_PATIENCE: Duration = Duration::from_millis(100);

impl SqliteStore {
    /// Opens the store in `data_dir`, which is made if it is not there (0700), and brings its schema up to date.
    /// Blocks; call it before the runtime has anything to do.
    ///
    /// # Errors
    /// [`Error::Refused`] names the file and the cure: another process has the directory, others may read the file,
    /// the schema is newer than this program, SQLite is too old or does not take a setting.
    pub fn open(settings: &Settings, data_dir: &Path) -> Result<Self> {
        Self::open_with(settings, data_dir, Keep::Before, |_| Ok(()))
    }

    /// Like [`open`](Self::open), but nothing is kept from before a migration: for a database that came out of a backup.
    pub fn open_restored(settings: &Settings, data_dir: &Path) -> Result<Self> {
        Self::open_with(settings, data_dir, Keep::Nothing, |_| Ok(()))
    }

    /// Makes the database of an earlier program, which knew so many migrations: for tests of upgrades.
    #[cfg(feature = "old")]
    pub fn make_old(data_dir: &Path, schema: u32) -> Result<()> {
        let data_dir = files::data_dir(data_dir)?;
        let _lock = files::lock(&data_dir)?;
        let database = files::database(&data_dir)?;
        let mut connection = connect(&database, Role::Writer)?;
        migrations::run_to(&mut connection, schema).map_err(Error::Internal)
    }

    /// Like [`open`](Self::open), but a commit does not wait for the disk: what a power cut takes then, a test must notice.
    #[cfg(feature = "undefended")]
    pub fn open_undefended(settings: &Settings, data_dir: &Path) -> Result<Self> {
        Self::open_with(settings, data_dir, Keep::Before, |writer| writer.pragma_update(None, "synchronous", "NORMAL"))
    }

    fn open_with(
        settings: &Settings,
        data_dir: &Path,
        keep: Keep,
        adjust: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Self> {
        check(settings)?;
        let data_dir = files::data_dir(data_dir)?;
        let lock = files::lock(&data_dir)?;
        let database = files::database(&data_dir)?;
        let mut connection = connect(&database, Role::Writer)?;
        adjust(&connection).map_err(|error| files::refused(&database, error))?;
        let snapshots = Arc::new(Kept::of(&data_dir));
        migrate(&mut connection, &snapshots, keep).map_err(|why| files::refused(&database, why))?;
        openings::release_abandoned(&connection).map_err(|error| files::refused(&database, error))?;
        let reads = Arc::new(Reads::default());
        let readers = Readers::open(&database, settings.readers, Arc::clone(&reads))?;
        let index = Arc::new(Index::loading(settings.index_max_bytes));
        let kept = tokens::all(&connection).map_err(|error| files::refused(&database, error))?;
        index.apply(kept.into_iter().map(|token| Change::Token { id: token.id, token: Some(token) }).collect());
        let wanted = outbox::wanted(&connection).map_err(|error| files::refused(&database, error))?;
        index.feed().set_queued(wanted);
        let files = files::Watch::new(&data_dir)?;
        let reserve = Reserve::hold(&data_dir);
        let meter = Arc::new(Meter::default());
        let commit = Box::new(writer::commit);
        let drain = Drain::new(connection, files, Arc::clone(&index), reserve, commit, Arc::clone(&meter), reads);
        let writer = Writer::start(drain, Some(lock), settings.queue)?;
        let store = Self {
            writer,
            readers,
            turn: tokio::sync::Mutex::default(),
            index,
            meter,
            sizes: Sizes::of(data_dir),
            snapshots,
        };
        store.load(connect(&database, Role::Reader)?)?;
        Ok(store)
    }

    /// Fills the index on a thread of its own. Until it is done checks read the file, and what asks for all sessions of
    /// a member waits.
    fn load(&self, connection: Connection) -> Result<()> {
        let (index, writer) = (Arc::downgrade(&self.index), self.writer.handle());
        let (done, loaded) = mpsc::channel();
        let load = move || {
            index::load(&connection, &index);
            writer.settle(done);
        };
        let thread = thread::Builder::new().name("wxgate-loader".to_owned()).spawn(load);
        thread.map_err(|error| Error::Internal(error.into()))?;
        // In time or not: both are fine.
        let _ = loaded.recv_timeout(LOAD_PATIENCE);
        Ok(())
    }
}

fn check(settings: &Settings) -> Result<()> {
    check_sqlite()?;
    let within = |name: &str, value: u64, most: u64| {
        if (1..=most).contains(&value) {
            Ok(())
        } else {
            Err(Error::Refused(format!("store.{name} must be 1 to {most}")))
        }
    };
    within("queue", settings.queue as u64, 1_000_000)?;
    within("readers", settings.readers.into(), 256)?;
    if settings.url != "sqlite:" {
        return Err(Error::Refused(format!(
            "store.url is of the kind {:?}, this store opens only \"sqlite:\", the file in data_dir",
            settings.scheme()
        )));
    }
    Ok(())
}

fn check_sqlite() -> Result<()> {
    pragmas::check_version(rusqlite::version_number()).map_err(|error| Error::Refused(error.to_string()))
}

fn connect(database: &Path, role: Role) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    Connection::open_with_flags(database, flags)
        .and_then(|connection| pragmas::apply(&connection, role).map(|()| connection))
        .map_err(|error| files::refused(database, error))
}

/// Whether the database is kept as it was before its schema is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Before,
    Nothing,
}

/// Brings the schema up to date. What was there before is kept for a week, in case the older program is wanted back.
fn migrate(connection: &mut Connection, snapshots: &Kept, keep: Keep) -> std::result::Result<(), String> {
    let found = migrations::version(connection).map_err(|error| error.to_string())?;
    let known = migrations::LATEST;
    if found > known {
        let back = snapshots.way_back(known);
        return Err(format!("its schema is {found}, this program knows only {known}: use the newer wxgate, or {back}"));
    }
    if found == known {
        return Ok(());
    }
    if found > 0 && keep == Keep::Before {
        let taken = snapshots.take(found).map_err(|error| {
            format!("its schema is {found} and would become {known}, but no snapshot could be taken before: {error}")
        })?;
        tracing::info!(from = found, to = known, snapshot = %taken.display(), "the schema is brought up to date");
    }
    migrations::run(connection)
        .map_err(|error| format!("the schema could not be brought up to date, and nothing was changed: {error}"))
}
