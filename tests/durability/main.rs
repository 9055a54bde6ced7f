//! Nothing acknowledged is lost: the built program against power cuts, kills and disks that fail (threat-model D1 to D15).
//!
//! What it said is so stands in a ledger, and is looked for afterwards. The names of the tests are those of the threat model.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set must stop there")]

#[expect(dead_code, unused_imports, reason = "other tests need the rest of it")]
#[path = "../e2e/support/mod.rs"]
mod support;

mod backup_restore;
mod damage;
mod db_unlinked;
mod disk;
mod disk_full;
mod fsync_eio;
mod graceful;
mod kill9;
mod ledger;
mod load;
mod migration;
mod normal;
mod platter;
mod power_cut;
mod trace;
mod webhooks;

/// The first of two sizes, or the second if `WXGATE_LONG` is set: `tests/run --long`.
fn long<T: Copy>(sizes: [T; 2]) -> T {
    sizes[usize::from(std::env::var_os("WXGATE_LONG").is_some())]
}
