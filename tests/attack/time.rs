//! P2: the time of a refusal says nothing of its cause.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::block::Dice;
use crate::classes::{Class, replayer};
use crate::support::{At, Bench};
use crate::undefended::{Hand, undefended};
use crate::welch::{CRITICAL, interleaved, welch};

/// Samples of each class.
const SAMPLES: usize = 2_000;
/// Failures that one member has.
const BUDGET: usize = 5;
/// Members at once: few enough that the server is not late.
const LINES: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracle_time() {
    let bench = Arc::new(Bench::new().await);
    let server = bench.serve_with(&["phone.encrypted_data=local", "phone.reply=full"]).await;
    let worst = worst(&bench, &server.public, SAMPLES, 422).await;
    assert!(worst < CRITICAL, "{worst}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracle_time_tells_where_the_defences_are_off() {
    let bench = Arc::new(Bench::new().await);
    let server = undefended(&bench, &Hand::now()).await;
    let worst = worst(&bench, &server, SAMPLES / 20, 400).await;
    assert!(worst > CRITICAL, "{worst}");
}

/// The largest |t| of any class against that of the padding.
async fn worst(bench: &Arc<Bench>, server: &At, count: usize, padding_status: u16) -> f64 {
    let mut members = JoinSet::new();
    let mut samples = vec![Vec::with_capacity(count); Class::ALL.len()];
    let mut dice = Dice(11);
    let mut order = interleaved(Class::ALL.len(), count, &mut dice);
    while !order.is_empty() || !members.is_empty() {
        if members.len() < LINES && !order.is_empty() {
            let classes = order.split_off(order.len().saturating_sub(BUDGET));
            members.spawn(sampled(Arc::clone(bench), server.clone(), classes, Dice(dice.roll())));
        } else {
            for (class, status, took) in members.join_next().await.unwrap().unwrap() {
                assert!(status == padding_status || (class > 0 && status == 422), "{:?}: {status}", Class::ALL[class]);
                samples[class].push(took);
            }
        }
    }
    let padding = &samples[0];
    let mut worst = 0.0_f64;
    for (class, sample) in Class::ALL.iter().zip(&samples).skip(1) {
        let t = welch(padding, sample);
        println!("{class:?} against Padding: t = {t:.2}, {} samples each", sample.len());
        worst = worst.max(t.abs());
    }
    worst
}

/// One member's failures: the class, the status, and the milliseconds until the answer.
async fn sampled(bench: Arc<Bench>, server: At, classes: Vec<usize>, mut dice: Dice) -> Vec<(usize, u16, f64)> {
    let mut member = replayer(&bench, &server).await;
    let mut samples = Vec::new();
    for class in classes {
        let payload = Class::ALL[class].payload(&member, &bench, &mut dice);
        let seen = member.post(&payload).await;
        samples.push((class, seen.status, seen.took.as_secs_f64() * 1e3));
    }
    samples
}
