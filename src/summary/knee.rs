//! The knee of a contender over a growing load: the load beyond which more of it costs more waiting than it is worth.
//!
//! Kleinrock's *power* (L. Kleinrock, Power and deterministic rules of thumb for probabilistic problems in computer communications, ICC 1979; R.
//! Jain, The Art of Computer Systems Performance Analysis, 1991, section 3.3) is throughput ÷ response time. It rises for as long as
//! latency grows more slowly than throughput, and falls where waiting takes over; for an M/M/1 queue it is largest at half of
//! the capacity. Here throughput is what was delivered a second, and response time the p99 of delivery latency. The knee
//! is the load before the first one beyond the maximum of power at which it lies clearly below that: by the interval of their ratio over the
//! repeats, as in verdicts. What power does further on, past the knee, does not move it.

use super::ratios;
use super::thresholds::FACTOR_WITHOUT_INTERVAL;
use super::{Cell, Grade, Summary};
use crate::measure::recording::Trial;

/// Load points that a knee needs: with two there is nothing on one of its sides.
pub const FEWEST_LOADS: usize = 3;

/// The figure that it is made of, and whose doubts are its own.
pub const METRIC: &str = "latency.p99";

/// Where the knee is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Knee {
    /// At this load; the next one that was measured lies beyond it.
    At {
        /// The load.
        load: f64,
        /// The next.
        next: f64,
    },
    /// Power is greatest at the largest load.
    NotInRange {
        /// That load.
        largest: f64,
    },
    /// Power falls from the smallest load on.
    AtOrBelow {
        /// That load.
        smallest: f64,
    },
    /// It cannot be told, and why.
    CannotTell(&'static str),
}

/// A load, and the power of each repeat at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Such as a number of subscribers.
    pub load: f64,
    /// Number of the repeat, and its power: deliveries a second ÷ p99 of latency in seconds.
    pub repeats: Vec<(u32, Option<f64>)>,
}

impl Point {
    /// Of a cell; `None` where nothing was delivered in any repeat, or its latency is not to be trusted.
    pub fn of(summary: &Summary<'_>, cell: &Cell<'_>, load: f64) -> Option<Self> {
        if summary.doubts_on(cell, METRIC).any(|doubt| doubt.grade == Grade::Untrusted) {
            return None;
        }
        let repeats: Vec<(u32, Option<f64>)> = cell.trials.iter().map(|trial| (trial.repeat, power(trial))).collect();
        repeats.iter().any(|(_, power)| power.is_some()).then_some(Self { load, repeats })
    }

    fn mean(&self) -> f64 {
        let known: Vec<f64> = self.repeats.iter().filter_map(|(_, power)| *power).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    }

    /// Whether its power lies below another's, beyond the noise; `None` where they have no repeat in common.
    fn is_below(&self, other: &Self) -> Option<bool> {
        let ratio = ratios::of_repeats(&self.repeats, &other.repeats)?;
        Some(ratio.interval.map_or(ratio.value * FACTOR_WITHOUT_INTERVAL, |(_, high)| high) < 1.0)
    }
}

/// Deliveries a second ÷ p99 of latency; `None` where nothing was delivered.
fn power(trial: &Trial) -> Option<f64> {
    let latency = trial.times.latency.quantile(0.99).filter(|seconds| *seconds > 0.0)?;
    let window = trial.workload.window;
    (window > 0.0 && trial.deliveries.delivered > 0).then(|| trial.deliveries.delivered as f64 / window / latency)
}

/// Where power is past its largest.
pub fn find(points: &[Point]) -> Knee {
    let mut sorted: Vec<&Point> = points.iter().collect();
    sorted.sort_by(|one, other| one.load.total_cmp(&other.load));
    sorted.dedup_by(|one, other| one.load == other.load);
    let greatest = (0..sorted.len()).max_by(|one, other| sorted[*one].mean().total_cmp(&sorted[*other].mean()));
    let (Some(greatest), true) = (greatest, sorted.len() >= FEWEST_LOADS) else {
        return Knee::CannotTell("fewer than three load points that can be trusted");
    };
    let below: Option<Vec<bool>> = sorted.iter().map(|point| point.is_below(sorted[greatest])).collect();
    let Some(below) = below else { return Knee::CannotTell("no repeat was run at all of the load points") };
    match (greatest + 1..sorted.len()).find(|place| below[*place]) {
        Some(1) => Knee::AtOrBelow { smallest: sorted[0].load },
        Some(first) => Knee::At { load: sorted[first - 1].load, next: sorted[first].load },
        None if greatest + 1 == sorted.len() => Knee::NotInRange { largest: sorted[greatest].load },
        None => Knee::CannotTell("power is greatest before the largest load, but not beyond the noise"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads from 1 to 9 tenths of the capacity, with power as each repeat has it.
    fn points(power: impl Fn(f64) -> f64, noise: &[f64]) -> Vec<Point> {
        let repeats = |load: f64| -> Vec<(u32, Option<f64>)> { (1..).zip(noise.iter().map(|noise| Some(power(load) * noise))).collect() };
        (1..=9).map(|tenths| f64::from(tenths) / 10.0).map(|load| Point { load, repeats: repeats(load) }).collect()
    }

    /// Throughput ρ, mean response time 1 ÷ (1 − ρ).
    fn queue(load: f64) -> f64 {
        load * (1.0 - load)
    }

    #[test]
    fn of_an_m_m_1_queue_it_is_at_half_of_the_capacity() {
        assert_eq!(find(&points(queue, &[1.0, 1.0])), Knee::At { load: 0.5, next: 0.6 });
        assert_eq!(find(&points(queue, &[1.0])), Knee::At { load: 0.7, next: 0.8 }, "one repeat: a factor of 1.5 is needed");
    }

    #[test]
    fn latency_that_stays_or_grows_with_the_load_has_none() {
        for power in [(|load| load) as fn(f64) -> f64, |load| load / (0.2 + load), |_| 5.0] {
            assert_eq!(find(&points(power, &[1.0, 1.02])), Knee::NotInRange { largest: 0.9 });
        }
    }

    #[test]
    fn whoever_is_past_it_from_the_first_is_said_to_be() {
        assert_eq!(find(&points(|load| 1.0 / load.powi(3), &[1.0, 1.0])), Knee::AtOrBelow { smallest: 0.1 });
    }

    /// Loads from 1 on, with the power of each repeat.
    fn measured(powers: &[&[f64]]) -> Vec<Point> {
        let point = |(load, powers): (u32, &&[f64])| Point { load: f64::from(load), repeats: (1..).zip(powers.iter().map(|power| Some(*power))).collect() };
        (1..).zip(powers).map(point).collect()
    }

    #[test]
    fn it_is_the_load_before_the_first_that_is_clearly_lower() {
        for (powers, knee) in [
            // Beyond the knee power comes back, within the noise of its largest: the queue was there all the same.
            (&[&[1.0, 1.0][..], &[5.0, 5.0], &[2.0, 2.0], &[4.0, 5.9]][..], Knee::At { load: 2.0, next: 3.0 }),
            // What is lower, but not clearly, is not yet beyond it.
            (&[&[1.0, 1.0], &[5.0, 5.0], &[4.0, 5.5], &[2.0, 2.0]], Knee::At { load: 3.0, next: 4.0 }),
            (&[&[5.0, 5.0], &[4.0, 5.5], &[2.0, 2.0]], Knee::At { load: 2.0, next: 3.0 }),
            (&[&[5.0, 5.0], &[4.0, 4.0], &[5.0, 4.9]], Knee::AtOrBelow { smallest: 1.0 }),
            // Power was lower before: that is the way up.
            (&[&[5.0, 5.0], &[4.0, 4.0], &[6.0, 6.0]], Knee::NotInRange { largest: 3.0 }),
        ] {
            assert_eq!(find(&measured(powers)), knee, "{powers:?}");
        }
    }

    #[test]
    fn noise_makes_no_knee_and_no_certainty_that_there_is_none() {
        let mut noisy = points(|_| 5.0, &[0.8, 1.25]);
        noisy[3].repeats = vec![(1, Some(6.0)), (2, Some(5.5))];
        assert!(matches!(find(&noisy), Knee::CannotTell(_)), "{:?}", find(&noisy));
    }

    #[test]
    fn what_has_no_repeat_in_common_cannot_be_compared() {
        let mut points = points(queue, &[1.0, 1.0]);
        for place in [0, 8] {
            let mut apart = points.clone();
            apart[place].repeats = vec![(3, Some(0.1)), (4, Some(0.1))];
            assert_eq!(find(&apart), Knee::CannotTell("no repeat was run at all of the load points"), "{place}");
        }
        // The largest itself, by a repeat that nobody else has.
        points[8].repeats = vec![(3, Some(9.0))];
        assert!(matches!(find(&points), Knee::CannotTell(_)));
    }

    #[test]
    fn too_few_loads_tell_nothing() {
        let all = points(queue, &[1.0, 1.0]);
        assert!(matches!(find(&all[..2]), Knee::CannotTell(_)));
        assert!(matches!(find(&[]), Knee::CannotTell(_)));
        assert_eq!(find(&[all[0].clone(), all[0].clone(), all[8].clone()]), find(&all[..2]), "the same load twice is one");
    }

    #[test]
    fn cells_give_points_and_doubts_take_them_away() {
        use crate::summary::fixture::made_up;
        let mut recording = made_up().scale(0.05).build();
        recording.trials[0].deliveries.corrupt = 1;
        let summary = Summary::new(&recording);
        let of = |name: &str| Point::of(&summary, summary.cell(name, "").unwrap(), 50.0);
        let push = of("xmpp-pubsub").unwrap();
        let trial = summary.cell("xmpp-pubsub", "").unwrap().trials[0];
        let expected = trial.deliveries.delivered as f64 / 60.0 / trial.times.latency.quantile(0.99).unwrap();
        assert_eq!(push.repeats[0], (1, Some(expected)));
        assert_eq!(of(&recording.trials[0].contender), None);
    }
}
