use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

use super::failure;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The writer of the server. It checkpoints between its batches, not within a commit.
    Writer,
    /// One of the pool.
    Reader,
}

/// Names and values as SQLite reads them back, set in this order.
type Pragmas = &'static [(&'static str, &'static str)];

const EVERY: Pragmas = &[
    ("busy_timeout", "5000"),
    ("journal_mode", "wal"),
    ("synchronous", "2"), // FULL
    ("foreign_keys", "1"),
    ("trusted_schema", "0"),
    ("cell_size_check", "1"),
    ("mmap_size", "0"),
];

impl Role {
    fn pragmas(self) -> Pragmas {
        match self {
            // 16 MiB: the inner pages of five million members. It is taken only as pages are read.
            Self::Writer => &[("secure_delete", "1"), ("wal_autocheckpoint", "0"), ("cache_size", "-16384")],
            Self::Reader => &[("query_only", "1"), ("wal_autocheckpoint", "0")],
        }
    }
}

const SWITCHES: &[(DbConfig, bool)] = &[
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    // Without it a cached join is planned anew at each use: five times the time of the query itself.
    (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    // A checkpoint is the writer's decision; after a failed commit there must be none.
    (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
];

/// SQLite before this loses data when a checkpoint races a reset of the log (sqlite.org/wal.html, "the WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;

/// Fails if this SQLite is older than 3.51.3.
pub(super) fn check_version(number: i32) -> Result<()> {
    if number >= OLDEST_SQLITE {
        return Ok(());
    }
    Err(failure::ours(format!(
        "SQLite {number} is linked, but {OLDEST_SQLITE} or later is needed: it may corrupt data"
    )))
}

/// Sets up a connection and fails unless every setting took.
pub(super) fn apply(connection: &Connection, role: Role) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    for &(switch, value) in SWITCHES {
        let found = connection.set_db_config(switch, value)?;
        if found != value {
            return Err(failure::ours(format!("SQLite did not take {switch:?} = {value}")));
        }
    }
    for &(name, value) in EVERY.iter().chain(role.pragmas()) {
        connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
    }
    check(connection, role)
}

/// For a file that may come from anywhere and is only read: nothing in its schema is trusted.
pub(super) fn distrust(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1; PRAGMA query_only = 1",
    )
}

/// Reads every pragma back.
fn check(connection: &Connection, role: Role) -> Result<()> {
    for &(name, value) in EVERY.iter().chain(role.pragmas()) {
        let found = connection.pragma_query_value(None, name, |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str()?.to_owned(),
            })
        })?;
        if found != value {
            return Err(failure::ours(format!("SQLite did not take PRAGMA {name} = {value}: it is {found}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(dir: &tempfile::TempDir) -> Connection {
        Connection::open(dir.path().join("test.db")).unwrap()
    }

    #[test]
    fn sqlite_version_gate() {
        assert!(check_version(3_051_002).unwrap_err().to_string().contains("3051003"));
        check_version(3_051_003).unwrap();
        check_version(rusqlite::version_number()).unwrap();
    }

    /// As `.cargo/config.toml` says.
    #[test]
    fn sqlite_is_built_without_what_nobody_asks_it_for() {
        let connection = Connection::open_in_memory().unwrap();
        let mut options = connection.prepare("PRAGMA compile_options").unwrap();
        let options: Result<Vec<String>> = options.query_map([], |row| row.get(0)).unwrap().collect();
        let options = options.unwrap();
        for there in ["DEFAULT_MEMSTATUS=0", "OMIT_LOAD_EXTENSION", "OMIT_SHARED_CACHE"] {
            assert!(options.iter().any(|option| option == there), "{there}: {options:?}");
        }
        let unwanted = ["DBSTAT_VTAB", "FTS", "LOAD_EXTENSION", "MEMORY_MANAGEMENT", "RTREE", "STAT4"];
        let unwanted = unwanted.map(|name| format!("ENABLE_{name}"));
        assert!(!options.iter().any(|option| unwanted.iter().any(|name| option.starts_with(name))), "{options:?}");
    }

    #[test]
    fn every_setting_takes_on_a_file() {
        let dir = tempfile::tempdir().unwrap();
        for role in [Role::Writer, Role::Reader] {
            apply(&connection(&dir), role).unwrap();
        }
    }

    #[test]
    fn pragma_gate() {
        let dir = tempfile::tempdir().unwrap();
        let drift = [
            ("journal_mode", "delete", Role::Writer),
            ("synchronous", "normal", Role::Writer),
            ("foreign_keys", "off", Role::Writer),
            ("trusted_schema", "on", Role::Writer),
            ("cell_size_check", "off", Role::Writer),
            ("mmap_size", "65536", Role::Writer),
            ("busy_timeout", "0", Role::Writer),
            ("secure_delete", "off", Role::Writer),
            ("wal_autocheckpoint", "1000", Role::Writer),
            ("cache_size", "-2000", Role::Writer),
            ("wal_autocheckpoint", "1000", Role::Reader),
            ("query_only", "off", Role::Reader),
        ];
        for (name, value, role) in drift {
            let connection = connection(&dir);
            apply(&connection, role).unwrap();
            connection.execute_batch(&format!("PRAGMA {name} = {value}")).unwrap();
            let error = check(&connection, role).unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn a_database_that_cannot_have_a_log_is_refused() {
        let error = apply(&Connection::open_in_memory().unwrap(), Role::Writer).unwrap_err();
        assert!(error.to_string().contains("journal_mode"), "{error}");
    }

    #[test]
    fn switches_stand() {
        let dir = tempfile::tempdir().unwrap();
        let connection = connection(&dir);
        apply(&connection, Role::Writer).unwrap();
        for &(switch, value) in SWITCHES {
            assert_eq!(connection.db_config(switch).unwrap(), value, "{switch:?}");
        }
    }
}
