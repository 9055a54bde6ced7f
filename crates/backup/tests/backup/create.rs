//! What a backup leaves on the disk, and of which moment it is.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

use wxgate_backup::{Error, Event, Out, Record};

use crate::{Bench, names};

#[tokio::test]
async fn a_backup_is_one_file_that_nobody_else_reads_and_no_other_is_touched() {
    let bench = Bench::with(&["alice", "bob"]).await;
    let before = names(&bench.data());
    let made = bench.create(Out::File(&bench.file())).unwrap();
    let metadata = fs::metadata(bench.file()).unwrap();
    assert_eq!((metadata.permissions().mode() & 0o7777, metadata.len()), (0o600, made.bytes));
    assert_eq!(made.manifest.members(), 2);
    assert_eq!((names(bench.dir.path()), names(&bench.data())), (vec!["backup".to_owned(), "data".to_owned()], before));
    assert!(matches!(bench.create(Out::File(&bench.file())), Err(Error::Exists(_))));
    assert_eq!(fs::metadata(bench.file()).unwrap().len(), made.bytes, "what is there stays");
}

#[tokio::test]
async fn a_backup_beside_a_server_has_what_was_acknowledged_and_holds_nothing_up() {
    let bench = Bench::new();
    let store = bench.open();
    bench.log_in(&store, "alice").await;
    let made = bench.create(Out::File(&bench.file())).unwrap();
    bench.log_in(&store, "bob").await;
    store.close().await;
    assert_eq!(made.manifest.members(), 1);
    assert_eq!(fs::metadata(bench.data().join("wxgate.db-wal")).map_or(0, |log| log.len()), 0, "the log is free");
}

#[tokio::test]
async fn a_sink_that_fails_leaves_nothing() {
    struct Full(usize);
    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let bench = Bench::with(&["alice"]).await;
    let before = names(&bench.data());
    for room in [0, 300, 4000] {
        assert!(matches!(bench.create(Out::Stream(&mut Full(room))), Err(Error::File { .. })));
    }
    assert_eq!(names(&bench.data()), before);
}

#[tokio::test]
async fn no_secret_of_the_data_is_in_a_backup_in_the_clear() {
    let bench = Bench::with(&["canary-openid"]).await;
    let bytes = bench.backup();
    let secret = bench.key_file.split_whitespace().next_back().unwrap();
    for canary in ["canary-openid", "members", secret] {
        assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
    }
}

#[test]
fn the_record_says_what_was_last_done() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Record::read(dir.path()).unwrap(), Record::default());
    let event = Event { at: 2, of: 1, file: "backup".to_owned(), members: 3 };
    Record::change(dir.path(), |record| record.created = Some(event.clone())).unwrap();
    Record::change(dir.path(), |record| record.verified = Some(event.clone())).unwrap();
    let expected = Record { created: Some(event.clone()), verified: Some(event), restored: None };
    assert_eq!(Record::read(dir.path()).unwrap(), expected);
    assert_eq!(names(dir.path()), ["wxgate.backups.json"]);
}
