#![doc = include_str!("../README.md")]

mod error;
mod model;
mod settings;
mod sqlite;
mod store;

#[cfg(feature = "contract")]
pub mod contract;

pub use error::{BoxError, Error, Result};
pub use model::*;
pub use settings::Settings;
pub use sqlite::SqliteStore;
pub use store::Store;
