//! D1: the files as a power cut leaves them, at thousands of moments of a loaded server.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use rusqlite::Connection;
use wxgate_crypto::Skey;
use wxgate_store::{Identified, SessionId, Settings, SqliteStore, Store, UnixSeconds};

use crate::disk::put_under;
use crate::ledger::{Ledger, Session, State};
use crate::load::Load;
use crate::long;
use crate::normal;
use crate::platter::{Files, Platter, Unsynced};
use crate::support::{Bench, Server, program};
use crate::trace::{self, Event};

/// Cuts of the campaign, in the normal run and in the long one.
const CUTS: [usize; 2] = [2_001, 20_001];
/// Cuts within which a server that does not wait for the disk must have lost something.
const WITHOUT_WAITING: usize = 201;
/// Earlier than any session ends.
const EVER: UnixSeconds = UnixSeconds(0);
/// Sessions that end while the trace is kept.
const LOAD: [usize; 2] = [1_100, 3_000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cut() {
    let bench = Arc::new(Bench::new().await);
    let mut serve = program(bench.dir());
    serve.arg("serve");
    let (events, ledger) = recorded(&bench, serve).await;
    let emptied = events.iter().filter(|event| matches!(event, Event::Cut { name, size: 0 } if name.ends_with("-wal")));
    let begun =
        events.iter().filter(|event| matches!(event, Event::Written { name, at: 0, .. } if name.ends_with("-wal")));
    let (emptied, begun) = (emptied.count(), begun.count());
    // It begins in an empty file, and then over what is in the file already: after a checkpoint in passing.
    assert!(emptied > 0 && begun > emptied + 1, "the log was emptied {emptied} times and began {begun} times");
    let losses = cut(&events, &ledger, long(CUTS));
    println!(
        "{} cuts in {} events; the log began {begun} times, {emptied} of them in an emptied file, of {} sessions",
        long(CUTS),
        events.len(),
        ledger.sessions().count()
    );
    assert!(losses.is_empty(), "{} losses, the first: {}", losses.len(), losses[0]);
}

/// What makes the campaign lose nothing is that each commit waits for the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cut_loses_where_a_commit_does_not_wait_for_the_disk() {
    let bench = Arc::new(Bench::new().await);
    let (events, ledger) = recorded(&bench, normal::server(&bench)).await;
    let losses = cut(&events, &ledger, WITHOUT_WAITING);
    println!("synchronous=NORMAL: {} losses at {WITHOUT_WAITING} cuts, the first: {:?}", losses.len(), losses.first());
    assert!(losses.iter().any(|loss| loss.contains("was acknowledged")));
}

/// Serves a load on a disk that keeps a trace.
async fn recorded(bench: &Arc<Bench>, mut command: Command) -> (Vec<Event>, Ledger) {
    let trace = bench.dir().join("trace");
    put_under(&mut command, bench.dir(), &[("DISK_TRACE", trace.to_str().unwrap()), ("DISK_SYNC_US", "1000")]);
    let server = Arc::new(Server::start(command).await);
    let (ledger, _) = Load::up_to(bench, &server, Ledger::default(), long(LOAD)).end().await;
    Arc::into_inner(server).unwrap().kill().await;
    (trace::read(&trace), ledger)
}

/// What is lost or broken after `count` cuts, spread evenly over the trace, of three kinds in turn.
fn cut(events: &[Event], ledger: &Ledger, count: usize) -> Vec<String> {
    let claims = claims(events, ledger);
    let (jobs, queue) = sync_channel(4);
    let (queue, losses) = (Mutex::new(queue), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| judge(&queue, &claims, &losses));
        }
        // The workers end when it is gone.
        let jobs = jobs;
        let (mut platter, mut done) = (Platter::default(), 0);
        for number in 0..count {
            let at = (number / 3 + 1) * events.len() / count.div_ceil(3);
            events[done..at].iter().for_each(|event| platter.apply(event));
            done = at;
            let unsynced = [Unsynced::Nothing, Unsynced::All, Unsynced::Some(number as u64)][number % 3];
            jobs.send(Cut { at, unsynced, files: platter.after_a_cut(unsynced) }).unwrap();
        }
    });
    losses.into_inner().unwrap()
}

struct Cut {
    /// How many events came before.
    at: usize,
    unsynced: Unsynced,
    files: Files,
}

/// What the ledger says of one session, and when it was said.
struct Claim<'a> {
    session: &'a Session,
    id: SessionId,
    hash: [u8; 32],
    /// The events after which it holds.
    said: Vec<(usize, State)>,
}

impl Claim<'_> {
    fn last(&self, at: usize) -> Option<State> {
        self.said.iter().rfind(|(said_at, _)| *said_at < at).map(|(_, state)| *state)
    }
}

fn claims<'a>(events: &[Event], ledger: &'a Ledger) -> Vec<Claim<'a>> {
    let answered = events.iter().enumerate().filter_map(|(at, event)| match event {
        Event::Answered(rid) => Some((rid, at)),
        _ => None,
    });
    let answered: HashMap<&String, usize> = answered.collect();
    let claim = |(skey, session): (_, &'a Session)| {
        let skey = Skey::parse(skey).unwrap();
        let said = session.said.iter().map(|(rid, state)| (answered[rid], *state)).collect();
        Claim { session, id: SessionId(skey.session_id()), hash: skey.hash(), said }
    };
    ledger.sessions().map(claim).collect()
}

fn judge(queue: &Mutex<Receiver<Cut>>, claims: &[Claim<'_>], losses: &Mutex<Vec<String>>) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    loop {
        let Ok(cut) = queue.lock().unwrap().recv() else { return };
        if let Err(loss) = opened(&data, &cut.files).and_then(|store| compare(&store, cut.at, claims)) {
            losses.lock().unwrap().push(format!("after event {}, of the unsynced {:?}: {loss}", cut.at, cut.unsynced));
        }
        fs::remove_dir_all(&data).unwrap();
    }
}

/// A store of these files, which must be whole.
fn opened(data: &Path, files: &Files) -> Result<SqliteStore, String> {
    DirBuilder::new().mode(0o700).create(data).unwrap();
    for (name, bytes) in files {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(data.join(name));
        file.and_then(|mut file| file.write_all(bytes)).unwrap();
    }
    let settings = Settings { readers: 1, ..Settings::default() };
    let store = SqliteStore::open(&settings, data).map_err(|error| error.to_string())?;
    let check = Connection::open(data.join("wxgate.db"))
        .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
    match check.as_deref() {
        Ok("ok") => Ok(store),
        Ok(damage) => Err(damage.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn compare(store: &SqliteStore, at: usize, claims: &[Claim<'_>]) -> Result<(), String> {
    for claim in claims {
        let (found, last) = (found(store, claim), claim.last(at));
        if !claim.session.may_be(found, last) {
            return Err(format!("{last:?} was acknowledged, and {found:?} is found"));
        }
    }
    Ok(())
}

fn found(store: &SqliteStore, claim: &Claim<'_>) -> State {
    loop {
        match store.identify(claim.id, &claim.hash, EVER) {
            Identified::Known(session) => {
                return State::Alive(session.nick_name.map_or(0, |name| name.parse().unwrap()));
            }
            // Not loaded yet.
            Identified::Ask => thread::yield_now(),
            Identified::Absent => return State::Dead,
        }
    }
}
