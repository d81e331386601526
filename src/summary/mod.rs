//! Recording → [`Summary`]: metrics of each contender at each load point, doubts, budgets, verdict. Pure.
//!
//! Times come from the merged histograms of all repeats, never from averaged percentiles; counts are means over
//! the repeats. Every figure keeps its repeats, and every doubt travels with the figures it touches.

pub mod budgets;
pub mod comparison;
pub mod cpu;
pub mod crossover;
pub mod doubts;
pub mod fits;
#[doc(hidden)]
pub mod fixture;
pub mod gate;
pub mod glossary;
pub mod history;
pub mod knee;
mod linear_fit;
mod meanings;
pub mod metrics;
pub mod published;
pub mod ratios;
mod reading;
mod shown;
pub mod thresholds;
pub mod unit;
pub mod verdict;

use std::collections::BTreeMap;

use crate::measure::recording::{ContenderRecord, Direction, Recording, Second, Times, Trial, WorkloadRecord};
use budgets::{BudgetOutcome, BudgetResult};
use cpu::Baseline;
use crossover::Crossover;
pub use doubts::{Doubt, Grade};
use fits::Fit;
use metrics::METRICS;

/// All that reports show.
pub struct Summary<'a> {
    /// What it was made from.
    pub recording: &'a Recording,
    /// One for each contender and load point that has a complete trial: load points in order of appearance, contenders in the scenario's order.
    pub cells: Vec<Cell<'a>>,
    /// What a figure rises by for each subscriber, where their number is swept.
    pub fits: Vec<Fit<'a>>,
    /// Where contenders cross over a swept value.
    pub crossovers: Vec<Crossover<'a>>,
    /// Reasons to read numbers with care: first those that concern all.
    pub doubts: Vec<Doubt>,
    /// What became of the budgets.
    pub budgets: Vec<BudgetResult<'a>>,
}

/// What a summary means for whoever asked for the run; the command line makes exit codes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Fine,
    /// A budget was broken, or a figure regressed.
    Broken,
    /// Some figures are not to be trusted, or a budget has no figure, or one of too few samples.
    Untrusted,
}

/// One contender at one load point, all repeats.
pub struct Cell<'a> {
    /// The contender.
    pub contender: &'a ContenderRecord,
    /// `key=value;key=value`: the swept values that touch this contender; empty without any.
    pub load_point: &'a str,
    /// The workload at this load point.
    pub workload: &'a WorkloadRecord,
    /// Metric name → what is known of it. A metric that does not apply is not there.
    pub metrics: BTreeMap<&'static str, Estimate>,
    /// Times of all repeats, merged.
    pub times: Times,
    /// Time-line of the first repeat.
    pub timeline: &'a [Second],
    /// The trials that were measured to their end, by repeat.
    pub trials: Vec<&'a Trial>,
}

/// What is known of a metric over the repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// From merged histograms for times, else the mean over the repeats; `None` where nothing was delivered; may be infinite.
    pub value: Option<f64>,
    /// Each repeat's own value.
    pub repeats: Vec<(u32, Option<f64>)>,
}

impl<'a> Summary<'a> {
    /// Makes the summary of a recording.
    pub fn new(recording: &'a Recording) -> Self {
        let baseline = Baseline::new(recording);
        let mut cells = Vec::new();
        for load_point in recording.load_points() {
            for contender in &recording.contenders {
                cells.extend(Cell::new(recording, &baseline, contender, load_point));
            }
        }
        let doubts = doubts::doubts(recording, &baseline, &cells);
        let fits = fits::fits(&cells);
        let crossovers = crossover::crossovers(recording, &cells, &doubts);
        let mut summary = Self { recording, cells, fits, crossovers, doubts, budgets: Vec::new() };
        summary.budgets = budgets::budgets(&summary);
        summary
    }

    /// What it means for the exit code: the gravest of what holds.
    pub fn outcome(&self) -> Outcome {
        let budget = |wanted: BudgetOutcome| self.budgets.iter().any(|result| result.outcome == wanted);
        let lacking = budget(BudgetOutcome::NoSamples) || budget(BudgetOutcome::TooFewSamples);
        if lacking || self.doubts.iter().any(|doubt| doubt.grade == Grade::Untrusted) {
            Outcome::Untrusted
        } else if budget(BudgetOutcome::Broken) {
            Outcome::Broken
        } else {
            Outcome::Fine
        }
    }

    /// The doubts that touch a metric of a cell.
    pub fn doubts_on<'s>(&'s self, cell: &Cell<'_>, metric: &str) -> impl Iterator<Item = &'s Doubt> {
        self.doubts.iter().filter(move |doubt| doubt.concerns(&cell.contender.name, cell.load_point) && doubt.touches(metric))
    }

    /// The doubts that touch a slope: those of any of its points.
    pub fn doubts_on_fit<'s>(&'s self, fit: &Fit<'_>) -> impl Iterator<Item = &'s Doubt> {
        let points: Vec<&str> = self.cells.iter().filter(|cell| fit.holds(cell)).map(|cell| cell.load_point).collect();
        let (contender, name) = (fit.contender.to_owned(), fit.quantity.name);
        self.doubts.iter().filter(move |doubt| doubt.touches(name) && points.iter().any(|point| doubt.concerns(&contender, point)))
    }

    /// The cell of a contender that stands at a load point, as in [`Self::at`].
    pub fn cell(&self, contender: &str, load_point: &str) -> Option<&Cell<'a>> {
        self.cells.iter().find(|cell| cell.contender.name == contender && covers(load_point, cell.load_point))
    }

    /// The load points at which contenders are compared, in order of appearance: those that are not part of a more detailed one.
    pub fn load_points(&self) -> Vec<&'a str> {
        let mut points: Vec<&str> = Vec::new();
        for cell in &self.cells {
            let detailed = |other: &Cell<'_>| other.load_point != cell.load_point && covers(other.load_point, cell.load_point);
            if !points.contains(&cell.load_point) && !self.cells.iter().any(detailed) {
                points.push(cell.load_point);
            }
        }
        points
    }

    /// The cells at a load point, in the scenario's order of contenders. A contender that a swept value does not touch
    /// was run without it, and stands at all of its load points: its own [`Cell::load_point`] is then a part of the one asked for.
    pub fn at<'s>(&'s self, load_point: &'s str) -> impl Iterator<Item = &'s Cell<'a>> {
        let names = self.recording.contenders.iter();
        names.filter_map(move |contender| self.cell(&contender.name, load_point))
    }
}

/// Whether a load point has all the values of another.
fn covers(load_point: &str, part: &str) -> bool {
    part.is_empty() || part.split(';').all(|value| load_point.split(';').any(|other| other == value))
}

impl<'a> Cell<'a> {
    /// `None` where no trial was measured to its end.
    fn new(recording: &'a Recording, baseline: &Baseline<'_>, contender: &'a ContenderRecord, load_point: &'a str) -> Option<Self> {
        let mut trials: Vec<&Trial> = recording.complete_trials(&contender.name, load_point).collect();
        trials.sort_by_key(|trial| trial.repeat);
        let first = *trials.first()?;
        let mut times = first.times.clone();
        for trial in &trials[1..] {
            times.merge(&trial.times);
        }
        let metrics = METRICS
            .iter()
            .filter_map(|metric| {
                let value = metric.over(&trials, &times, baseline).value()?;
                Some((metric.name, Estimate { value, repeats: metric.repeats(&trials, baseline) }))
            })
            .collect();
        Some(Self { contender, load_point, workload: &first.workload, metrics, times, timeline: &first.timeline, trials })
    }
}

impl Cell<'_> {
    /// Value of a metric, where it has one.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric).and_then(|estimate| estimate.value)
    }

    /// Whether the subscriber asks, is told, or neither.
    pub fn direction(&self) -> Direction {
        self.contender.direction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixture::made_up;

    #[test]
    fn a_contender_that_no_swept_value_touches_stands_at_every_load_point() {
        let mut recording = made_up().scale(0.02).sweep(&[0.5, 1.0]).build();
        recording.trials.retain(|trial| trial.contender != "xmpp-pubsub" || trial.load_point == "workload.topics=50");
        for trial in &mut recording.trials {
            trial.load_point =
                if trial.contender == "xmpp-pubsub" { String::new() } else { trial.load_point.replace("workload.topics", "contender.poll-5s.interval") };
        }
        let summary = Summary::new(&recording);
        let points = ["contender.poll-5s.interval=50", "contender.poll-5s.interval=100"];
        assert_eq!(summary.load_points(), points);
        for point in points {
            let names: Vec<&str> = summary.at(point).map(|cell| cell.contender.name.as_str()).collect();
            assert_eq!(names, ["poll-5s", "poll-1s", "conditional-5s", "xmpp-pubsub"]);
        }
        assert!(summary.verdicts().iter().all(|verdict| verdict.headline.starts_with("Push is better")), "{:?}", summary.verdicts());
        assert!(covers("a=1;b=2", "b=2") && !covers("a=1;b=22", "b=2") && !covers("", "b=2"));
    }

    #[test]
    fn times_are_merged_and_counts_are_means() {
        let mut recording = made_up().scale(0.02).build();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
            trial.failed_requests = u64::from(trial.repeat);
            trial.times.lag = crate::measure::distribution::Distribution::default();
            // 1 sample of 1 s in the first repeat, 3 of 3 s in the second.
            trial.times.lag.extend(vec![std::time::Duration::from_secs(u64::from(2 * trial.repeat - 1)); (2 * trial.repeat - 1) as usize]);
        }
        let summary = Summary::new(&recording);
        let cell = summary.cell("poll-5s", "").unwrap();
        assert_eq!(cell.metrics["requests.failed"], Estimate { value: Some(1.5), repeats: vec![(1, Some(1.0)), (2, Some(2.0))] });
        let merged = cell.value("lag.p50").unwrap();
        assert!((merged - 3.0).abs() < 0.01, "the median of 1, 3, 3, 3 is 3, not the mean of medians: {merged}");
    }

    #[test]
    fn what_does_not_apply_has_no_entry_and_what_is_empty_no_value() {
        let mut recording = made_up().scale(0.02).build();
        for trial in &mut recording.trials {
            trial.deliveries.delivered = 0;
            trial.sides[0].cpu = None;
        }
        let summary = Summary::new(&recording);
        let (poll, push) = (summary.cell("poll-5s", "").unwrap(), summary.cell("xmpp-pubsub", "").unwrap());
        assert!(!push.metrics.contains_key("requests.total") && !push.metrics.contains_key("lag.p99") && !poll.metrics.contains_key("stanzas.total"));
        assert_eq!(poll.metrics["messages.per_update"].value, None);
        assert_eq!(poll.value("responses.304"), Some(0.0));
        assert!(!poll.metrics.contains_key("cpu.total.setup"), "a sum with a part missing is no sum");
        assert!(poll.metrics.contains_key("cpu.subscriber.setup"));
    }

    #[test]
    fn what_was_expected_was_delivered_coalesced_or_lost() {
        for recording in
            [made_up().scale(0.02).build(), made_up().scale(0.05).repeats(3).push_loses().noise(0.2).build(), made_up().scale(0.02).sweep(&[0.5, 1.0]).build()]
        {
            let summary = Summary::new(&recording);
            assert!(!summary.cells.is_empty());
            for cell in &summary.cells {
                let value = |name: &str| cell.value(name).unwrap();
                let parts = value("delivered") + value("coalesced") + value("lost");
                assert!((parts - value("expected")).abs() < 1e-6, "{} at {:?}", cell.contender.name, cell.load_point);
                assert!((value("reach") - value("delivered") / value("expected")).abs() < 0.02);
            }
        }
    }
}
