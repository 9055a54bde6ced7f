use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::create::private;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::owner::adopt;
use crate::scratch::{Scratch, sync};

const NAME: &str = "wxgate.backups.json";

/// What was last done about backups of a data directory: `wxgate.backups.json` in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The last backup that was made.
    pub created: Option<Event>,
    /// The last backup that was verified: restored in full and thrown away.
    pub verified: Option<Event>,
    /// The backup that this directory was restored from.
    pub restored: Option<Event>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was done, in Unix seconds.
    pub at: i64,
    /// When the copy in the backup was taken, in Unix seconds.
    pub of: i64,
    /// The file, by its whole path; `-` for a stream.
    pub file: String,
    /// Members in it.
    pub members: u64,
}

impl Event {
    /// Something was done at `at` with a backup that says this of itself.
    pub fn new(at: i64, manifest: &Manifest, file: &Path) -> Self {
        let whole = std::path::absolute(file).ok().filter(|_| file != Path::new("-"));
        let file = whole.as_deref().unwrap_or(file).to_string_lossy().into_owned();
        Self { at, of: manifest.created_at, file, members: manifest.members() }
    }
}

impl Record {
    /// Reads the record; an empty one if there is none, or none that can be read.
    ///
    /// # Errors
    /// [`Error::File`] if it is there and may not be read.
    pub fn read(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(NAME);
        match fs::read(&path) {
            Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::at(&path)(error)),
        }
    }

    /// Changes the record, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`]
    pub fn change(data_dir: &Path, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut record = Self::read(data_dir)?;
        change(&mut record);
        let (scratch, path) = (Scratch::new(data_dir)?, data_dir.join(NAME));
        let draft = scratch.join(NAME);
        let mut file = private(&draft)?;
        let text = serde_json::to_vec_pretty(&record).map_err(io::Error::from);
        let written = text
            .and_then(|text| file.write_all(&text))
            .and_then(|()| file.sync_all())
            .and_then(|()| adopt(&draft, data_dir));
        written.and_then(|()| fs::rename(&draft, &path)).and_then(|()| sync(data_dir)).map_err(Error::at(&path))
    }
}
