//! S7: the time of a 401 says nothing of the skey.

use wxgate_crypto::SkeyMint;

use crate::block::Dice;
use crate::line::Line;
use crate::member::login;
use crate::support::{At, Bench};
use crate::undefended::{Hand, defended, undefended};
use crate::welch::{CRITICAL, interleaved, welch};

/// Requests with each kind of skey, and how many `tests/run --long` makes.
const SAMPLES: [usize; 2] = [10_000, 50_000];
/// Those within which a server that reads the table for each check must have told.
const WITHOUT_DEFENCES: usize = 5_000;
/// Skeys of each kind.
const SKEYS: usize = 16;
const DAY: i64 = 86_400;

/// Skeys that nobody is let in with; the first kind is what the others are compared with.
const KINDS: [&str; 4] = ["unknown", "expired", "revoked", "of another secret"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_timing() {
    let (bench, clock) = (Bench::new().await, Hand::now());
    let server = defended(&bench, &clock).await;
    let samples = SAMPLES[usize::from(std::env::var_os("WXGATE_LONG").is_some())];
    let worst = worst(&bench, &server, &clock, samples).await;
    assert!(worst < CRITICAL, "{worst}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_timing_tells_where_the_defences_are_off() {
    let (bench, clock) = (Bench::new().await, Hand::now());
    let server = undefended(&bench, &clock).await;
    let worst = worst(&bench, &server, &clock, WITHOUT_DEFENCES).await;
    assert!(worst > CRITICAL, "{worst}");
}

/// The largest |t| of any kind against the unknown ones.
async fn worst(bench: &Bench, server: &At, clock: &Hand, count: usize) -> f64 {
    let mut line = Line::to(server).await;
    let skeys = refused(bench, &mut line, clock).await;
    let mut samples = vec![Vec::with_capacity(count); KINDS.len()];
    let mut dice = Dice(5);
    for kind in interleaved(KINDS.len(), count, &mut dice) {
        let seen = line.get("/v1/session", &skeys[kind][dice.below(SKEYS)]).await;
        assert_eq!(seen.status, 401, "{}", KINDS[kind]);
        samples[kind].push(seen.took.as_secs_f64() * 1e6);
    }
    crop(&mut samples);
    let against_unknown = |kind: usize| {
        let t = welch(&samples[0], &samples[kind]);
        println!("{} against unknown: t = {t:.2}, {} samples", KINDS[kind], samples[kind].len());
        t.abs()
    };
    (1..KINDS.len()).map(against_unknown).fold(0.0, f64::max)
}

/// Skeys of each kind, their ids mixed.
async fn refused(bench: &Bench, line: &mut Line, clock: &Hand) -> [Vec<String>; 4] {
    let [mut unknown, mut expired, mut revoked, mut of_another] = [const { Vec::new() }; 4];
    let mint = SkeyMint::new();
    for number in 0..SKEYS {
        expired.push(log_in(bench, line, &format!("expired {number}")).await);
    }
    clock.pass(8 * DAY);
    for number in 0..SKEYS {
        unknown.push(mint.mint(clock.now_ms()).expose().to_string());
        let skey = log_in(bench, line, &format!("revoked {number}")).await;
        assert_eq!(line.delete("/v1/session", &skey).await.status, 200);
        revoked.push(skey);
        of_another.push(with_another_secret(&log_in(bench, line, &format!("live {number}")).await));
    }
    [unknown, expired, revoked, of_another]
}

async fn log_in(bench: &Bench, line: &mut Line, user: &str) -> String {
    login(line, bench.appid(), &bench.code(user)).await
}

/// The same session's id with a secret that is another in one character of its middle.
fn with_another_secret(skey: &str) -> String {
    let middle = skey.len() - 20;
    let other = if skey.as_bytes()[middle] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &skey[..middle], &skey[middle + 1..])
}

/// Leaves the faster half of all: in the slower one the machine did other things meanwhile, whatever was asked.
fn crop(samples: &mut [Vec<f64>]) {
    let mut all = samples.concat();
    all.sort_by(f64::total_cmp);
    let longest = all[all.len() / 2];
    for sample in samples {
        sample.retain(|took| *took <= longest);
    }
}
