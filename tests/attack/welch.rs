//! Whether two samples of times are of one kind.

use crate::block::Dice;

/// What chance exceeds once in 150,000 comparisons.
pub const CRITICAL: f64 = 4.5;

/// Welch's t of two samples: how many of its own standard errors the difference of the means is.
pub fn welch(a: &[f64], b: &[f64]) -> f64 {
    let moments = |sample: &[f64]| {
        let count = f64::from(u32::try_from(sample.len()).unwrap());
        let mean = sample.iter().sum::<f64>() / count;
        let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (moments(a), moments(b));
    (mean_a - mean_b) / (error_a + error_b).sqrt()
}

/// So many of each class, numbered from 0, in an order of chance.
pub fn interleaved(classes: usize, count: usize, dice: &mut Dice) -> Vec<usize> {
    let mut order: Vec<_> = (0..classes * count).map(|number| number % classes).collect();
    for index in (1..order.len()).rev() {
        order.swap(index, dice.below(index + 1));
    }
    order
}

#[test]
fn welchs_t_sees_a_fifth_of_a_deviation_in_two_thousand_samples() {
    let mut dice = Dice(3);
    let mut sample = |shift: f64| -> Vec<f64> {
        // The sum of 12 dice with a deviation of 1 each is near to normal with a deviation of 1.
        let mut one = || (0..12).map(|_| f64::from(u32::try_from(dice.below(1_000)).unwrap()) / 1e3).sum::<f64>() - 6.0;
        (0..2_000).map(|_| one() + shift).collect()
    };
    let (one, same, other) = (sample(0.0), sample(0.0), sample(0.2));
    assert!(welch(&one, &same).abs() < CRITICAL);
    assert!(welch(&one, &other).abs() > CRITICAL);
}
