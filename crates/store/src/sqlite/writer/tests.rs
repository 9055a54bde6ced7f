use std::fs;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use rusqlite::{Connection, ffi};
use tempfile::TempDir;

use super::batch::Commit;
use super::group::{Disk, Verdict};
use super::*;
use crate::sqlite::files::Watch;
use crate::sqlite::index::Index;
use crate::sqlite::meter::Meter;
use crate::sqlite::pragmas::{self, Role};
use crate::sqlite::readers;
use crate::sqlite::reserve::Reserve;

/// A writer on a file with one table, whose commits are counted and may be made to fail.
struct Bench {
    writer: Writer,
    commits: Arc<AtomicUsize>,
    meter: Arc<Meter>,
    dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(16, commit)
    }

    fn with(queue: usize, mut commit: impl FnMut(&Connection) -> rusqlite::Result<()> + Send + 'static) -> Self {
        let dir = TempDir::new().unwrap();
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&commits);
        let commit = Box::new(move |connection: &Connection| {
            counted.fetch_add(1, Ordering::SeqCst);
            commit(connection)
        });
        let meter = Arc::new(Meter::default());
        let writer = Writer::start(drain(&dir, commit, Arc::clone(&meter)), None, queue).unwrap();
        Self { writer, commits, meter, dir }
    }

    /// Keeps the thread busy with a batch of its own until the sender is used or dropped.
    fn hold(&self) -> channel::Sender<()> {
        let (release, released) = channel::channel();
        let (enter, entered) = channel::channel();
        let hold = move |_: &Tx<'_>| {
            enter.send(()).unwrap();
            released.recv().ok();
            Ok(())
        };
        drop(self.writer.enqueue(hold, Duty::Ordinary).unwrap());
        entered.recv().unwrap();
        release
    }

    fn note(&self, id: i64) -> Result<oneshot::Receiver<Result<usize>>> {
        self.writer.enqueue(move |tx| tx.execute("INSERT INTO notes (id) VALUES (?)", [id]), Duty::Ordinary)
    }

    /// The ids that another connection sees.
    fn notes(&self) -> Vec<i64> {
        let connection = Connection::open(self.dir.path().join("wxgate.db")).unwrap();
        let mut select = connection.prepare("SELECT id FROM notes ORDER BY id").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }
}

/// What writes to a new file with one table.
fn drain(dir: &TempDir, commit: Commit, meter: Arc<Meter>) -> Drain {
    let connection = Connection::open(dir.path().join("wxgate.db")).unwrap();
    pragmas::apply(&connection, Role::Writer).unwrap();
    let tables = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)";
    connection.execute_batch(tables).unwrap();
    let files = Watch::new(dir.path()).unwrap();
    Drain::new(connection, files, Arc::new(Index::none()), Reserve::none(), commit, meter, Arc::default())
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

async fn is_pending(future: impl Future<Output = ()>) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn what_waits_is_committed_together() {
    let bench = Bench::with(1000, commit);
    let release = bench.hold();
    let answers: Vec<_> = (0..300).map(|id| bench.note(id).unwrap()).collect();
    drop(release);
    for answer in answers {
        settle(answer).await.unwrap();
    }
    assert_eq!(bench.commits.load(Ordering::SeqCst), 3, "the held one, a whole batch, and the rest");
    let sizes = bench.meter.writes().batches;
    assert_eq!((sizes.sum, sizes.count), (301.0, 3), "{sizes:?}");
    assert_eq!(bench.notes().len(), 300);
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit_returned() {
    let (enter, entered) = channel::channel();
    let (release, released) = channel::channel::<()>();
    let bench = Bench::with(16, move |connection| {
        enter.send(()).unwrap();
        released.recv().ok();
        commit(connection)
    });
    let mut answer = bench.note(1).unwrap();
    entered.recv().unwrap();
    assert!(answer.try_recv().is_err());
    assert!(bench.notes().is_empty());
    drop(release);
    settle(answer).await.unwrap();
    assert_eq!(bench.notes(), [1]);
}

#[tokio::test]
async fn a_constraint_error_touches_its_own_request_only() {
    let bench = Bench::new();
    let release = bench.hold();
    let half = |tx: &Tx<'_>| tx.execute_batch("INSERT INTO notes (id) VALUES (3); INSERT INTO notes (id) VALUES (1)");
    let (first, clash, last) = (bench.note(1), bench.writer.enqueue(half, Duty::Ordinary), bench.note(2));
    drop(release);
    settle(first.unwrap()).await.unwrap();
    assert!(matches!(settle(clash.unwrap()).await, Err(Error::Conflict(_))));
    settle(last.unwrap()).await.unwrap();
    assert_eq!(bench.commits.load(Ordering::SeqCst), 2, "all three were in one batch");
    assert_eq!(bench.notes(), [1, 2], "the first half of the refused one is undone");
}

#[tokio::test]
async fn a_full_queue_is_busy() {
    let bench = Bench::with(2, commit);
    let release = bench.hold();
    let waiting = [bench.note(1).unwrap(), bench.note(2).unwrap()];
    assert!(matches!(bench.note(3), Err(Error::Busy)));
    drop(release);
    for answer in waiting {
        settle(answer).await.unwrap();
    }
    settle(bench.note(3).unwrap()).await.unwrap();
    assert_eq!(bench.notes(), [1, 2, 3]);
}

#[tokio::test]
async fn a_caller_that_goes_away_changes_nothing() {
    let bench = Bench::new();
    let release = bench.hold();
    drop(bench.note(1).unwrap());
    let next = bench.note(2).unwrap();
    drop(release);
    settle(next).await.unwrap();
    assert_eq!(bench.notes(), [1, 2]);
}

#[tokio::test]
async fn a_failed_commit_leaves_its_batch_unknown_and_ends_all_writing() {
    let mut commits = 0;
    let bench = Bench::with(1000, move |connection| {
        commits += 1;
        if commits == 2 { Err(failure(ffi::SQLITE_IOERR_FSYNC)) } else { commit(connection) }
    });
    let release = bench.hold();
    // More than one batch holds: the last ones are not even tried.
    let answers: Vec<_> = (0..300).map(|id| bench.note(id).unwrap()).collect();
    assert!(is_pending(bench.writer.failed()).await);
    drop(release);
    for answer in answers {
        assert!(matches!(settle(answer).await, Err(Error::OutcomeUnknown)));
    }
    bench.writer.failed().await;
    let later = bench.writer.write(|tx| tx.execute("INSERT INTO notes (id) VALUES (999)", [])).await;
    assert!(matches!(later, Err(Error::OutcomeUnknown)));
    assert_eq!(bench.commits.load(Ordering::SeqCst), 2, "nothing is tried again");
}

#[test]
fn files_that_went_while_nothing_was_written_end_all_writing() {
    for name in ["wxgate.db", "wxgate.db-wal"] {
        let ends: [fn(&Path, &Path); 3] = [
            |file, _| fs::remove_file(file).unwrap(),
            |file, away| fs::rename(file, away).unwrap(),
            |file, away| {
                fs::copy(file, away).unwrap();
                fs::rename(away, file).unwrap();
            },
        ];
        for end in ends {
            let dir = TempDir::new().unwrap();
            let mut drain = drain(&dir, Box::new(commit), Arc::default());
            assert!(matches!(drain.commit(&mut Vec::new()), Verdict::Committed));
            end(&dir.path().join(name), &dir.path().join("away"));
            let Verdict::Unknown(error) = drain.commit(&mut Vec::new()) else {
                panic!("{name} is still thought to be there")
            };
            assert!(error.to_string().contains(&format!("{name} was removed or replaced")), "{error}");
        }
    }
}

#[tokio::test]
async fn a_write_that_cannot_read_the_disk_ends_all_writing() {
    let bench = Bench::new();
    let broken = bench.writer.write(|_| Err::<(), _>(failure(ffi::SQLITE_IOERR_READ))).await;
    assert!(matches!(broken, Err(Error::OutcomeUnknown)));
    bench.writer.failed().await;
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_commit_takes_nothing_and_the_next_write_is_tried() {
    let mut commits = 0;
    let bench = Bench::with(16, move |connection| {
        commits += 1;
        if commits == 1 { Err(failure(ffi::SQLITE_FULL)) } else { commit(connection) }
    });
    assert!(matches!(settle(bench.note(1).unwrap()).await, Err(Error::Full)));
    settle(bench.note(2).unwrap()).await.unwrap();
    assert_eq!(bench.notes(), [2]);
    assert!(is_pending(bench.writer.failed()).await);
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_full_until_it_may() {
    let bench = Bench::new();
    let grow = |tx: &Tx<'_>| tx.execute("INSERT INTO notes (text) VALUES (hex(zeroblob(100000)))", []);
    let may_have = |pages: &'static str| move |tx: &Tx<'_>| tx.execute_batch(pages);
    bench.writer.write(may_have("PRAGMA max_page_count = 10")).await.unwrap();
    assert!(matches!(bench.writer.write(grow).await, Err(Error::Full)));
    settle(bench.note(7).unwrap()).await.unwrap();
    assert_eq!(bench.notes(), [7], "what needs no room goes on");
    bench.writer.write(may_have("PRAGMA max_page_count = 10000")).await.unwrap();
    bench.writer.write(grow).await.unwrap();
}

#[tokio::test]
async fn an_error_that_undoes_the_batch_is_everybodys() {
    let bench = Bench::new();
    let release = bench.hold();
    let undo = |tx: &Tx<'_>| tx.execute_batch("ROLLBACK").and(Err::<(), _>(failure(ffi::SQLITE_NOMEM)));
    let (first, spoiler, last) = (bench.note(1), bench.writer.enqueue(undo, Duty::Ordinary), bench.note(2));
    drop(release);
    assert!(matches!(settle(first.unwrap()).await, Err(Error::Internal(_))));
    assert!(matches!(settle(spoiler.unwrap()).await, Err(Error::Internal(_))));
    assert!(matches!(settle(last.unwrap()).await, Err(Error::Internal(_))));
    assert!(bench.notes().is_empty());
    settle(bench.note(3).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_panic_ends_all_writing() {
    let bench = Bench::new();
    let panicked = bench.writer.write(|_| -> rusqlite::Result<()> { panic!("as the test wants") }).await;
    assert!(matches!(panicked, Err(Error::OutcomeUnknown)));
    bench.writer.failed().await;
    assert!(matches!(bench.note(1), Err(Error::OutcomeUnknown)));
}

#[tokio::test]
async fn closing_finishes_what_waits_and_empties_the_log() {
    let bench = Bench::new();
    let release = bench.hold();
    let waiting = bench.note(1).unwrap();
    let mut close = pin!(bench.writer.close());
    assert!(is_pending(close.as_mut()).await);
    drop(release);
    close.await;
    settle(waiting).await.unwrap();
    assert_eq!(fs::metadata(bench.dir.path().join("wxgate.db-wal")).unwrap().len(), 0);
    assert!(matches!(bench.note(2), Err(Error::Internal(_))));
    assert!(is_pending(bench.writer.failed()).await, "an end that was asked for is no failure");
    bench.writer.close().await;
}

#[tokio::test]
async fn dropping_finishes_what_waits() {
    let Bench { writer, dir, commits, .. } = Bench::new();
    let answer = writer.enqueue(|tx| tx.execute("INSERT INTO notes (id) VALUES (1)", []), Duty::Ordinary).unwrap();
    drop(writer);
    settle(answer).await.unwrap();
    assert_eq!(commits.load(Ordering::SeqCst), 1);
    drop(dir);
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_between_batches() {
    let bench = Bench::new();
    for _ in 0..60 {
        let page_by_page = "INSERT INTO notes (text) VALUES (hex(zeroblob(100000)))";
        bench.writer.write(move |tx: &Tx<'_>| tx.execute(page_by_page, [])).await.unwrap();
    }
    let log = fs::metadata(bench.dir.path().join("wxgate.db-wal")).unwrap().len();
    assert!(log < 6_000_000, "12 MB were written, and {log} are in the log");
}

/// Writes 68 MiB while somebody reads over and over, each time for so long; the size of the log then.
async fn log_beside_a_reader(patience: Duration) -> u64 {
    let bench = Bench::new();
    let database = bench.dir.path().join("wxgate.db");
    let (enter, entered) = channel::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let reader = thread::spawn(move || {
        let connection = Connection::open(database).unwrap();
        while !stopped.load(Ordering::SeqCst) {
            let (stopped, enter) = (Arc::clone(&stopped), enter.clone());
            let hostile = move |connection: &Connection| {
                let snapshot = connection.unchecked_transaction()?;
                snapshot.query_row("SELECT count(*) FROM notes", [], |_| Ok(()))?;
                enter.send(()).ok();
                while !stopped.load(Ordering::SeqCst) {
                    snapshot.query_row(A_WHILE, [], |_| Ok(()))?;
                }
                Ok(())
            };
            let _ = readers::within(patience, &connection, hostile);
        }
    });
    entered.recv().unwrap();
    for _ in 0..68 {
        let mebibyte = "INSERT INTO notes (text) VALUES (hex(zeroblob(524288)))";
        bench.writer.write(move |tx: &Tx<'_>| tx.execute(mebibyte, [])).await.unwrap();
    }
    let log = fs::metadata(bench.dir.path().join("wxgate.db-wal")).unwrap().len();
    stop.store(true, Ordering::SeqCst);
    reader.join().unwrap();
    log
}

const A_WHILE: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
    SELECT count(*) FROM numbers";
const MEBIBYTE: u64 = 1 << 20;

#[tokio::test]
async fn wal_bounded() {
    let log = log_beside_a_reader(Duration::from_millis(100)).await;
    assert!(log <= 64 * MEBIBYTE, "{log}");
}

#[tokio::test]
async fn a_reader_without_a_limit_would_let_the_log_grow() {
    let log = log_beside_a_reader(Duration::MAX).await;
    assert!(log > 64 * MEBIBYTE, "{log}");
}
