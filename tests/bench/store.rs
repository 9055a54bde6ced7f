//! The store by itself, through its public interface: fills it, logs into it and purges it.
//!
//! - `bench-store fill DATA_DIR APPID SESSIONS SAMPLE` makes so many members with a session each, and writes the skeys of up
//!   to 100,000 of them to the file `SAMPLE`.
//! - `bench-store expire DATA_DIR APPID SESSIONS` adds that many that are long over.
//! - `bench-store logins DATA_DIR APPID MEMBERS SECONDS` logs known members in.
//! - `bench-store purge DATA_DIR APPID` removes all sessions as if they had expired.
//! - `bench-store payloads APPID COUNT FILE` writes that many phone payloads, a line each, `encryptedData`, a blank and `iv`.
//!
//! What it measured it prints as one line of numbers for `run`.
#![expect(clippy::print_stdout, reason = "its answers are what it prints")]

mod people;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinSet;
use uuid::Uuid;
use wxgate_crypto::{Purpose, SessionKey, SkeyMint, Vault, payload};
use wxgate_store::{
    Login, LoginOutcome, MemberId, MemberKey, NewSession, SessionId, Settings, SqliteStore, Store, UnixSeconds,
};
use zeroize::Zeroizing;

/// Logins under way at once, as many as wrk's connections.
const CALLERS: u64 = 64;
const SAMPLE: u64 = 100_000;
const DAY: i64 = 86_400;
/// Filled sessions were last seen so much later: within the hour none of those that are checked is due to be renewed, as
/// each is once in ten minutes.
const AHEAD: i64 = 3_600;
/// What housekeeping removes in one write.
const PURGE_ROWS: u32 = 500;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", data_dir, appid, sessions, sample] => {
            let (began, skeys) = (Instant::now(), fill(data_dir, appid, sessions.parse()?, 0).await?);
            let seconds = began.elapsed().as_secs_f64();
            fs::write(sample, skeys.as_bytes())?;
            println!("{sessions} {seconds:.3}");
            Ok(())
        }
        ["expire", data_dir, appid, sessions] => fill(data_dir, appid, sessions.parse()?, 60 * DAY).await.map(drop),
        ["logins", data_dir, appid, members, seconds] => {
            logins(data_dir, appid, members.parse()?, Duration::from_secs(seconds.parse()?)).await
        }
        ["purge", data_dir, appid] => purge(data_dir, appid).await,
        ["payloads", appid, count, file] => payloads(appid, count.parse()?, file),
        _ => Err("usage: see the head of tests/bench/store.rs".into()),
    }
}

/// What all callers share.
struct Bench {
    store: SqliteStore,
    vault: Vault,
    mint: SkeyMint,
    appid: String,
    next: AtomicU64,
}

impl Bench {
    fn open(data_dir: &str, appid: &str) -> Result<Arc<Self>, Failure> {
        let data_dir = Path::new(data_dir);
        let vault = Vault::parse_key_file(&fs::read_to_string(data_dir.join("wxgate.key"))?)?;
        let store = SqliteStore::open(&Settings::default(), data_dir)?;
        Ok(Arc::new(Self { store, vault, mint: SkeyMint::new(), appid: appid.to_owned(), next: AtomicU64::new(0) }))
    }

    /// Memory knows all sessions: until then logins and purges wait.
    async fn loaded(&self) -> Result<(), Failure> {
        self.store.end_sessions(MemberId(Uuid::nil()), UnixSeconds(0)).await?;
        Ok(())
    }

    /// What the server does once WeChat has answered; so many seconds ago, and seen so many seconds later.
    async fn log_in(&self, number: u64, ago: i64, ahead: i64) -> Result<Zeroizing<String>, Failure> {
        let (now, now_ms) = now()?;
        let now = now - ago + ahead;
        let skey = self.mint.mint(now_ms - ago * 1000);
        let member = MemberKey { appid: self.appid.clone(), openid: people::openid(number) };
        let login = Login {
            new_member_id: MemberId(Uuid::now_v7()),
            unionid: None,
            sealed_key: self.vault.seal(
                Purpose::SessionKey,
                &member.appid,
                &member.openid,
                people::SESSION_KEY.as_bytes(),
            ),
            member,
            profile: None,
            is_risky: false,
            session: NewSession {
                id: SessionId(skey.session_id()),
                skey_hash: skey.hash(),
                expires_at: now + 7 * DAY,
                ends_at: now + 30 * DAY,
                user_agent: None,
            },
            max_sessions: 10,
            now,
        };
        match self.store.record_login(login).await? {
            LoginOutcome::Session(_) => Ok(skey.expose()),
            LoginOutcome::Blocked => Err("nobody is blocked here".into()),
        }
    }
}

fn now() -> Result<(UnixSeconds, i64), Failure> {
    let since = SystemTime::UNIX_EPOCH.elapsed()?;
    Ok((UnixSeconds(i64::try_from(since.as_secs())?), i64::try_from(since.as_millis())?))
}

/// Logs each member in once; the skeys of a sample, a line each. It and its time end when the store is closed.
async fn fill(data_dir: &str, appid: &str, sessions: u64, ago: i64) -> Result<Zeroizing<String>, Failure> {
    let bench = Bench::open(data_dir, appid)?;
    // Even numbers only: see `logs_in`.
    let step = (sessions / SAMPLE).next_multiple_of(2).max(2);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let bench = Arc::clone(&bench);
        callers.spawn(async move {
            let mut kept = Vec::new();
            loop {
                let number = bench.next.fetch_add(1, Ordering::Relaxed);
                if number >= sessions {
                    return Ok::<_, Failure>(kept);
                }
                let skey = bench.log_in(number, ago, AHEAD).await?;
                if number % step == 0 {
                    kept.push(skey);
                }
            }
        });
    }
    let mut lines = Zeroizing::new(String::new());
    while let Some(kept) = callers.join_next().await {
        for skey in kept?? {
            lines.push_str(&skey);
            lines.push('\n');
        }
    }
    bench.store.close().await;
    Ok(lines)
}

/// Prints logins a second of all callers together, and of one alone: the latter is a commit for each login.
async fn logins(data_dir: &str, appid: &str, members: u64, time: Duration) -> Result<(), Failure> {
    let bench = Bench::open(data_dir, appid)?;
    bench.loaded().await?;
    let together = rate(&bench, CALLERS, members, time).await?;
    let alone = rate(&bench, 1, members, time).await?;
    bench.store.close().await;
    println!("{together:.0} {alone:.0}");
    Ok(())
}

async fn rate(bench: &Arc<Bench>, callers: u64, members: u64, time: Duration) -> Result<f64, Failure> {
    let over = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (bench, over) = (Arc::clone(bench), Arc::clone(&over));
        tasks.spawn(async move {
            let mut done = 0_u32;
            while !over.load(Ordering::Relaxed) {
                let count = bench.next.fetch_add(1, Ordering::Relaxed);
                // Spreads the counter over the members, so that neighbours in time are none in the file.
                let random = count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
                bench.log_in(logs_in(random, members), 0, 0).await?;
                done += 1;
            }
            Ok::<_, Failure>(done)
        });
    }
    tokio::time::sleep(time).await;
    over.store(true, Ordering::Relaxed);
    let mut done = 0.0;
    while let Some(logins) = tasks.join_next().await {
        done += f64::from(logins??);
    }
    Ok(done / began.elapsed().as_secs_f64())
}

/// Members with an even number hold the sessions that are checked, those with an odd one log in: a login above
/// `session.max_per_member` ends the member's oldest session, and nothing that is checked may end.
fn logs_in(random: u64, members: u64) -> u64 {
    random % (members / 2).max(1) * 2 + 1
}

/// Prints `rows seconds longest_slice_ms`.
async fn purge(data_dir: &str, appid: &str) -> Result<(), Failure> {
    let bench = Bench::open(data_dir, appid)?;
    bench.loaded().await?;
    let later = now()?.0 + 400 * DAY;
    let (began, mut longest, mut rows) = (Instant::now(), Duration::ZERO, 0);
    loop {
        let slice = Instant::now();
        let purged = bench.store.purge(later, PURGE_ROWS).await?;
        longest = longest.max(slice.elapsed());
        rows += purged.sessions;
        if !purged.more {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    bench.store.close().await;
    println!("{rows} {seconds:.3} {:.2}", longest.as_secs_f64() * 1000.0);
    Ok(())
}

/// Payloads of the phone button as everybody's phone would make them now. Each is another one, for each has its own IV.
fn payloads(appid: &str, count: usize, file: &str) -> Result<(), Failure> {
    let key = SessionKey::parse(people::SESSION_KEY)?;
    let plaintext = people::phone(appid);
    let mut lines = String::new();
    for _ in 0..count {
        let sealed = payload::seal(plaintext.as_bytes(), &key, Uuid::now_v7().into_bytes());
        lines.push_str(sealed.encrypted_data());
        lines.push(' ');
        lines.push_str(&sealed.iv_text());
        lines.push('\n');
    }
    Ok(fs::write(file, lines)?)
}
