//! Recording → [`Summary`]: metrics of each contender at each load point, doubts, budgets, verdict. Pure.
//!
//! Times come from the merged histograms of all repeats, never from averaged percentiles; counts are means over
//! the repeats. Every figure keeps its repeats, and every doubt travels with the figures it touches.

pub mod budgets;
pub mod doubts;
#[doc(hidden)]
pub mod fixture;
pub mod glossary;
pub mod metrics;
pub mod ratios;
pub mod thresholds;
pub mod unit;
pub mod verdict;

use std::collections::BTreeMap;

use crate::measure::recording::{ContenderRecord, Direction, Recording, Second, Times, Trial, WorkloadRecord};
use budgets::{BudgetOutcome, BudgetResult};
pub use doubts::{Doubt, Grade};
use metrics::METRICS;

/// All that reports show.
pub struct Summary<'a> {
    /// What it was made from.
    pub recording: &'a Recording,
    /// One for each contender and load point that has a complete trial: load points in order of appearance, contenders in the scenario's order.
    pub cells: Vec<Cell<'a>>,
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
    /// A budget was broken.
    Broken,
    /// Some figures are not to be trusted, or a budget has no figure.
    Untrusted,
}

/// One contender at one load point, all repeats.
pub struct Cell<'a> {
    /// The contender.
    pub contender: &'a ContenderRecord,
    /// `key=value;key=value`, empty without a sweep.
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
        let mut cells = Vec::new();
        for load_point in recording.load_points() {
            for contender in &recording.contenders {
                cells.extend(Cell::new(recording, contender, load_point));
            }
        }
        let doubts = doubts::doubts(recording, &cells);
        let budgets = budgets::budgets(recording, &cells);
        Self { recording, cells, doubts, budgets }
    }

    /// What it means for the exit code: the gravest of what holds.
    pub fn outcome(&self) -> Outcome {
        let budget = |wanted: BudgetOutcome| self.budgets.iter().any(|result| result.outcome == wanted);
        if self.doubts.iter().any(|doubt| doubt.grade == Grade::Untrusted) || budget(BudgetOutcome::NoSamples) {
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

    /// The cell of a contender at a load point.
    pub fn cell(&self, contender: &str, load_point: &str) -> Option<&Cell<'a>> {
        self.cells.iter().find(|cell| cell.contender.name == contender && cell.load_point == load_point)
    }

    /// The load points that have cells, in order of appearance.
    pub fn load_points(&self) -> Vec<&'a str> {
        let mut points: Vec<&str> = self.cells.iter().map(|cell| cell.load_point).collect();
        // Cells stand by load point, so that equal ones are neighbours.
        points.dedup();
        points
    }

    /// The cells at a load point, in the scenario's order of contenders.
    pub fn at<'s>(&'s self, load_point: &'s str) -> impl Iterator<Item = &'s Cell<'a>> {
        self.cells.iter().filter(move |cell| cell.load_point == load_point)
    }
}

impl<'a> Cell<'a> {
    /// `None` where no trial was measured to its end.
    fn new(recording: &'a Recording, contender: &'a ContenderRecord, load_point: &'a str) -> Option<Self> {
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
                let value = metric.over(&trials, &times).value()?;
                let repeats = trials.iter().map(|trial| (trial.repeat, metric.of_trial(trial).value().flatten())).collect();
                Some((metric.name, Estimate { value, repeats }))
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
