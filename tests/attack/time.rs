//! P2: the time of a refusal says nothing of its cause.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::block::Dice;
use crate::classes::{Class, replayer};
use crate::support::{At, Bench};
use crate::undefended::undefended;

/// Samples of each class.
const SAMPLES: usize = 2_000;
/// Failures that one member has.
const BUDGET: usize = 5;
/// Members at once: few enough that the server is not late.
const LINES: usize = 24;
/// What chance exceeds once in 150,000 comparisons.
const CRITICAL: f64 = 4.5;

/// Welch's t of two samples: how many of its own standard errors the difference of the means is.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let moments = |sample: &[f64]| {
        let count = f64::from(u32::try_from(sample.len()).unwrap());
        let mean = sample.iter().sum::<f64>() / count;
        let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (moments(a), moments(b));
    (mean_a - mean_b) / (error_a + error_b).sqrt()
}

#[test]
fn welchs_t_sees_a_fifth_of_a_deviation_in_two_thousand_samples() {
    let mut dice = Dice(3);
    let mut sample = |shift: f64| -> Vec<f64> {
        // The sum of 12 dice with a deviation of 1 each is near to normal with a deviation of 1.
        let mut one = || (0..12).map(|_| f64::from(u32::try_from(dice.below(1_000)).unwrap()) / 1e3).sum::<f64>() - 6.0;
        (0..SAMPLES).map(|_| one() + shift).collect()
    };
    let (one, same, other) = (sample(0.0), sample(0.0), sample(0.2));
    assert!(welch(&one, &same).abs() < CRITICAL);
    assert!(welch(&one, &other).abs() > CRITICAL);
}

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
    let server = undefended(&bench).await;
    let worst = worst(&bench, &server, SAMPLES / 20, 400).await;
    assert!(worst > CRITICAL, "{worst}");
}

/// The largest |t| of any class against that of the padding.
async fn worst(bench: &Arc<Bench>, server: &At, count: usize, padding_status: u16) -> f64 {
    let mut members = JoinSet::new();
    let mut samples = vec![Vec::with_capacity(count); Class::ALL.len()];
    let mut dice = Dice(11);
    let mut order = interleaved(count, &mut dice);
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

/// Every class as often as every other, in an order of chance.
fn interleaved(count: usize, dice: &mut Dice) -> Vec<usize> {
    let mut order: Vec<_> = (0..Class::ALL.len() * count).map(|number| number % Class::ALL.len()).collect();
    for index in (1..order.len()).rev() {
        order.swap(index, dice.below(index + 1));
    }
    order
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
