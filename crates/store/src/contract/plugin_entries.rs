//! What plugins keep.

use super::sample::{NOW, hash, log_in, login, member_id};
use crate::model::{By, ExportedEntry, MemberId, PluginEntry, Purged};
use crate::store::Store;

fn entry(key: &str, value: &str) -> PluginEntry {
    PluginEntry { key: key.to_owned(), sealed_value: value.into(), member: None, expires_at: None }
}

fn about(member: MemberId, key: &str) -> PluginEntry {
    PluginEntry { member: Some(member), ..entry(key, "value") }
}

async fn keep(store: &dyn Store, plugin: &str, entry: PluginEntry) -> bool {
    store.keep_plugin_entry(plugin, entry).await.expect("a write")
}

async fn kept(store: &dyn Store, plugin: &str, key: &str) -> Option<PluginEntry> {
    store.plugin_entry(plugin, key, NOW).await.expect("a read")
}

pub async fn an_entry_is_kept_in_place_of_the_one_before_and_apart_by_plugin(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    assert!(keep(store, "one", entry("k", "first")).await);
    assert!(keep(store, "other", entry("k", "another's")).await);
    let second = PluginEntry { expires_at: Some(NOW + 60), sealed_value: b"second".to_vec(), ..about(member, "k") };
    assert!(keep(store, "one", second.clone()).await);
    assert_eq!(kept(store, "one", "k").await, Some(second));
    assert_eq!(kept(store, "other", "k").await, Some(entry("k", "another's")));
    assert_eq!(kept(store, "one", "").await, None);
}

pub async fn an_entry_is_taken_once(store: &dyn Store) {
    keep(store, "one", entry("k", "value")).await;
    assert_eq!(store.take_plugin_entry("other", "k", NOW).await.expect("a write"), None);
    for found in [Some(entry("k", "value")), None] {
        assert_eq!(store.take_plugin_entry("one", "k", NOW).await.expect("a write"), found);
    }
    assert_eq!(kept(store, "one", "k").await, None);
}

pub async fn entries_are_listed_by_prefix_and_page(store: &dyn Store) {
    for key in ["a", "a:1", "a:2", "a:3", "a;", "b:1"] {
        keep(store, "one", entry(key, key)).await;
        keep(store, "other", entry(key, key)).await;
    }
    for (prefix, after, limit, found) in [
        ("a:", "", 9, &["a:1", "a:2", "a:3"][..]),
        ("a:", "", 2, &["a:1", "a:2"]),
        ("a:", "a:2", 2, &["a:3"]),
        ("a:", "b", 9, &[]),
        ("", "a:3", 9, &["a;", "b:1"]),
        ("c", "", 9, &[]),
    ] {
        let page = store.plugin_entries("one", prefix, after, limit, NOW).await.expect("a read");
        let keys: Vec<&str> = page.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, found, "{prefix} after {after}");
    }
}

pub async fn an_expired_entry_is_not_there_and_purged(store: &dyn Store) {
    keep(store, "one", PluginEntry { expires_at: Some(NOW + 60), ..entry("k", "value") }).await;
    keep(store, "one", entry("forever", "value")).await;
    assert!(store.plugin_entry("one", "k", NOW + 59).await.expect("a read").is_some());
    assert!(store.plugin_entry("one", "k", NOW + 60).await.expect("a read").is_none());
    assert_eq!(store.plugin_entries("one", "k", "", 9, NOW + 60).await.expect("a read"), []);
    assert_eq!(store.purge(NOW + 59, 100).await.expect("a write"), Purged::default());
    assert_eq!(store.purge(NOW + 60, 100).await.expect("a write"), Purged { plugin_entries: 1, ..Purged::default() });
    assert!(kept(store, "one", "k").await.is_none());
    keep(store, "one", PluginEntry { expires_at: Some(NOW), ..entry("k", "value") }).await;
    assert_eq!(store.take_plugin_entry("one", "k", NOW).await.expect("a write"), None);
    assert!(kept(store, "one", "forever").await.is_some());
}

pub async fn what_is_about_a_member_is_exported_and_goes_with_them(store: &dyn Store) {
    let member = log_in(store, login("o1", 1, NOW)).await.member.id;
    let other = log_in(store, login("o2", 2, NOW)).await.member.id;
    for (plugin, entry) in [("two", about(member, "b")), ("one", about(member, "a")), ("one", about(other, "c"))] {
        assert!(keep(store, plugin, entry).await);
    }
    keep(store, "one", entry("nobody", "value")).await;
    let export = store.export(member, hash(9), NOW).await.expect("a read").expect("a member");
    let exported = |plugin: &str, key| ExportedEntry { plugin: plugin.to_owned(), entry: about(member, key) };
    assert_eq!(export.plugin_entries, [exported("one", "a"), exported("two", "b")]);
    store.erase_member(member, hash(9), By::MEMBER, NOW).await.expect("a write").expect("a member");
    let left = store.plugin_entries("one", "", "", 9, NOW).await.expect("a read");
    assert_eq!(left, [about(other, "c"), entry("nobody", "value")]);
    assert_eq!(kept(store, "two", "b").await, None);
    assert!(!keep(store, "one", about(member, "a")).await, "there is nobody to keep it for");
    assert!(!keep(store, "one", about(member_id(77), "a")).await);
    assert_eq!(kept(store, "one", "a").await, None);
}
