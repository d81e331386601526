//! The ratio of a metric between two contenders, with its interval of confidence.
//!
//! Repeats are interleaved, so that a ratio is taken within each repeat and the machine's drift cancels. Ratios are
//! averaged as logarithms; the interval is Student's t on them.

use super::metrics::{Better, Metric};
use super::thresholds::{FACTOR_WITHOUT_INTERVAL, REPEATS_FOR_AN_INTERVAL};
use super::{Cell, Grade, Summary};

/// Left ÷ right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Geometric mean of the ratios of the repeats; 0 or infinite where one of the two is.
    pub value: f64,
    /// 95 % interval; `None`: the noise is unknown, with fewer than two repeats.
    pub interval: Option<(f64, f64)>,
    /// Repeats that both have.
    pub pairs: usize,
}

/// Why a lead within the noise is none, in the words of every report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The figures are near each other.
    Close,
    /// The figures are far apart: that the interval contains 1 says more of the number of repeats than of the contenders.
    Unsettled,
}

impl Tie {
    /// Of a ratio whose interval contains 1, or that has none.
    pub fn of_ratio(value: f64, interval: Option<(f64, f64)>) -> Self {
        let is_far = !(1.0 / FACTOR_WITHOUT_INTERVAL..=FACTOR_WITHOUT_INTERVAL).contains(&value);
        if interval.is_some() && is_far { Self::Unsettled } else { Self::Close }
    }

    /// `no clear difference in CPU`, `too few repeats to settle CPU`.
    pub fn about(self, what: &str) -> String {
        match self {
            Self::Close => format!("no clear difference in {what}"),
            Self::Unsettled => format!("too few repeats to settle {what}"),
        }
    }
}

impl Ratio {
    /// Why the lead is none, where it is none.
    pub fn tie(&self) -> Tie {
        Tie::of_ratio(self.value, self.interval)
    }
}

/// Who is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The left one, beyond the noise.
    LeftBetter,
    /// The right one, beyond the noise.
    RightBetter,
    /// The lead lies within the noise, or the metric knows no better.
    NoClearDifference,
    /// One of the figures is not to be trusted.
    NotTrustworthy,
}

/// A metric of two contenders, compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Left ÷ right.
    pub ratio: Ratio,
    /// Who is better.
    pub verdict: Verdict,
}

/// Compares two cells by a metric; `None` where one of them has no figure, or both are 0 or infinite.
pub fn compare(summary: &Summary<'_>, metric: &Metric, left: &Cell<'_>, right: &Cell<'_>) -> Option<Comparison> {
    let ratio = ratio(metric.name, left, right)?;
    let untrusted = [left, right].iter().any(|cell| summary.doubts_on(cell, metric.name).any(|doubt| doubt.grade == Grade::Untrusted));
    let (low, high) = ratio.interval.unwrap_or((ratio.value / FACTOR_WITHOUT_INTERVAL, ratio.value * FACTOR_WITHOUT_INTERVAL));
    let verdict = match metric.better {
        _ if untrusted => Verdict::NotTrustworthy,
        Better::Lower if high < 1.0 => Verdict::LeftBetter,
        Better::Lower if low > 1.0 => Verdict::RightBetter,
        Better::Higher if low > 1.0 => Verdict::LeftBetter,
        Better::Higher if high < 1.0 => Verdict::RightBetter,
        _ => Verdict::NoClearDifference,
    };
    Some(Comparison { ratio, verdict })
}

/// Whether a cell is better by a metric than all of these others that have a figure: beyond the noise, and in figures that can be trusted and told apart.
pub fn leads_all<'c, 'r: 'c>(summary: &Summary<'_>, metric: &Metric, cell: &Cell<'_>, others: impl IntoIterator<Item = &'c Cell<'r>>) -> bool {
    let shown = |cell: &Cell<'_>| cell.value(metric.name).map(|value| metric.unit.show(value));
    let rivals = others.into_iter().filter(|other| other.contender.name != cell.contender.name && other.value(metric.name).is_some());
    let is_beaten = |other: &Cell<'_>| compare(summary, metric, cell, other).is_some_and(|compared| compared.verdict == Verdict::LeftBetter);
    rivals.into_iter().all(|other| shown(cell) != shown(other) && is_beaten(other))
}

/// Left ÷ right, paired by repeat.
pub fn ratio(metric: &str, left: &Cell<'_>, right: &Cell<'_>) -> Option<Ratio> {
    of_repeats(&left.metrics.get(metric)?.repeats, &right.metrics.get(metric)?.repeats)
}

/// Left ÷ right of any figure that each repeat has, paired by repeat.
pub fn of_repeats(lefts: &[(u32, Option<f64>)], rights: &[(u32, Option<f64>)]) -> Option<Ratio> {
    let pairs = lefts.iter().filter_map(|(repeat, value)| {
        let other = rights.iter().find(|(other, _)| other == repeat)?.1?;
        Some((value.as_ref()?.min(other), value.as_ref()? / other))
    });
    let pairs: Vec<(f64, f64)> = pairs.filter(|(_, ratio)| !ratio.is_nan()).collect();
    // A figure below 0 is a difference within its error (CPU less the null trial's): it has no ratio to anything.
    if pairs.iter().any(|(least, _)| *least < 0.0) {
        return None;
    }
    let ratios: Vec<f64> = pairs.into_iter().map(|(_, ratio)| ratio).collect();
    if ratios.is_empty() {
        return None;
    }
    // A zero or an infinity has no logarithm: it decides by itself.
    if let Some(extreme) = ratios.iter().find(|ratio| **ratio == 0.0 || ratio.is_infinite()) {
        let all = ratios.iter().all(|ratio| ratio == extreme);
        return all.then_some(Ratio { value: *extreme, interval: None, pairs: ratios.len() });
    }
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let pairs = logs.len();
    let mean = logs.iter().sum::<f64>() / pairs as f64;
    let interval = (pairs >= REPEATS_FOR_AN_INTERVAL).then(|| {
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (pairs - 1) as f64;
        let half = student_t(pairs - 1) * (variance / pairs as f64).sqrt();
        ((mean - half).exp(), (mean + half).exp())
    });
    Some(Ratio { value: mean.exp(), interval, pairs })
}

/// Two-sided 95 % quantile (0.975) of Student's t for so many degrees of freedom, from 1.
///
/// NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2. Beyond 30 the value of 30 is kept: a little too wide, never too narrow.
pub fn student_t(degrees: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080,
        2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    TABLE[degrees.clamp(1, TABLE.len()) - 1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::measure::recording::Recording;
    use crate::summary::fixture::made_up;

    /// Two contenders whose requests are set by hand.
    fn recording(left: &[u64], right: &[u64]) -> Recording {
        let mut recording = made_up().scale(0.02).repeats(left.len() as u32).build();
        recording.trials.retain(|trial| trial.contender.starts_with("poll"));
        recording.contenders.retain(|contender| contender.name.starts_with("poll"));
        recording.trials_planned = recording.trials.len();
        for trial in &mut recording.trials {
            let values = if trial.contender == "poll-5s" { left } else { right };
            trial.subscriber_traffic.window.requests = values[trial.repeat as usize - 1];
            trial.requests_planned = 0;
        }
        recording
    }

    fn verdict(recording: &Recording) -> Comparison {
        let summary = Summary::new(recording);
        compare(&summary, Metric::named("requests.total").unwrap(), summary.cell("poll-5s", "").unwrap(), summary.cell("poll-1s", "").unwrap()).unwrap()
    }

    #[test]
    fn intervals_are_students() {
        // ln 2 ± 12.706 × s/√2, with s the deviation of ln 1.9 and ln (4/1.9).
        let found = verdict(&recording(&[190, 400], &[100, 190])).ratio;
        let logs = [1.9_f64.ln(), (400.0_f64 / 190.0).ln()];
        let half = 12.706 * (logs[0] - logs[1]).abs() / 2.0;
        assert!((found.value - 2.0).abs() < 1e-9);
        let (low, high) = found.interval.unwrap();
        assert!((low.ln() - (2.0_f64.ln() - half)).abs() < 1e-9 && (high.ln() - (2.0_f64.ln() + half)).abs() < 1e-9);
        assert_eq!((student_t(0), student_t(9), student_t(500)), (12.706, 2.262, 2.042));
    }

    #[test]
    fn the_noise_decides() {
        for (left, right, expected) in [
            (&[100, 101][..], &[200, 202][..], Verdict::LeftBetter),
            (&[300, 303], &[200, 202], Verdict::RightBetter),
            (&[100, 140], &[120, 120], Verdict::NoClearDifference),
            (&[100], &[120], Verdict::NoClearDifference),
            (&[100], &[200], Verdict::LeftBetter),
            (&[0, 0], &[200, 202], Verdict::LeftBetter),
        ] {
            assert_eq!(verdict(&recording(left, right)).verdict, expected, "{left:?} {right:?}");
        }
        assert_eq!(verdict(&recording(&[100], &[200])).ratio.interval, None);
    }

    #[test]
    fn what_is_far_apart_within_the_noise_is_not_settled() {
        let tie = |left: &[u64], right: &[u64]| verdict(&recording(left, right)).ratio.tie();
        assert_eq!(tie(&[100, 140], &[120, 120]), Tie::Close);
        assert_eq!(tie(&[100, 400], &[400, 400]), Tie::Unsettled);
        assert_eq!(tie(&[400, 400], &[100, 400]), Tie::Unsettled, "either way");
        assert_eq!(tie(&[100], &[140]), Tie::Close, "of one repeat nothing is known");
        assert_eq!(Tie::Unsettled.about("CPU"), "too few repeats to settle CPU");
    }

    #[test]
    fn a_figure_below_zero_has_no_ratio() {
        assert!(of_repeats(&[(1, Some(-0.1)), (2, Some(2.0))], &[(1, Some(1.0)), (2, Some(1.0))]).is_none());
        assert!(of_repeats(&[(1, Some(0.1))], &[(1, Some(-1.0))]).is_none());
    }

    #[test]
    fn a_doubt_forbids_a_verdict() {
        let mut recording = recording(&[100, 101], &[200, 202]);
        recording.trials[0].deliveries.corrupt = 1;
        assert_eq!(verdict(&recording).verdict, Verdict::NotTrustworthy);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn a_ratio_the_other_way_round_is_one_over_it(values in prop::collection::vec((1e-9..1e9_f64, 1e-9..1e9_f64), 1..8), scale in 1e-3..1e3_f64) {
            let side = |of: fn(&(f64, f64)) -> f64, scale: f64| (1..).zip(values.iter().map(|pair| Some(of(pair) * scale))).collect::<Vec<(u32, _)>>();
            let (lefts, rights) = (side(|pair| pair.0, 1.0), side(|pair| pair.1, 1.0));
            let (there, back) = (of_repeats(&lefts, &rights).unwrap(), of_repeats(&rights, &lefts).unwrap());
            let near = |one: f64, other: f64| (one / other - 1.0).abs() < 1e-9;
            prop_assert!(near(there.value * back.value, 1.0) && there.pairs == values.len());
            // A unit in which both are counted changes nothing.
            prop_assert!(near(of_repeats(&side(|pair| pair.0, scale), &side(|pair| pair.1, scale)).unwrap().value, there.value));
            if let (Some((low, high)), Some((other_low, other_high))) = (there.interval, back.interval) {
                prop_assert!(low <= there.value * 1.000_001 && there.value <= high * 1.000_001);
                // Wide intervals of wild values end in 0 and infinity.
                prop_assert!(!(low > 0.0 && high.is_finite()) || (near(low * other_high, 1.0) && near(high * other_low, 1.0)));
            }
        }
    }
}
