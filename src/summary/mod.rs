//! Recording → [`Summary`]: metrics of each contender at each load point, doubts, budgets, verdict. Pure.

use std::collections::BTreeMap;

use crate::measure::recording::{ContenderRecord, Recording, Second, Times, WorkloadRecord};

/// All that reports show.
pub struct Summary<'a> {
    /// What it was made from.
    pub recording: &'a Recording,
    /// One for each contender and load point that has a complete trial: load points in order of appearance, contenders in the scenario's order.
    pub cells: Vec<Cell<'a>>,
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
}

/// What is known of a metric over the repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// From merged histograms for times, else the mean over the repeats; `None` where nothing was delivered; may be infinite.
    pub value: Option<f64>,
    /// Each repeat's own value.
    pub repeats: Vec<(u32, Option<f64>)>,
}

impl Cell<'_> {
    /// Value of a metric, where it has one.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric).and_then(|estimate| estimate.value)
    }
}
