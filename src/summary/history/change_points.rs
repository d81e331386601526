//! Where a series changed its level: E-divisive in windows, with a t-test, then weeded out. Pure.
//!
//! D. S. Matteson, N. A. James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", JASA 109, 2014: a series is split
//! where the energy distance of what lies before and after is largest, and so on within the parts. M. Fleming et al., "Hunter: Using Change Point
//! Detection to Hunt for Performance Regressions", ICPE 2023: Student's t decides instead of permutations, so that nothing is left to chance; windows
//! keep far parts from hiding near ones; what was found with a mild test is held to a strict one, and to a least magnitude, from the weakest on.
//! Tests hold it to Apache Otava, which does the same.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// What counts as a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strictness {
    /// Values that are looked at together; at least 2.
    pub window: usize,
    /// How probable a change may be without one, at most.
    pub error: f64,
    /// The least change of the mean, as a share of the smaller of the two.
    pub magnitude: f64,
}

impl Default for Strictness {
    /// Those of Otava, but for the magnitude: what is below 1 % of a mean is nobody's regression.
    fn default() -> Self {
        Self { window: 50, error: 0.001, magnitude: 0.01 }
    }
}

/// A change of the level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The first value at the new level.
    pub place: usize,
    /// Mean since the change before.
    pub before: f64,
    /// Mean until the next change.
    pub after: f64,
    /// How probable such a difference is without a change.
    pub probability: f64,
}

impl ChangePoint {
    /// By how much the mean changed, as a share of the smaller of the two; infinite from or to 0.
    pub fn magnitude(&self) -> f64 {
        let share = |one: f64, other: f64| if one == 0.0 { f64::INFINITY } else { (other / one - 1.0).abs() };
        if self.before == self.after { 0.0 } else { share(self.before, self.after).max(share(self.after, self.before)) }
    }
}

/// All changes of a series of finite numbers, in their order.
pub fn change_points(series: &[f64], strictness: Strictness) -> Vec<ChangePoint> {
    let mut places = candidates(series, strictness);
    loop {
        let found = tested(series, &places);
        let weakest = found.iter().enumerate().max_by(|(_, one), (_, other)| one.probability.total_cmp(&other.probability));
        let Some((mut place, weakest)) = weakest else { return found };
        if weakest.probability < strictness.error {
            // All are clear: is the least of them large enough?
            let least = found.iter().enumerate().min_by(|(_, one), (_, other)| one.magnitude().total_cmp(&other.magnitude()));
            match least {
                Some((least, point)) if point.magnitude() <= strictness.magnitude => place = least,
                _ => return found,
            }
        }
        // Without it, its neighbours are between other levels: all are asked again.
        places.remove(place);
    }
}

/// Places that a mild test finds in windows, each of which begins half a window after the one before, or at the last place found.
fn candidates(series: &[f64], strictness: Strictness) -> Vec<usize> {
    let mild = if strictness.error < 0.05 { strictness.error * 10.0 } else { (strictness.error * 2.0).min(1.0) };
    let (window, step) = (strictness.window.max(2), (strictness.window / 2).max(1));
    let mut places = Vec::new();
    let mut start = 0;
    while start < series.len() {
        let found = within(series, start, (start + window).min(series.len()), mild);
        start = found.last().copied().unwrap_or(0).max(start + step);
        places.extend(found);
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// Splits a window where the distance is largest, as long as the test agrees.
fn within(series: &[f64], start: usize, end: usize, error: f64) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::new();
    loop {
        let edges: Vec<usize> = [start].into_iter().chain(places.iter().copied()).chain([end]).collect();
        let splits = edges.windows(2).filter_map(|edges| Some((split(series, edges[0], edges[1])?, edges[0], edges[1])));
        // Of equal ones the first.
        let farthest = splits.fold(None, |best: Option<((usize, f64), usize, usize)>, next| match best {
            Some(best) if best.0.1 >= next.0.1 => Some(best),
            _ => Some(next),
        });
        let Some(((place, _), from, to)) = farthest else { return places };
        if probability(&series[from..place], &series[place..to]) > error {
            return places;
        }
        places.push(place);
        places.sort_unstable();
    }
}

/// The place at which a part of the series is best split, and the distance there: the largest over all that end at it or before the part's end.
fn split(series: &[f64], start: usize, end: usize) -> Option<(usize, f64)> {
    let distance = |one: usize, other: usize| (series[one] - series[other]).abs();
    // Sums of the distances within the first so many values.
    let mut inside = vec![0.0; end - start + 1];
    for last in start + 1..end {
        inside[last + 1 - start] = inside[last - start] + (start..last).map(|other| distance(other, last)).sum::<f64>();
    }
    let mut best: Option<(usize, f64)> = None;
    for until in start + 2..=end {
        let mut right = 0.0;
        let mut of_this: Vec<(usize, f64)> = Vec::with_capacity(until - start);
        for place in (start + 1..until).rev() {
            right += (place + 1..until).map(|other| distance(place, other)).sum::<f64>();
            let (left, whole) = (inside[place - start], inside[until - start]);
            let (before, after) = ((place - start) as f64, (until - place) as f64);
            let sum = before + after;
            let between = 2.0 / sum * (whole - left - right);
            let of_left = if before > 1.0 { 2.0 * after / sum / (before - 1.0) * left } else { 0.0 };
            let of_right = if after > 1.0 { 2.0 * before / sum / (after - 1.0) * right } else { 0.0 };
            of_this.push((place, between - of_left - of_right));
        }
        for (place, found) in of_this {
            if best.is_none_or(|(_, most)| found > most) {
                best = Some((place, found));
            }
        }
    }
    best
}

/// Each place with the levels on either side of it, up to the next.
fn tested(series: &[f64], places: &[usize]) -> Vec<ChangePoint> {
    let edges: Vec<usize> = [0].into_iter().chain(places.iter().copied()).chain([series.len()]).collect();
    let one = |edges: &[usize]| {
        let (left, right) = (&series[edges[0]..edges[1]], &series[edges[1]..edges[2]]);
        ChangePoint { place: edges[1], before: mean(left), after: mean(right), probability: probability(left, right) }
    };
    edges.windows(3).map(one).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Student's two-sided test of equal means with a common variance: a part of one or two values has no variance of its own worth asking.
fn probability(left: &[f64], right: &[f64]) -> f64 {
    let degrees = (left.len() + right.len()) as f64 - 2.0;
    if left.is_empty() || right.is_empty() || degrees <= 0.0 {
        return 1.0;
    }
    let (one, other) = (mean(left), mean(right));
    let squares = |values: &[f64], mean: f64| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let variance = (squares(left, one) + squares(right, other)) / degrees;
    let error = (variance * (1.0 / left.len() as f64 + 1.0 / right.len() as f64)).sqrt();
    let apart = (one - other).abs();
    // Rounding of means is no difference.
    if apart <= 1e-12 * (one.abs() + other.abs()) {
        return 1.0;
    }
    if error == 0.0 {
        return 0.0;
    }
    StudentsT::new(0.0, 1.0, degrees).map_or(1.0, |students| 2.0 * students.cdf(-apart / error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// Numbers that are the same in any language: a linear congruence of 64 bits (D. E. Knuth's MMIX), twelve uniforms a value.
    fn series(seed: u64, parts: &[(f64, usize)], noise: f64) -> Vec<f64> {
        let mut state = seed;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let mut value = |level: f64| {
            let sum: f64 = (0..12).map(|_| uniform()).sum();
            ((level * (1.0 + noise * (sum - 6.0))) * 1e3).round() / 1e3
        };
        parts.iter().flat_map(|(level, count)| (0..*count).map(|_| *level).collect::<Vec<f64>>()).map(&mut value).collect()
    }

    fn places(series: &[f64], magnitude: f64) -> Vec<usize> {
        change_points(series, Strictness { magnitude, ..Strictness::default() }).iter().map(|point| point.place).collect()
    }

    /// The same series through `otava.analysis.compute_change_points(series, window_len=50, max_pvalue=0.001, min_magnitude=…)` of Apache Otava 0.8.0.
    #[test]
    fn changes_are_those_that_otava_finds() {
        type Case = (u64, &'static [(f64, usize)], f64, &'static [usize], &'static [usize]);
        let cases: &[Case] = &[
            (1, &[(100.0, 30), (110.0, 30)], 0.02, &[30], &[30]),
            (2, &[(100.0, 60)], 0.02, &[], &[]),
            // The last of them is chance: two values at the end that lie high.
            (3, &[(100.0, 25), (104.0, 40), (90.0, 20), (100.0, 45)], 0.01, &[26, 65, 85, 128], &[26, 65, 85, 128]),
            (4, &[(100.0, 30), (130.0, 1), (100.0, 30)], 0.01, &[], &[]),
            (5, &[(50.0, 57), (60.0, 3)], 0.02, &[57], &[57]),
            (6, &[(100.0, 40), (101.0, 40)], 0.004, &[40], &[]),
            (7, &[(100.0, 120), (97.0, 60), (103.0, 20)], 0.01, &[120, 180], &[120, 180]),
        ];
        for (seed, parts, noise, any, of_two_per_cent) in cases {
            let series = series(*seed, parts, *noise);
            assert_eq!((places(&series, 0.0), places(&series, 0.02)), (any.to_vec(), of_two_per_cent.to_vec()), "{seed}");
        }
        assert_eq!(series(1, &[(100.0, 5)], 0.02), [100.398, 101.867, 100.504, 98.261, 98.708], "the very series that Otava was given");
    }

    #[test]
    fn a_change_tells_its_levels() {
        let found = change_points(&series(1, &[(100.0, 30), (110.0, 30)], 0.02), Strictness::default());
        assert!((found[0].before - 100.0719).abs() < 1e-4 && (found[0].after - 110.2639).abs() < 1e-4 && found[0].probability < 1e-20, "{found:?}");
        assert!((found[0].magnitude() - (110.2639 / 100.0719 - 1.0)).abs() < 1e-5);
        // Counts: the same all the time, then others.
        let counts: Vec<f64> = [vec![17.8; 4], vec![18.2; 3]].concat();
        assert_eq!(places(&counts, 0.01), [4]);
        assert!(places(&[0.0; 20], 0.0).is_empty() && places(&[], 0.0).is_empty() && places(&[1.0], 0.0).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn unit_and_direction_of_time_change_little(seed in 0..1_000_u64, step in 0.9..1.1_f64, scale in 1e-3..1e3_f64) {
            let whole = series(seed, &[(100.0, 20), (100.0 * step, 20)], 0.005);
            let scaled: Vec<f64> = whole.iter().map(|value| value * scale).collect();
            prop_assert_eq!(places(&whole, 0.01), places(&scaled, 0.01));
            // A step of ten deviations is found where it is.
            if (step - 1.0).abs() > 0.05 {
                prop_assert_eq!(places(&whole, 0.01), [20]);
                let backwards: Vec<f64> = whole.iter().rev().copied().collect();
                prop_assert_eq!(places(&backwards, 0.01), [20]);
            }
        }
    }
}
