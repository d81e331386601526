//! How well a crossing is known: the repeats are drawn again, with replacement, and each time it is looked where the lines cross.
//!
//! A draw takes whole repeats, with all their load points and both contenders: what disturbs a repeat disturbs it everywhere, and
//! both contenders alike. Up to seven repeats all combinations are gone through; of more, some thousands are drawn from the scenario's seed.
//!
//! Few repeats have few combinations, and no arithmetic makes more of them. The most extreme combinations of n repeats are the repeats themselves,
//! and the interval from the lowest to the highest of n values misses the middle (the median) with 2 × ½ⁿ: with two repeats it is a 50 % interval, with
//! five one of 94 %. So it is called. From six on it is one of 95 %: percentiles of the draws, widened for small samples (T. Hesterberg,
//! "What Teachers Should Know About the Bootstrap", The American Statistician 69(4), 2015, section 3.3: percentile intervals are too
//! narrow by √((n−1)/n), and take the normal distribution where Student's t is due).

use super::super::ratios::student_t;
use super::curve::{Curve, Side, first_side};
use crate::random::{Purpose, Random};

/// Up to so many repeats all combinations are gone through: 1,716 of seven.
const MOST_FOR_ALL: usize = 7;
/// Draws from more repeats: the fifth lowest of 2,000 is where the widened percentiles of the most repeats lie.
const DRAWS: usize = 2_000;
/// From so many repeats on the interval is one of 95 %.
const FEWEST_FOR_95: usize = 6;

/// Where a crossing lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end; −∞ where it may lie below the range.
    pub low: f64,
    /// Upper end; ∞ where it may lie above the range.
    pub high: f64,
    /// How often such an interval contains the true crossing, 0 to 1.
    pub confidence: f64,
}

/// The interval of the only crossing of a curve, below which `below` is lower; `None` with one repeat.
pub fn interval(curve: &Curve, below: Side, seed: u64) -> Option<Interval> {
    let repeats = curve.repeats();
    if repeats < 2 {
        return None;
    }
    let draws = if repeats <= MOST_FOR_ALL { all(repeats) } else { some(repeats, seed) };
    let mut lows = Vec::with_capacity(draws.len());
    let mut highs = Vec::with_capacity(draws.len());
    for (times, weight) in &draws {
        let means = curve.mean(times);
        let changes = curve.changes(&means);
        let (low, high) = match (changes.first(), changes.last(), first_side(&means)) {
            (Some(first), Some(last), _) => (*first.start(), *last.end()),
            // No crossing: who is lower throughout tells on which side of the range it is.
            (.., Some(side)) if side == below => (f64::INFINITY, f64::INFINITY),
            (.., Some(_)) => (f64::NEG_INFINITY, f64::NEG_INFINITY),
            (.., None) => (f64::NEG_INFINITY, f64::INFINITY),
        };
        lows.push((low, *weight));
        highs.push((high, *weight));
    }
    let (tail, confidence) = if repeats < FEWEST_FOR_95 { (0.0, 1.0 - 0.5_f64.powi(repeats as i32 - 1)) } else { (widened_tail(repeats), 0.95) };
    let mirrored = |values: Vec<(f64, f64)>| values.into_iter().map(|(value, weight)| (-value, weight)).collect();
    Some(Interval { low: from_below(lows, tail), high: -from_below(mirrored(highs), tail), confidence })
}

/// Share of the draws outside on one side, so that the interval is one of 95 %.
fn widened_tail(repeats: usize) -> f64 {
    let count = repeats as f64;
    let deviations = (count / (count - 1.0)).sqrt() * student_t(repeats - 1);
    0.5 * libm::erfc(deviations / std::f64::consts::SQRT_2)
}

/// The smallest value with more than this share of the weight at or below it.
fn from_below(mut values: Vec<(f64, f64)>, share: f64) -> f64 {
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let all: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut seen = 0.0;
    let found = values.iter().find(|(_, weight)| {
        seen += weight;
        seen > share * all
    });
    found.or(values.last()).map_or(f64::NAN, |(value, _)| *value)
}

/// Every combination of so many repeats: how often each is in it, and in how many orders it can be drawn.
fn all(repeats: usize) -> Vec<(Vec<u32>, f64)> {
    fn rest(times: &mut Vec<u32>, repeats: usize, left: u32, orders: f64, found: &mut Vec<(Vec<u32>, f64)>) {
        if times.len() + 1 == repeats {
            let last = [times.as_slice(), &[left]].concat();
            found.push((last, orders));
            return;
        }
        let mut ways = orders;
        for count in 0..=left {
            times.push(count);
            rest(times, repeats, left - count, ways, found);
            times.pop();
            // (left choose count + 1) from (left choose count).
            ways *= f64::from(left - count) / f64::from(count + 1);
        }
    }
    let mut found = Vec::new();
    rest(&mut Vec::new(), repeats, repeats as u32, 1.0, &mut found);
    found
}

fn some(repeats: usize, seed: u64) -> Vec<(Vec<u32>, f64)> {
    let mut random = Random::new(seed, Purpose::Bootstrap, 0);
    let mut draw = || {
        let mut times = vec![0; repeats];
        for _ in 0..repeats {
            times[random.below(repeats as u32) as usize] += 1;
        }
        (times, 1.0)
    };
    (0..DRAWS).map(|_| draw()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_combinations_are_all() {
        for (repeats, combinations, orders) in [(2, 3, 4.0), (3, 10, 27.0), (5, 126, 3_125.0), (7, 1_716, 823_543.0)] {
            let all = all(repeats);
            assert_eq!((all.len(), all.iter().map(|(_, weight)| weight).sum::<f64>()), (combinations, orders));
            assert!(all.iter().all(|(times, _)| times.len() == repeats && times.iter().sum::<u32>() as usize == repeats));
        }
        assert!(some(9, 1).iter().all(|(times, _)| times.iter().sum::<u32>() == 9));
        assert_eq!(some(9, 1), some(9, 1));
        assert_ne!(some(9, 1), some(9, 2));
    }

    #[test]
    fn weighted_percentiles() {
        let values = || vec![(3.0, 1.0), (1.0, 2.0), (2.0, 1.0)];
        assert_eq!([0.0, 0.4, 0.5, 0.74, 0.75, 1.0].map(|share| from_below(values(), share)), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        // Φ(−√(10/9) × 2.262) = Φ(−2.3844).
        assert!((widened_tail(10) - 0.008_554).abs() < 1e-5, "{}", widened_tail(10));
    }
}
