//! The queue and the group commit in many of the orders in which callers and the writer can meet (threat-model D11). They run as
//! they are, tokio's channels among them; only the disk is another, and shuttle decides who goes on at every wait.

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use rusqlite::ffi;
use shuttle::rand::{RngCore, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, future, thread};
use tokio::sync::oneshot;

use super::group::{Answer, Disk, Group, Queue, Verdict, queue, settle};
use crate::error::{Error, Result};

/// Schedules of each kind: in a normal run, and with `WXGATE_LONG`.
const SCHEDULES: [usize; 2] = [10_000, 500_000];
const CALLERS: u32 = 4;
/// Fewer than callers, so that some find the queue full.
const ROOM: usize = 2;

/// What is wrong, if anything: each must be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    AnswersBeforeTheCommit,
    DropsAnAnswer,
    ForgetsToWake,
}

/// All that is known to him who looks at everything.
#[derive(Default)]
struct Seen {
    accepted: BTreeSet<u32>,
    taken: usize,
    durable: BTreeSet<u32>,
    refused: BTreeSet<u32>,
    commits: u32,
    failed: bool,
    stopped: bool,
}

#[derive(Clone, Default)]
struct World(Arc<Mutex<Seen>>);

impl World {
    /// Nobody waits while it is held.
    fn look(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }
}

struct Note {
    number: u32,
    answer: Option<oneshot::Sender<Result<()>>>,
    fault: Fault,
}

impl Answer for Note {
    fn answer(self, verdict: &Verdict) {
        let Some(answer) = self.answer else { return };
        match self.fault {
            Fault::DropsAnAnswer if self.number == 0 => drop(answer),
            Fault::ForgetsToWake if self.number == 0 => std::mem::forget(answer),
            // A caller that has gone away changes nothing.
            _ => drop(answer.send(verdict.of(Some(Ok(()))))),
        }
    }
}

/// A disk whose n-th commit fails, or finds no room.
struct Model {
    world: World,
    fails_at: u32,
    is_full_at: u32,
    /// Whether an idle while ever ends. It wakes a writer whom nobody woke.
    idles: bool,
    fault: Fault,
}

impl Disk for Model {
    type Intent = Note;

    fn commit(&mut self, batch: &mut Vec<Note>) -> Verdict {
        assert!(!self.world.look().failed, "nothing is written after a commit that failed");
        if batch.is_empty() {
            return Verdict::Committed;
        }
        self.world.look().taken += batch.len();
        thread::yield_now();
        if self.fault == Fault::AnswersBeforeTheCommit {
            batch.iter_mut().filter_map(|note| note.answer.take()).for_each(|answer| drop(answer.send(Ok(()))));
            thread::yield_now();
        }
        let numbers = batch.iter().map(|note| note.number);
        let mut seen = self.world.look();
        seen.commits += 1;
        if seen.commits == self.fails_at {
            seen.failed = true;
            return Verdict::Unknown(failure(ffi::SQLITE_IOERR_FSYNC));
        }
        if seen.commits == self.is_full_at {
            seen.refused.extend(numbers);
            return Verdict::RolledBack(Arc::new(failure(ffi::SQLITE_FULL)));
        }
        seen.durable.extend(numbers);
        drop(seen);
        thread::yield_now();
        Verdict::Committed
    }

    fn tidy(&mut self) {
        thread::yield_now();
    }

    fn gather(&mut self, _answered: usize, _waiting: impl Fn() -> usize) {
        thread::yield_now();
    }

    fn settle(&mut self) {}

    fn close(&mut self, _is_asked: bool) {
        thread::yield_now();
    }

    fn idle(&self) -> impl Future<Output = ()> {
        let ends = self.idles && dice(2) == 0;
        async move {
            future::yield_now().await;
            if !ends {
                pending::<()>().await;
            }
        }
    }
}

fn dice(sides: u32) -> u32 {
    thread_rng().next_u32() % sides
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

async fn call(queue: Arc<Queue<Note>>, world: World, number: u32, fault: Fault) {
    let (answer, answered) = oneshot::channel();
    let put = queue.put(Note { number, answer: Some(answer), fault });
    {
        let mut seen = world.look();
        let waiting = seen.accepted.len() - seen.taken;
        match put {
            Ok(()) => {
                assert!(!seen.failed, "accepted after a commit that failed");
                assert!(waiting < ROOM, "{waiting} wait already");
                seen.accepted.insert(number);
            }
            Err(Error::Busy) => return assert!(waiting == ROOM || seen.stopped, "busy while there is room"),
            Err(Error::OutcomeUnknown) => return assert!(seen.failed, "unknown, and nothing failed"),
            Err(Error::Internal(_)) => return assert!(seen.stopped, "closed, and nobody asked for that"),
            Err(other) => panic!("{other}"),
        }
    }
    if dice(2) == 0 {
        // This one does not wait, or not for long.
        for _ in 0..dice(2) {
            future::yield_now().await;
        }
        return;
    }
    let answer = settle(answered).await;
    let seen = world.look();
    match answer {
        Ok(()) => assert!(seen.durable.contains(&number), "acknowledged, and not on the disk"),
        Err(Error::Full) => assert!(seen.refused.contains(&number)),
        Err(Error::OutcomeUnknown) => assert!(seen.failed, "unknown, and nothing failed"),
        Err(other) => panic!("{other}"),
    }
}

/// One life of a queue: callers, of whom some give up, a disk that may fail or be full, and perhaps an end that is asked for.
fn live(fault: Fault) {
    let world = World::default();
    let (queue, group) = queue::<Note>(ROOM);
    let failed = queue.failed();
    let queue = Arc::new(queue);
    let (fails_at, is_full_at) = (dice(6), dice(6));
    let disk = Model { world: world.clone(), fails_at, is_full_at, idles: dice(2) == 0, fault };
    let writer = thread::spawn(move || serve(group, disk));
    let mut tasks: Vec<_> =
        (0..CALLERS).map(|number| future::spawn(call(Arc::clone(&queue), world.clone(), number, fault))).collect();
    if dice(2) == 0 {
        let (queue, world) = (Arc::clone(&queue), world.clone());
        tasks.push(future::spawn(async move {
            world.look().stopped = true;
            queue.stop().await;
        }));
    }
    drop(queue);
    for task in tasks {
        future::block_on(task).unwrap();
    }
    writer.join().unwrap();
    let seen = world.look();
    let done: BTreeSet<_> = seen.durable.union(&seen.refused).copied().collect();
    assert!(seen.failed || seen.accepted == done, "what was accepted is done, whoever still waits for it");
    let has_failed = future::block_on(async {
        let mut failed = pin!(failed);
        poll_fn(|context| Poll::Ready(failed.as_mut().poll(context).is_ready())).await
    });
    assert_eq!(has_failed, seen.failed, "the program ends when, and only when, an outcome is unknown");
}

fn serve(group: Group<Note>, mut disk: Model) {
    future::block_on(group.run(&mut disk));
}

fn run(scheduler: impl Scheduler + 'static, fault: Fault) {
    Runner::new(scheduler, Config::default()).run(move || live(fault));
}

#[test]
fn shuttle_group_commit() {
    if std::env::var_os("WXGATE_LONG").is_some() {
        run(RandomScheduler::new(SCHEDULES[1]), Fault::None);
        run(PctScheduler::new(3, SCHEDULES[1]), Fault::None);
    } else {
        run(RandomScheduler::new_from_seed(0, SCHEDULES[0]), Fault::None);
        run(PctScheduler::new_from_seed(0, 3, SCHEDULES[0]), Fault::None);
    }
}

#[test]
#[should_panic(expected = "acknowledged, and not on the disk")]
fn an_answer_before_the_commit_is_noticed() {
    run(RandomScheduler::new_from_seed(0, SCHEDULES[0]), Fault::AnswersBeforeTheCommit);
}

#[test]
#[should_panic(expected = "unknown, and nothing failed")]
fn an_answer_that_is_dropped_is_noticed() {
    run(RandomScheduler::new_from_seed(0, SCHEDULES[0]), Fault::DropsAnAnswer);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_caller_who_is_not_woken_is_noticed() {
    run(RandomScheduler::new_from_seed(0, SCHEDULES[0]), Fault::ForgetsToWake);
}
