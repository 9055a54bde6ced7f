//! Logins, checks, purge, memory and start-up at 10,000 and 1,000,000 members with a session each:
//! `cargo bench -p wxgate-store`, or at other sizes `N=10000,1000000,5000000 cargo bench -p wxgate-store`.
//!
//! Everything runs on one runtime thread beside the writer's, as in the server, and on the disk that `TMPDIR` is on.
//! Rounds are interleaved, since machines drift: compare within one run.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and tells by printing")]

use std::env;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;
use wxgate_store::{
    Identified, Login, LoginOutcome, MemberId, MemberKey, NewSession, SessionId, Settings, SqliteStore, Store,
    UnixSeconds,
};

const NOW: UnixSeconds = UnixSeconds(1_794_395_200);
const FIRST_ID: i64 = (NOW.0 * 1000) << 21;
const ROUNDS: usize = 5;
const CALLERS: u64 = 64;
const CHECKS: u32 = 500_000;
/// Set in the process that shows what an opening takes.
const OPEN: &str = "WXGATE_BENCH_OPEN";

/// Logins of so many members, in a row or scattered over all of them.
struct Bench {
    store: SqliteStore,
    members: i64,
    next: AtomicI64,
    /// Whether a member may have no more than ten sessions: above it each login ends another.
    capped: AtomicBool,
}

fn skey_hash(number: i64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    hash
}

impl Bench {
    async fn login(&self, member: i64) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let login = Login {
            member: MemberKey { appid: "wx0123456789abcdef".to_owned(), openid: format!("oGZUI{member:023}") },
            new_member_id: MemberId(Uuid::now_v7()),
            unionid: None,
            sealed_key: vec![7; 64],
            profile: None,
            is_risky: false,
            session: NewSession {
                id: SessionId(FIRST_ID + number * 64),
                skey_hash: skey_hash(number),
                expires_at: NOW + 7 * 86_400,
                ends_at: NOW + 30 * 86_400,
                user_agent: Some(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0".to_owned(),
                ),
            },
            max_sessions: if self.capped.load(Ordering::Relaxed) { 10 } else { u32::MAX },
            now: NOW,
        };
        let outcome = self.store.record_login(login).await.unwrap();
        assert!(matches!(outcome, LoginOutcome::Session(_)));
    }

    /// Logins a second of members that are known, and the longest that one took. Each caller is a task, as in a server.
    async fn logins(self: &Arc<Self>, callers: u64, time: Duration) -> (f64, Duration) {
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let bench = Arc::clone(self);
            tasks.spawn(async move {
                let (mut count, mut longest) = (0_u32, Duration::ZERO);
                let mut random = Random(caller + bench.next.load(Ordering::Relaxed).unsigned_abs());
                while begin.elapsed() < time {
                    let one = Instant::now();
                    bench.login(random.below(bench.members)).await;
                    longest = longest.max(one.elapsed());
                    count += 1;
                }
                (count, longest)
            });
        }
        let done = tasks.join_all().await;
        let count: u32 = done.iter().map(|(count, _)| count).sum();
        let longest = done.iter().map(|(_, longest)| *longest).max().unwrap();
        (f64::from(count) / begin.elapsed().as_secs_f64(), longest)
    }

    /// Logins of one caller and of many, in turns.
    async fn show_logins(self: &Arc<Self>, what: &str) -> f64 {
        let (mut cpu, mut count) = (0.0, 0);
        let (mut single, mut grouped, mut ratios, mut longest) = (vec![], vec![], vec![], Duration::ZERO);
        for _ in 0..ROUNDS {
            let (alone, _) = self.logins(1, Duration::from_millis(300)).await;
            let (cpu_before, before) = (cpu_seconds(), self.next.load(Ordering::Relaxed));
            let (together, slowest) = self.logins(CALLERS, Duration::from_millis(600)).await;
            cpu += cpu_seconds() - cpu_before;
            count += self.next.load(Ordering::Relaxed) - before;
            longest = longest.max(slowest);
            single.push(alone);
            grouped.push(together);
            ratios.push(together / alone);
        }
        let together = median(grouped);
        #[expect(clippy::cast_precision_loss, reason = "far from 2^52 logins")]
        let spent = cpu * 1e6 / count as f64;
        println!(
            "{what}: {:.0} a second one by one, {together:.0} of {CALLERS} callers, {:.1} times as many; \
             {spent:.1} µs of CPU on both threads, the longest {longest:.0?}",
            median(single),
            median(ratios)
        );
        together
    }

    /// Nanoseconds of a check.
    fn checks(&self, sessions: i64) -> f64 {
        let mut random = Random(7);
        let begin = Instant::now();
        for _ in 0..CHECKS {
            let number = random.below(sessions);
            black_box(self.store.identify(SessionId(FIRST_ID + number * 64), &skey_hash(number), NOW));
        }
        begin.elapsed().as_secs_f64() * 1e9 / f64::from(CHECKS)
    }

    /// Ends everything that there is, beside a caller who logs in without a pause.
    async fn show_purge(self: &Arc<Self>) {
        let stop = Arc::new(AtomicBool::new(false));
        let (bench, stopped) = (Arc::clone(self), Arc::clone(&stop));
        let caller = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                longest = longest.max(bench.logins(1, Duration::from_millis(20)).await.1);
            }
            longest
        });
        let (begin, mut slices, mut count) = (Instant::now(), vec![], 0_u32);
        loop {
            let slice = Instant::now();
            let purged = self.store.purge(NOW + 31 * 86_400, 500).await.unwrap();
            slices.push(slice.elapsed().as_secs_f64() * 1e3);
            count += u32::try_from(purged.sessions).unwrap();
            if !purged.more {
                break;
            }
        }
        let rate = f64::from(count) / begin.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        let longest = caller.await.unwrap();
        slices.sort_by(f64::total_cmp);
        let (half, all) = (slices[slices.len() / 2], slices[slices.len() - 1]);
        println!(
            "purge: {rate:.0} sessions a second; a slice takes {half:.1} ms, the longest {all:.1} ms; \
             a login beside it at most {longest:.0?}"
        );
    }
}

/// Scattered numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What this process has had of the processors, exact to 10 ms: it counts where the clock counts what others do too.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// In a process of its own, whose memory holds nothing else.
fn show_opening(dir: &Path) {
    let before = resident_mb();
    let begin = Instant::now();
    let store = SqliteStore::open(&Settings::default(), dir).unwrap();
    let opened = begin.elapsed();
    while matches!(store.identify(SessionId(1), &[0; 32], NOW), Identified::Ask) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let loaded = begin.elapsed();
    println!("open {opened:.0?}, all sessions in memory {loaded:.0?}, {:.0} MB more", resident_mb() - before);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Some(dir) = env::var_os(OPEN) {
        return show_opening(Path::new(&dir));
    }
    let sizes = env::var("N").unwrap_or_else(|_| "10000,1000000".to_owned());
    let mut first = None;
    for members in sizes.split(',').map(|size| size.parse().unwrap()) {
        let (logins, check) = show(members).await;
        let (first_logins, first_check) = *first.get_or_insert((logins, check));
        println!("logins {:.2}, check {:.2} times the first size\n", logins / first_logins, check / first_check);
    }
}

/// Everything at one size; logins a second of many callers, and nanoseconds of a check.
async fn show(members: i64) -> (f64, f64) {
    let dir = TempDir::new().unwrap();
    let store = SqliteStore::open(&Settings::default(), dir.path()).unwrap();
    let bench = Bench { store, members, next: AtomicI64::new(0), capped: AtomicBool::new(false) };
    let begin = Instant::now();
    for first in (0..members).step_by(1024) {
        join_all((first..members.min(first + 1024)).map(|member| bench.login(member))).await;
    }
    println!("{members} members, one session each, made in {:.1?}", begin.elapsed());
    bench.store.close().await;

    let mut open = Command::new(env::current_exe().unwrap());
    assert!(open.env(OPEN, dir.path()).status().unwrap().success());

    let store = SqliteStore::open(&Settings::default(), dir.path()).unwrap();
    let bench = Arc::new(Bench { store, ..bench });
    bench.login(0).await;
    let cpu = cpu_seconds();
    let check = median((0..ROUNDS).map(|_| bench.checks(members)).collect());
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let spent = (cpu_seconds() - cpu) * 1e9 / (ROUNDS as f64 * f64::from(CHECKS));
    println!("check: {check:.0} ns, {spent:.0} ns of CPU");
    let logins = bench.show_logins("logins").await;
    bench.capped.store(true, Ordering::Relaxed);
    bench.show_logins("logins, at most ten sessions each").await;
    bench.show_purge().await;
    (logins, check)
}
