use async_trait::async_trait;

use crate::error::Result;
use crate::model::{PluginEntry, UnixSeconds};
use crate::plugin_entries::PluginEntries;
use crate::sqlite::{SqliteStore, plugin_entries};

#[async_trait]
impl PluginEntries for SqliteStore {
    async fn plugin_entry(&self, plugin: &str, key: &str, now: UnixSeconds) -> Result<Option<PluginEntry>> {
        let [plugin, key] = [plugin, key].map(str::to_owned);
        self.read_few(move |conn| plugin_entries::by_key(conn, &plugin, &key, now)).await
    }

    async fn plugin_entries(
        &self,
        plugin: &str,
        prefix: &str,
        after: &str,
        limit: u32,
        now: UnixSeconds,
    ) -> Result<Vec<PluginEntry>> {
        let [plugin, prefix, after] = [plugin, prefix, after].map(str::to_owned);
        self.read(move |conn| plugin_entries::range(conn, &plugin, &prefix, &after, limit, now)).await
    }

    async fn keep_plugin_entry(&self, plugin: &str, entry: PluginEntry) -> Result<bool> {
        let plugin = plugin.to_owned();
        self.write(move |tx| plugin_entries::keep(tx, &plugin, &entry)).await
    }

    async fn take_plugin_entry(&self, plugin: &str, key: &str, now: UnixSeconds) -> Result<Option<PluginEntry>> {
        let [plugin, key] = [plugin, key].map(str::to_owned);
        self.write_urgently(move |tx| plugin_entries::take(tx, &plugin, &key, now)).await
    }
}
