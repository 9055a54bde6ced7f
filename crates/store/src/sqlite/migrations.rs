use refinery::{Migration, Runner, Target};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::error::{BoxError, Result};

/// Every migration there ever was, oldest first, as refinery names it. A released one is never edited.
const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__members_and_sessions", include_str!("../../../../migrations/sqlite/0001_members_and_sessions.sql")),
    ("V2__wechat_events", include_str!("../../../../migrations/sqlite/0002_wechat_events.sql")),
    ("V3__avatars", include_str!("../../../../migrations/sqlite/0003_avatars.sql")),
    ("V4__management", include_str!("../../../../migrations/sqlite/0004_management.sql")),
    ("V5__statistics", include_str!("../../../../migrations/sqlite/0005_statistics.sql")),
    ("V6__webhooks", include_str!("../../../../migrations/sqlite/0006_webhooks.sql")),
    ("V7__signing_keys", include_str!("../../../../migrations/sqlite/0007_signing_keys.sql")),
    ("V8__no_outside_changes", include_str!("../../../../migrations/sqlite/0008_no_outside_changes.sql")),
    ("V9__plugin_entries", include_str!("../../../../migrations/sqlite/0009_plugin_entries.sql")),
    ("V10__avatar_checks", include_str!("../../../../migrations/sqlite/0010_avatar_checks.sql")),
];

/// The schema this program is written for.
pub(super) const LATEST: u32 = number(MIGRATIONS[MIGRATIONS.len() - 1].0);

/// `7` of `V7__signing_keys`.
const fn number(name: &str) -> u32 {
    let (name, mut at, mut number) = (name.as_bytes(), 1, 0);
    while name[at].is_ascii_digit() {
        number = number * 10 + (name[at] - b'0') as u32;
        at += 1;
    }
    number
}

/// The schema of the database: the number of its last migration, 0 if it has none.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    let history = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'refinery_schema_history'";
    if connection.query_row(history, [], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";
    connection.query_row(newest, [], |row| row.get(0))
}

/// Brings the schema up to [`LATEST`], whole or not at all.
pub(super) fn run(connection: &mut Connection) -> std::result::Result<(), BoxError> {
    run_to(connection, LATEST)
}

/// Brings the schema up to this version.
pub(super) fn run_to(connection: &mut Connection, version: u32) -> std::result::Result<(), BoxError> {
    let migrations =
        MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect::<Result<Vec<_>, _>>()?;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    Runner::new(&migrations).set_target(Target::Version(version.cast_signed())).set_grouped(true).run(connection)?;
    Ok(())
}

/// Writes, so that a disk that takes no writes is noticed: the header gets the schema's number, which it has already.
pub(super) fn probe(tx: &Connection) -> rusqlite::Result<()> {
    tx.pragma_update(None, "user_version", version(tx)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_migration_in_its_place() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let named: Vec<_> = MIGRATIONS
            .iter()
            .map(|(name, _)| name.strip_prefix('V').unwrap().split_once("__").unwrap())
            .map(|(number, what)| format!("{number:0>4}_{what}.sql"))
            .collect();
        assert_eq!(files, named);
        assert!(files.last().unwrap().starts_with(&format!("{LATEST:0>4}_")));
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(version(&connection).unwrap(), 0);
        run(&mut connection).unwrap();
        run(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), LATEST);
    }
}
