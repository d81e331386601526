//! Scenarios: TOML text → typed [`Scenario`]. After this room no value can be wrong.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::contender::Contender;
use crate::contender::settings::Values;

/// A question, ready to be put.
#[derive(Clone)]
pub struct Scenario {
    /// File name without folder and ending.
    pub name: String,
    /// Folder of the file, to which paths inside are relative.
    pub folder: PathBuf,
    /// The text it was read from.
    pub text: String,
    /// Stands on every chart.
    pub title: String,
    /// Where the workload comes from.
    pub source: Option<String>,
    /// What happens.
    pub workload: Workload,
    /// Who wants to know.
    pub subscribers: Subscribers,
    /// Who tells.
    pub publishers: Publishers,
    /// Who competes.
    pub contenders: Vec<Entry>,
    /// Values to be varied, in the order of the file.
    pub sweep: Vec<Axis>,
    /// How often each trial is run.
    pub repeats: NonZeroU32,
    /// Limits on metrics.
    pub budgets: Vec<Budget>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Shape of the subscriptions.
    pub topology: Topology,
    /// Topics that exist.
    pub topics: u32,
    /// Topics that have updates: the first so many in an order shuffled by the seed.
    pub active_topics: u32,
    /// Mean number of updates of an active topic within the span.
    pub updates_per_active_topic: f64,
    /// Length of the window, scenario time.
    pub span: Duration,
    /// Length of the warm-up before it, scenario time.
    pub warm_up: Duration,
    /// Divides every interval.
    pub compression: f64,
    /// Size of an update in bytes.
    pub payload: u64,
    /// When updates come.
    pub arrivals: Arrivals,
    /// Which topics are updated more often.
    pub popularity: Popularity,
    /// What an update is.
    pub semantics: Semantics,
    /// How long a request may take, scenario time; the drain waits for so long beyond one poll interval.
    pub timeout: Duration,
    /// Where all randomness comes from.
    pub seed: u64,
}

/// Shape of the subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Few subscribers, each wants all of many topics.
    FanIn,
    /// Many subscribers, each wants all of few topics.
    FanOut,
    /// Each subscriber wants some topics.
    Mesh {
        /// How many; drawn by popularity.
        topics_per_subscriber: u32,
    },
}

impl Topology {
    /// As a scenario has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FanIn => "fan-in",
            Self::FanOut => "fan-out",
            Self::Mesh { .. } => "mesh",
        }
    }
}

/// When updates come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Independently of each other, at a constant rate: exponential gaps.
    Poisson,
    /// Evenly spaced, with a random offset for each topic.
    Uniform,
    /// In bursts of ten on average (geometric), one second of scenario time apart within a burst; bursts come as Poisson.
    Bursty,
    /// As a file says: columns `due` (seconds of scenario time from the start of the span) and `topic` (its number).
    Csv(PathBuf),
}

/// Which topics are updated more often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Popularity {
    /// All active topics alike.
    Flat,
    /// The k-th of the active topics as 1 / k^exponent.
    Zipf(f64),
}

/// What an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// A new state: only the latest counts, skipping one is no loss.
    State,
    /// An event: each counts.
    Events,
}

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribers {
    /// How many.
    pub count: u32,
    /// Connections that each may hold.
    pub connections: u32,
    /// Processes that they are spread over.
    pub processes: u32,
}

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publishers {
    /// Connections of each process.
    pub connections: u32,
    /// Processes; topic t belongs to process t mod processes.
    pub processes: u32,
}

/// A contender of the scenario.
#[derive(Clone)]
pub struct Entry {
    /// Unique; speaks in tables, budgets and `--only`.
    pub name: String,
    /// The mechanism.
    pub contender: &'static dyn Contender,
    /// Its settings, checked.
    pub values: Values,
}

/// A value to be varied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Dotted path: `workload.topics`, `contender.poll-1s.interval`.
    pub path: String,
    /// The values, as TOML text.
    pub values: Vec<String>,
}

/// One combination of swept values: (path, TOML text), in the order of the sweep. Empty without a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LoadPoint(pub Vec<(String, String)>);

/// A limit on a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Name of the contender.
    pub contender: String,
    /// Name of the metric.
    pub metric: String,
    /// Upper limit in the metric's unit.
    pub at_most: Option<f64>,
    /// Lower limit in the metric's unit.
    pub at_least: Option<f64>,
}

impl Workload {
    /// Divides a scenario duration by the compression.
    pub fn compress(&self, duration: Duration) -> Duration {
        Duration::from_nanos((duration.as_nanos() as f64 / self.compression).round() as u64)
    }
}
