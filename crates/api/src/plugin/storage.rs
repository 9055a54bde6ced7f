//! What a plugin keeps: JSON values under keys of its own, sealed, perhaps about a member, perhaps for a time.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wxgate_crypto::Purpose;
use wxgate_store::{MemberId, PluginEntry, UnixSeconds};
use zeroize::Zeroizing;

use super::Host;
use crate::app::App;
use crate::error::ApiError;
use crate::remembered::hash_of;

/// Characters a key may have.
const KEY_CHARACTERS: usize = 128;
/// Bytes a value may have as JSON.
const VALUE_BYTES: usize = 16 * 1024;
/// The most of one page.
const PAGE: u32 = 1_000;
/// Under which it stands how far a plugin's entries have come. No key of a plugin is empty.
const SCHEMA: &str = "";

/// The entries of one plugin. Others see nothing of them.
///
/// Values are sealed under the server's key file. Keys are not: what is secret or personal is part of a key by
/// [`hashed`](Self::hashed) alone. Of keys that begin alike, [`list`](Self::list) gives page after page.
pub struct Storage<'a>(&'a Host);

/// Whom an entry is about, and how long it is kept. By default nobody, and until it is deleted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep {
    /// The entry goes with this member, in the same step, and is in what they export.
    pub member: Option<MemberId>,
    /// From then on the entry is not there.
    pub until: Option<UnixSeconds>,
}

impl<'a> Storage<'a> {
    pub(super) fn of(host: &'a Host) -> Self {
        Self(host)
    }

    /// A key made of texts that must not stand there, their borders counted: `hashed("code:", &[appid, code])`.
    pub fn hashed(prefix: &str, texts: &[&str]) -> String {
        format!("{prefix}{:x}", Bytes::copy_from_slice(&hash_of(texts)))
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// `internal` when it is not a `T`, or was sealed under a lost key file.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ApiError> {
        let entry = self.0.app.store.plugin_entry(self.0.plugin, check(key)?, self.0.now()).await?;
        entry.map(|entry| self.value(&entry)).transpose()
    }

    /// Keeps a value in place of the one before; durable when it answers. `false`, and nothing is kept, if the member whom
    /// it is about is gone.
    ///
    /// # Errors
    /// `internal` for a key that is empty, longer than 128 characters or not visible ASCII, and for a value above 16 KiB.
    pub async fn put<T: Serialize + Sync>(&self, key: &str, value: &T, keep: Keep) -> Result<bool, ApiError> {
        self.keep(check(key)?, value, keep).await
    }

    /// Deletes the entry; what its value was. Of several callers at once, one gets it.
    ///
    /// # Errors
    /// As of [`get`](Self::get); then it is deleted all the same.
    pub async fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ApiError> {
        let entry = self.0.app.store.take_plugin_entry(self.0.plugin, check(key)?, self.0.now()).await?;
        entry.map(|entry| self.value(&entry)).transpose()
    }

    /// Keys that begin with `prefix` and come after `after` ("" for the first page), with their values; at most `limit`, and
    /// 1,000.
    ///
    /// # Errors
    /// As of [`get`](Self::get).
    pub async fn list<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, T)>, ApiError> {
        let (store, now) = (&self.0.app.store, self.0.now());
        let page = store.plugin_entries(self.0.plugin, prefix, after, limit.min(PAGE), now).await?;
        page.into_iter().map(|entry| Ok((entry.key.clone(), self.value(&entry)?))).collect()
    }

    pub(super) async fn schema(&self) -> Result<u32, ApiError> {
        let entry = self.0.app.store.plugin_entry(self.0.plugin, SCHEMA, self.0.now()).await?;
        Ok(entry.map(|entry| self.value(&entry)).transpose()?.unwrap_or(0))
    }

    pub(super) async fn keep_schema(&self, step: u32) -> Result<(), ApiError> {
        self.keep(SCHEMA, &step, Keep::default()).await.map(drop)
    }

    async fn keep<T: Serialize + Sync>(&self, key: &str, value: &T, keep: Keep) -> Result<bool, ApiError> {
        let text = Zeroizing::new(serde_json::to_vec(value).map_err(ApiError::internal)?);
        if text.len() > VALUE_BYTES {
            return Err(ApiError::internal(format!("an entry has more than {VALUE_BYTES} bytes")));
        }
        let sealed_value = self.0.app.vault.seal(Purpose::PluginEntry, self.0.plugin, key, &text);
        let entry = PluginEntry { key: key.to_owned(), sealed_value, member: keep.member, expires_at: keep.until };
        Ok(self.0.app.store.keep_plugin_entry(self.0.plugin, entry).await?)
    }

    fn value<T: DeserializeOwned>(&self, entry: &PluginEntry) -> Result<T, ApiError> {
        let text = self.0.app.entry_value(self.0.plugin, entry)?;
        serde_json::from_slice(&text).map_err(ApiError::internal)
    }
}

fn check(key: &str) -> Result<&str, ApiError> {
    let fits = (1..=KEY_CHARACTERS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(key) } else { Err(ApiError::internal("an entry's key is not 1 to 128 visible ASCII characters")) }
}

impl App {
    /// The JSON that a plugin keeps.
    ///
    /// # Errors
    /// `internal` when it was sealed under a lost key file, or as another entry.
    pub(crate) fn entry_value(&self, plugin: &str, entry: &PluginEntry) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        let opened = self.vault.open(Purpose::PluginEntry, plugin, &entry.key, &entry.sealed_value);
        opened.map_err(ApiError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_visible() {
        for key in ["a", "code:0123", &"k".repeat(128)] {
            assert!(check(key).is_ok(), "{key}");
        }
        for key in ["", "a b", "码", "a\n", &"k".repeat(129)] {
            assert!(check(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_hashed_key_counts_the_borders_of_its_texts() {
        let (one, other) = (Storage::hashed("code:", &["ab", "c"]), Storage::hashed("code:", &["a", "bc"]));
        assert!(one != other && one.len() == 5 + 64 && check(&one).is_ok());
    }
}
