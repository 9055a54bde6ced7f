//! What the store promises, trait by trait: each question goes to a reader or to the index, each change to the writer.

mod management;
mod outbox;
mod plugin_entries;
mod store;
