use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wxgate_store::LATEST_SCHEMA;

use crate::error::{Error, Result};

/// The layout that this program writes: `manifest.json`, `wxgate.key`, `wxgate.db`, in this order, as tar, compressed by
/// zstd, sealed by age. It reads no later one.
pub(crate) const FORMAT: u32 = 1;

/// What a backup says of itself: its first entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of the file.
    pub format: u32,
    /// The version of the wxgate that made it.
    pub wxgate: String,
    /// When the copy was taken, in Unix seconds.
    pub created_at: i64,
    /// The last migration of its database.
    pub schema_version: u32,
    /// Bytes of the database.
    pub bytes: u64,
    /// SHA-256 of the database, 64 hexadecimal digits.
    pub sha256: String,
    /// Rows of each table.
    pub counts: BTreeMap<String, u64>,
}

impl Manifest {
    /// How many members it holds.
    pub fn members(&self) -> u64 {
        self.counts.get("members").copied().unwrap_or(0)
    }

    /// Reads the text of a manifest. Of a later layout nothing is read but that it is one.
    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versions {
            format: u32,
            wxgate: String,
        }
        let foreign = |_| Error::Foreign("its manifest cannot be read");
        let Versions { format, wxgate } = serde_json::from_slice(text).map_err(foreign)?;
        if format > FORMAT {
            return Err(Error::Newer(wxgate));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(foreign)?;
        if manifest.schema_version > LATEST_SCHEMA {
            let (wxgate, schema) = (manifest.wxgate, manifest.schema_version);
            return Err(Error::Newer(format!("{wxgate}, schema {schema}")));
        }
        Ok(manifest)
    }
}
