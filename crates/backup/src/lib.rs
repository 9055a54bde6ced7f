#![doc = include_str!("../README.md")]

mod contents;
mod create;
mod erasures;
mod error;
mod manifest;
mod owner;
mod record;
mod restore;
mod retention;
mod scratch;
mod settings;
mod stream;
mod verify;

pub use contents::purpose;
pub use create::{Made, Out, Source, create, hex};
pub use erasures::{ERASURES, add_erasures, erasure_line, read_erasures};
pub use error::{Error, Result};
pub use manifest::Manifest;
pub use owner::{adopt, is_others};
pub use record::{Event, Record};
pub use restore::{Journal, Restored, Target, restore};
pub use retention::{Retention, is_ours};
pub use settings::Settings;
pub use verify::{Verified, verify};

/// What takes time, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The database is copied.
    Copy,
    /// A copy is read from end to end.
    Check,
    /// The file is compressed, sealed and written.
    Write,
    /// The file is read, opened and unpacked.
    Read,
}

/// Hears how many bytes of how many are done; of 0 when that is not known.
pub type Progress<'a> = dyn FnMut(Stage, u64, u64) + 'a;
