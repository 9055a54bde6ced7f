#![doc = include_str!("../README.md")]

mod bulk;
mod error;
mod feed;
mod management;
mod model;
mod outbox;
mod plugin_entries;
mod settings;
mod sqlite;
mod store;

#[cfg(feature = "contract")]
pub mod contract;

pub use bulk::Bulk;
pub use error::{BoxError, Error, Result};
pub use feed::{Heard, Listener};
pub use management::Management;
pub use model::*;
pub use outbox::Outbox;
pub use plugin_entries::PluginEntries;
pub use settings::Settings;
pub use sqlite::{
    Examined, LATEST_SCHEMA, Lock, Sealed, SealedWhat, Snapshot, SqliteStore, examine, schema_version, sqlite_version,
};
pub use store::Store;
