//! When updates come: Poisson, evenly spaced, or in bursts.

use std::time::Duration;

use super::{order, weight};
use crate::random::{Purpose, Random};
use crate::scenario::{Arrivals, Workload};

/// Updates of a burst on average.
const BURST: f64 = 10.0;
/// Between two updates of a burst, in nanoseconds of scenario time.
const BURST_GAP: f64 = 1e9;
/// Bursts that begin this long before a phase may reach into it. A burst of more than 256 updates has a chance of
/// 0.9²⁵⁶ = 2·10⁻¹²: what is cut off changes no mean that anybody could measure.
const BURST_REACH: f64 = 256.0 * BURST_GAP;

/// Due times and topics of warm-up and window, in no order.
pub(super) fn draw(workload: &Workload) -> Vec<(i64, u32)> {
    let active = workload.active_topics as usize;
    let weights: Vec<f64> = (0..active).map(|place| weight(workload.popularity, place)).collect();
    // Added up from the smallest: the sum loses nothing.
    let mean_weight = weights.iter().rev().sum::<f64>() / active as f64;
    let mut drawn = Vec::with_capacity((active as f64 * workload.updates_per_active_topic * 1.2) as usize);
    let (span, warm_up) = (nanos(workload.span), nanos(workload.warm_up));
    for (topic, weight) in order(workload).into_iter().zip(weights) {
        let mean = workload.updates_per_active_topic * weight / mean_weight;
        let mut add = |from: f64, length: f64, mean: f64, purpose| {
            let mut random = Random::new(workload.seed, purpose, topic);
            let last = (from + length) as i64 - 1;
            let keep = |at: f64| drawn.push((((from + at).floor() as i64).min(last), topic));
            match workload.arrivals {
                Arrivals::Poisson => poisson(&mut random, length, mean, keep),
                Arrivals::Uniform => evenly(&mut random, length, mean, keep),
                Arrivals::Bursty => bursts(&mut random, length, mean, keep),
                // A file says it itself.
                Arrivals::Csv(_) => {}
            }
        };
        add(0.0, span, mean, Purpose::Window);
        if warm_up > 0.0 {
            add(-warm_up, warm_up, mean * warm_up / span, Purpose::WarmUp);
        }
    }
    drawn
}

fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// Independently, at a constant rate: exponential gaps.
fn poisson(random: &mut Random, length: f64, mean: f64, mut keep: impl FnMut(f64)) {
    let gap = length / mean;
    let mut at = random.exponential() * gap;
    while at < length {
        keep(at);
        at += random.exponential() * gap;
    }
}

/// Evenly spaced from a random offset. Where the mean is no whole number, its fraction is the chance of one more.
fn evenly(random: &mut Random, length: f64, mean: f64, mut keep: impl FnMut(f64)) {
    let more = random.uniform() < mean.fract();
    let count = mean.floor() + f64::from(u8::from(more));
    let gap = length / count;
    let offset = random.uniform() * gap;
    for place in 0..count as u64 {
        keep(offset + place as f64 * gap);
    }
}

/// Bursts that begin as Poisson, of geometric length.
fn bursts(random: &mut Random, length: f64, mean: f64, mut keep: impl FnMut(f64)) {
    let gap = BURST * length / mean;
    let mut begin = random.exponential() * gap - BURST_REACH;
    while begin < length {
        for place in 0..random.geometric(BURST) {
            let at = begin + f64::from(place) * BURST_GAP;
            if (0.0..length).contains(&at) {
                keep(at);
            }
        }
        begin += random.exponential() * gap;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::super::tests::scenario;
    use super::super::{Trace, Update};

    fn trace(lines: &str) -> Trace {
        Trace::new(&scenario(lines)).unwrap()
    }

    /// Updates of the window by topic.
    fn by_topic(trace: &Trace, topics: usize) -> Vec<Vec<i64>> {
        let mut all = vec![Vec::new(); topics];
        for update in trace.window() {
            all[update.topic as usize].push(update.due);
        }
        all
    }

    fn mean_and_variance(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        (mean, values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    #[test]
    fn poisson_counts_have_mean_and_variance_u_and_gaps_are_exponential() {
        let trace = trace("topics = 20_000\nupdates_per_active_topic = 3");
        let topics = by_topic(&trace, 20_000);
        let (mean, variance) = mean_and_variance(topics.iter().map(|due| due.len() as f64));
        // Standard errors at n = 20,000: √(3/n) = 0.0122 and √((3 + 2·9)/n) = 0.0324; five of them.
        assert!((mean - 3.0).abs() < 0.061, "{mean}");
        assert!((variance - 3.0).abs() < 0.162, "{variance}");
        // Given their number, Poisson arrivals lie uniformly: mean a half, variance a twelfth of the span.
        let (mean, variance) = mean_and_variance(trace.window().iter().map(|update| update.due as f64 / 3.6e12));
        assert!((mean - 0.5).abs() < 5.0 * 0.2887 / 245.0, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 5.0 * 0.0745 / 245.0, "{variance}");
        // Share of topics without any: e⁻³.
        let none = topics.iter().filter(|due| due.is_empty()).count() as f64 / 20_000.0;
        assert!((none - (-3_f64).exp()).abs() < 5.0 * 0.00154, "{none}");
    }

    #[test]
    fn poisson_gaps_have_the_coefficient_of_variation_one() {
        let trace = trace("topics = 1\nupdates_per_active_topic = 50_000");
        let gaps: Vec<f64> = trace.window().windows(2).map(|pair| (pair[1].due - pair[0].due) as f64 / 1e9).collect();
        let (mean, variance) = mean_and_variance(gaps.iter().copied());
        assert!((mean - 0.072).abs() < 5.0 * 0.072 / 223.0, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 5.0 / 223.0, "{variance}");
        let long = gaps.iter().filter(|gap| **gap > 0.072 * 3.0).count() as f64 / gaps.len() as f64;
        assert!((long - (-3_f64).exp()).abs() < 5.0 * 0.000_98, "{long}");
    }

    #[test]
    fn uniform_updates_are_evenly_spaced_and_a_fraction_is_a_chance() {
        let trace = trace("topics = 10_000\nupdates_per_active_topic = 2.25\narrivals = \"uniform\"\nwarm_up = \"0s\"");
        let topics = by_topic(&trace, 10_000);
        let three = topics.iter().filter(|due| due.len() == 3).count() as f64 / 10_000.0;
        assert!((three - 0.25).abs() < 5.0 * 0.004_33, "{three}");
        for due in &topics {
            let gap = 3_600_000_000_000_i64 / due.len() as i64;
            assert!(due.len() == 2 || due.len() == 3);
            assert!(due.windows(2).all(|pair| (pair[1] - pair[0] - gap).abs() <= 1));
        }
        let (mean, _) = mean_and_variance(topics.iter().map(|due| due[0] as f64 / (3.6e12 / due.len() as f64)));
        assert!((mean - 0.5).abs() < 5.0 * 0.2887 / 100.0, "offsets are random: {mean}");
    }

    #[test]
    fn bursts_keep_the_mean_and_come_in_tens() {
        let trace = trace("topics = 20_000\nupdates_per_active_topic = 5\narrivals = \"bursty\"");
        let topics = by_topic(&trace, 20_000);
        let (mean, variance) = mean_and_variance(topics.iter().map(|due| due.len() as f64));
        // Compound Poisson: mean λE[k] = 5, variance λE[k²] = 0.5 · 190 = 95 (less what the edges cut): standard error 0.069.
        assert!((mean - 5.0).abs() < 0.345, "{mean}");
        assert!((80.0..105.0).contains(&variance), "{variance}");
        let gaps: Vec<i64> = topics.iter().flat_map(|due| due.windows(2).map(|pair| pair[1] - pair[0])).collect();
        let second = gaps.iter().filter(|gap| (**gap - 1_000_000_000).abs() <= 1).count();
        assert!(second * 100 > gaps.len() * 85, "nine of ten gaps are a second, {second} of {}", gaps.len());
    }

    #[test]
    fn zipf_keeps_the_mean_over_active_topics_and_the_ratio_between_them() {
        let trace = trace("topics = 2_000\nactive_topics = 100\nupdates_per_active_topic = 500\npopularity = { zipf = 1.0 }");
        let mut counts: Vec<f64> = by_topic(&trace, 2_000).iter().map(|due| due.len() as f64).filter(|count| *count > 0.0).collect();
        counts.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(counts.len(), 100);
        let mean = counts.iter().sum::<f64>() / 100.0;
        assert!((mean - 500.0).abs() < 5.0 * (500.0_f64 / 100.0).sqrt(), "{mean}");
        // The harmonic number of 100 is 5.187: the first has 50,000 / 5.187 = 9,639, the tenth a tenth of it.
        assert!((counts[0] - 9_639.0).abs() < 500.0, "{}", counts[0]);
        assert!((counts[9] - 964.0).abs() < 160.0, "{}", counts[9]);
    }

    #[test]
    fn warm_up_has_the_same_rate_and_leaves_the_window_alone() {
        let long = trace("topics = 5_000\nupdates_per_active_topic = 2\nwarm_up = \"30m\"");
        let rate = long.warm_up().len() as f64 / 5_000.0;
        assert!((rate - 1.0).abs() < 5.0 / 70.7, "{rate}");
        let without = trace("topics = 5_000\nupdates_per_active_topic = 2\nwarm_up = \"0s\"");
        assert!(without.warm_up().is_empty());
        let due = |trace: &Trace| trace.window().iter().map(|update| (update.due, update.topic)).collect::<Vec<_>>();
        assert_eq!(due(&long), due(&without));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn every_trace_is_in_order_inside_its_phases_and_dense_in_versions(
            seed in 0..1_000_u32, topics in 1..60_u32, share in 0.0..1.0_f64, u in 0.1..20.0_f64,
            arrivals in prop::sample::select(vec!["poisson", "uniform", "bursty"]), zipf in prop::option::of(0.1..3.0_f64), warm_up in 0..4_000_u32,
        ) {
            let active = 1 + (share * f64::from(topics - 1)) as u32;
            let popularity = zipf.map_or("\"flat\"".to_owned(), |exponent| format!("{{ zipf = {exponent:?} }}"));
            let lines = format!(
                "topics = {topics}\nactive_topics = {active}\nupdates_per_active_topic = {u:?}\narrivals = \"{arrivals}\"\npopularity = {popularity}\nwarm_up = \"{warm_up}s\"\nseed = {seed}",
            );
            let first = trace(&lines);
            prop_assert_eq!(&first, &trace(&lines));
            let in_order = |pair: &[Update]| (pair[0].due, pair[0].topic) <= (pair[1].due, pair[1].topic);
            prop_assert!(first.updates.windows(2).all(in_order));
            prop_assert!(first.updates.iter().all(|update| update.due >= -i64::from(warm_up) * 1_000_000_000 && update.due < 3_600_000_000_000));
            let mut versions = vec![0; topics as usize];
            for update in &first.updates {
                versions[update.topic as usize] += 1;
                prop_assert_eq!(update.version, versions[update.topic as usize]);
            }
            prop_assert!(versions.iter().filter(|version| **version > 0).count() <= active as usize);
        }
    }
}
