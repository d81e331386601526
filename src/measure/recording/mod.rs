//! The recording of a run: everything that was measured, in one versioned JSON file.
//!
//! It is the only input of every report. It is written anew, atomically, after each trial, so that what has
//! been measured survives whatever comes next. `trial` is what one trial came to, `staleness` how long
//! views were out of date, `surroundings` what else went on meanwhile, `file` reads and saves, `weight` refuses what no run can have come to.
//! The schema is documented in `docs/recording.md`.

mod file;
mod staleness;
mod surroundings;
mod trial;
mod weight;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::handicap::Handicap;
use super::machine::Machine;
pub use file::{FILE_NAME, ReadError, make_folder, sync_folder, try_folder};
pub use staleness::Staleness;
pub use surroundings::{Clocks, CoreUse, Pressure, SurroundingsRecord};
pub use trial::{Check, Deliveries, PerRole, Phase, Phases, Role, Second, SideRecord, Times, Trial, TrialKind, WorkloadRecord};

/// Version of the schema that this build writes and reads.
pub const SCHEMA: u32 = 1;

/// All the trials of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Identifies the run: the UTC time of its start, such as `2026-11-24T06-30-00Z`.
    pub id: String,
    /// Version of pushbench that made it.
    pub tool_version: String,
    /// UTC time of the start, RFC 3339.
    pub started: String,
    /// UTC time of the latest save, RFC 3339.
    pub saved: String,
    /// How the run stands or ended.
    pub state: State,
    /// What was run.
    pub scenario: ScenarioRecord,
    /// Where.
    pub machine: Machine,
    /// The contenders, in the scenario's order.
    pub contenders: Vec<ContenderRecord>,
    /// Trials that were planned, baselines included.
    pub trials_planned: usize,
    /// Measured trials, in the order in which they ran.
    pub trials: Vec<Trial>,
    /// Null and idle trials, in the order in which they ran: nothing in reports is of them but what they are subtracted from or named after.
    #[serde(default)]
    pub baselines: Vec<Trial>,
    /// What the run was made worse by on purpose; `None`: nothing.
    #[serde(default)]
    pub handicap: Option<Handicap>,
}

/// How a run stands or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// More trials are to come (or the harness was killed).
    Running,
    /// All trials were run.
    Complete,
    /// The user ended it.
    Interrupted,
    /// A trial could not be run; why.
    Failed(String),
}

/// The scenario, as far as reports need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioRecord {
    /// File name without folder and ending: the name of the scenario.
    pub name: String,
    /// Title, for every chart.
    pub title: String,
    /// Where the workload comes from, where the scenario says so.
    pub source: Option<String>,
    /// The scenario's text, whole.
    pub text: String,
    /// Seed in force (the scenario's, or the one from the command line).
    pub seed: u64,
    /// `fan-in`, `fan-out` or `mesh`.
    pub topology: String,
    /// Whether updates are `state` (only the latest counts) or `events` (each counts).
    pub semantics: String,
    /// Factor by which every interval was divided.
    pub compression: f64,
    /// Budgets, in the scenario's order.
    pub budgets: Vec<BudgetRecord>,
    /// Published figures, in the scenario's order.
    #[serde(default)]
    pub published: Vec<PublishedRecord>,
}

/// A limit that the scenario sets on a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetRecord {
    /// Name of the contender.
    pub contender: String,
    /// Name of the metric.
    pub metric: String,
    /// Name of another contender, whose figure the limits are multiples of.
    #[serde(default)]
    pub relative_to: Option<String>,
    /// Upper limit, in the metric's unit or as a multiple.
    pub at_most: Option<f64>,
    /// Lower limit, likewise.
    pub at_least: Option<f64>,
    /// Swept values at which it holds, `key=value;key=value`; all load points without.
    #[serde(default)]
    pub at: Option<String>,
    /// What becomes of a run that breaks it.
    #[serde(default)]
    pub severity: Severity,
    /// Samples without which a figure is none.
    #[serde(default)]
    pub minimum_samples: Option<u32>,
}

/// What becomes of a run that breaks a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It fails.
    #[default]
    Fail,
    /// It is told, and the run is as good as without it.
    Warn,
}

impl Severity {
    /// As scenarios and reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
        }
    }
}

/// A figure that somebody published, and what of ours stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedRecord {
    /// What it is a figure of.
    pub what: String,
    /// The figure.
    pub value: f64,
    /// Its unit, in words.
    pub unit: String,
    /// Where it stands.
    pub source: String,
    /// Name of a contender whose figure stands beside it.
    pub contender: Option<String>,
    /// Name of another one by whose figure that is divided.
    pub against: Option<String>,
    /// Name of the metric.
    pub metric: Option<String>,
    /// Swept values at which it was measured, `key=value;key=value`; all load points without.
    pub at: Option<String>,
}

/// A contender of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContenderRecord {
    /// Its name, unique in the run.
    pub name: String,
    /// The mechanism.
    #[serde(rename = "use")]
    pub mechanism: String,
    /// Who moves first.
    pub direction: Direction,
    /// All its settings, defaults included, as text.
    pub settings: BTreeMap<String, String>,
}

/// Who moves first when there is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The subscriber asks.
    Pull,
    /// The server tells.
    Push,
    /// Neither: the harness's own zero line.
    Control,
}

impl Recording {
    /// The trials of a contender at a load point that were measured to their end.
    pub fn complete_trials<'a>(&'a self, contender: &'a str, load_point: &'a str) -> impl Iterator<Item = &'a Trial> {
        self.trials.iter().filter(move |trial| trial.complete && trial.contender == contender && trial.load_point == load_point)
    }

    /// How many trials of any kind were run to the end of their window.
    pub fn completed(&self) -> usize {
        self.trials.iter().chain(&self.baselines).filter(|trial| trial.complete).count()
    }

    /// The load points that were run, in order of appearance.
    pub fn load_points(&self) -> Vec<&str> {
        let mut points: Vec<&str> = Vec::new();
        for trial in &self.trials {
            if !points.contains(&trial.load_point.as_str()) {
                points.push(&trial.load_point);
            }
        }
        points
    }
}
