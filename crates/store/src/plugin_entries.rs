use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::model::{PluginEntry, UnixSeconds};

/// Where plugins keep what is theirs: values under keys, apart by the plugin's name.
///
/// Entries and not tables, for three reasons. Every backend has them, so a plugin runs on each and speaks no dialect of
/// SQL. Erasure and export know them, in the transaction that erases: a table of a plugin's own they would have to be
/// told of. And no plugin can hold the one writer up with a query that it thought was quick.
///
/// An entry past its `expires_at` is not there. A store may keep none for anybody: then nothing is found, and what should
/// be kept is refused. The methods are given for it.
#[async_trait]
pub trait PluginEntries: Send + Sync + 'static {
    /// The entry under `key`.
    async fn plugin_entry(&self, _plugin: &str, _key: &str, _now: UnixSeconds) -> Result<Option<PluginEntry>> {
        Ok(None)
    }

    /// Entries whose keys begin with `prefix` and come after `after`, at most `limit`, in the order of their keys' bytes.
    async fn plugin_entries(
        &self,
        _plugin: &str,
        _prefix: &str,
        _after: &str,
        _limit: u32,
        _now: UnixSeconds,
    ) -> Result<Vec<PluginEntry>> {
        Ok(Vec::new())
    }

    /// Keeps an entry in place of the one before under its key. `false`, and nothing is kept, if its member is gone.
    async fn keep_plugin_entry(&self, _plugin: &str, _entry: PluginEntry) -> Result<bool> {
        Err(Error::Refused("this store keeps nothing for plugins".to_owned()))
    }

    /// Deletes the entry under `key`; what it was. Of several callers at once, one gets it.
    async fn take_plugin_entry(&self, _plugin: &str, _key: &str, _now: UnixSeconds) -> Result<Option<PluginEntry>> {
        Ok(None)
    }
}
