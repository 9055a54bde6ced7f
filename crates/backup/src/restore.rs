use std::fs::{self, DirBuilder};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wxgate_crypto::Vault;
use wxgate_crypto::age::Identity;
use wxgate_store::{Erasure, LATEST_SCHEMA, Lock, MemberKey, Settings, Snapshot, SqliteStore, UnixSeconds};

use crate::Stage;
use crate::contents::{Contents, DATABASE, KEY, examine, unpack};
use crate::create::private;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::owner::adopt;
use crate::scratch::{Scratch, is_scratch, sync};

/// What a backup takes the place of; the database last, since it is what a server looks for.
const PLACED: [&str; 2] = [KEY, DATABASE];
/// What must not stand beside another database than its own.
const LOGS: [&str; 2] = ["wxgate.db-wal", "wxgate.db-shm"];
/// What may be in a directory into which a backup is restored: none of it is data.
const INDIFFERENT: [&str; 5] =
    ["wxgate.lock", "wxgate.reserve", "wxgate.backup.key", "wxgate.backups.json", "wxgate.sock"];

/// Where a backup is restored to.
pub struct Target<'a> {
    /// The data directory, made if it is not there (0700).
    pub dir: &'a Path,
    /// What is there is set aside instead of standing in the way.
    pub force: bool,
    /// In Unix seconds.
    pub now: i64,
}

/// A backup that was restored.
#[derive(Debug)]
pub struct Restored {
    /// What it said of itself, and was.
    pub manifest: Manifest,
    /// The schema that its database was brought to.
    pub schema_version: u32,
    /// Members who are in the backup but were erased since, and were erased again.
    pub erased: u64,
    /// What the directory's own journal of erasures was good for.
    pub journal: Journal,
    /// Where that is what was there before.
    pub set_aside: Option<PathBuf>,
}

/// What became of the journal of erasures of the database that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// There was none.
    None,
    /// It was applied.
    Applied,
    /// It could not be read: the database is damaged.
    Unreadable,
    /// It was written under another sealing key, so that nobody knows whom it names.
    OtherKey,
}

/// Restores a backup, whole or not at all. Whoever was erased by the database that is replaced, or according to the
/// `journal`, is erased again. `name` is for messages.
///
/// # Errors
/// [`Error`]; what was in the directory is there then as it was.
pub async fn restore(
    file: &mut (dyn Read + Send),
    name: &Path,
    keys: &[Identity],
    target: &Target<'_>,
    journal: Vec<Erasure>,
    progress: &mut (dyn FnMut(Stage, u64, u64) + Send),
) -> Result<Restored> {
    let place = Place::prepare(target)?;
    let scratch = Scratch::new(&place.dir)?;
    let contents = unpack(file, name, keys, scratch.path(), progress)?;
    let (vault, _) = examine(&contents, scratch.path(), progress)?;
    let (mut lines, own) = place.journal(&vault);
    lines.extend(journal);
    let (schema_version, erased) = bring_up_to_date(scratch.path(), &vault, lines, target.now).await?;
    let Contents { manifest, key_file } = contents;
    write_key(&scratch.join(KEY), &key_file)?;
    let set_aside = place.put(&scratch, target.now)?;
    Ok(Restored { manifest, schema_version, erased, journal: own, set_aside })
}

/// Migrates the database in `room` and applies the journal. The schema it has then, and how many were erased.
async fn bring_up_to_date(room: &Path, vault: &Vault, journal: Vec<Erasure>, now: i64) -> Result<(u32, u64)> {
    let store = SqliteStore::open_restored(&Settings::default(), room)?;
    let pseudonym = |key: &MemberKey| vault.pseudonym(&key.appid, &key.openid);
    let erased = store.erase_again(journal, pseudonym, UnixSeconds(now)).await;
    store.close().await;
    drop(store);
    let erased = erased?;
    let log = room.join(LOGS[0]);
    if log.metadata().is_ok_and(|log| log.len() > 0) {
        return Err(Error::at(&log)(std::io::Error::other("it was not folded into the database")));
    }
    Ok((LATEST_SCHEMA, erased))
}

fn write_key(path: &Path, text: &str) -> Result<()> {
    let mut file = private(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::at(path))
}

/// The directory, taken as a server takes it.
struct Place {
    dir: PathBuf,
    /// Whether it is to be removed when nothing comes of it.
    is_new: bool,
    is_done: std::cell::Cell<bool>,
    _lock: Lock,
}

impl Place {
    fn prepare(target: &Target<'_>) -> Result<Self> {
        let is_new = !target.dir.exists();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(target.dir);
        let dir = made.and_then(|()| target.dir.canonicalize()).map_err(Error::at(target.dir))?;
        let lock = Lock::take(&dir)?;
        let lock_file = dir.join(INDIFFERENT[0]);
        adopt(&lock_file, &dir).map_err(Error::at(&lock_file))?;
        let place = Self { dir, is_new, is_done: false.into(), _lock: lock };
        for name in names(&place.dir)? {
            let is_data = LOGS.iter().chain(&PLACED).any(|data| *data == name);
            let is_fine = is_data && target.force || INDIFFERENT.contains(&name.as_str()) || is_scratch(&name);
            if !is_fine && (is_data || !target.force) {
                return Err(Error::NotEmpty(place.dir.clone()));
            }
        }
        Ok(place)
    }

    /// Who was erased according to the database that is there.
    fn journal(&self, vault: &Vault) -> (Vec<Erasure>, Journal) {
        let database = self.dir.join(DATABASE);
        if !database.exists() {
            return (Vec::new(), Journal::None);
        }
        let is_theirs = |text: String| {
            let probe = |vault: &Vault| vault.pseudonym("", "");
            Vault::parse_key_file(&text).is_ok_and(|own| probe(&own) == probe(vault))
        };
        let read = Snapshot::open(&database).and_then(|snapshot| snapshot.erasures());
        match read {
            Err(_) => (Vec::new(), Journal::Unreadable),
            Ok(lines) if lines.is_empty() => (lines, Journal::Applied),
            Ok(lines) if fs::read_to_string(self.dir.join(KEY)).is_ok_and(is_theirs) => (lines, Journal::Applied),
            Ok(_) => (Vec::new(), Journal::OtherKey),
        }
    }

    /// Sets aside what is there, and puts key and database in its place. The old database has its name until the new one
    /// takes it: a server that starts after a kill in between finds one of them, and never makes an empty one.
    fn put(&self, scratch: &Scratch, now: i64) -> Result<Option<PathBuf>> {
        for name in PLACED {
            adopt(&scratch.join(name), &self.dir).map_err(Error::at(&scratch.join(name)))?;
        }
        let is_there = |name: &&str| self.dir.join(name).exists();
        let set_aside =
            LOGS.iter().chain(&PLACED).any(is_there).then(|| self.dir.join(format!("before-restore-{now}")));
        if let Some(aside) = &set_aside {
            let made = DirBuilder::new().mode(0o700).create(aside).and_then(|()| adopt(aside, &self.dir));
            made.map_err(Error::at(aside))?;
            for name in PLACED.into_iter().filter(is_there) {
                fs::hard_link(self.dir.join(name), aside.join(name)).map_err(Error::at(aside))?;
            }
            // The log belongs to the old database alone: beside the new one it would spoil it.
            for name in LOGS.into_iter().filter(is_there) {
                fs::rename(self.dir.join(name), aside.join(name)).map_err(Error::at(aside))?;
            }
            sync(aside).map_err(Error::at(aside))?;
        }
        for name in PLACED {
            let to = self.dir.join(name);
            fs::rename(scratch.join(name), &to).map_err(Error::at(&to))?;
        }
        sync(&self.dir).map_err(Error::at(&self.dir))?;
        self.is_done.set(true);
        Ok(set_aside)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_new && !self.is_done.get() {
            // Only what was made here is in it: the lock.
            let _ = fs::remove_file(self.dir.join(INDIFFERENT[0])).and_then(|()| fs::remove_dir(&self.dir));
        }
    }
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(Error::at(dir))?;
    Ok(entries.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}
