//! Baselines: short trials that are not measured for their own sake. The *null* trial has sides that start and tick, and no
//! contender: what the harness itself costs. An *idle* trial has everything but updates: what a contender costs when nothing changes.

use std::time::Duration;

use super::PlannedTrial;
use crate::measure::recording::TrialKind;
use crate::scenario::{Scenario, Workload};
use crate::trace::{Trace, TraceError};

/// Window of a baseline in measured time: five beats of a side a second. CPU is read in microseconds, and a null trial uses some
/// milliseconds, so that reading it adds nothing to what one differs from the next.
const WINDOW: Duration = Duration::from_secs(5);
/// Measured time before it. Polls have random phases: their rate is that of the window from the first one on.
const WARM_UP: Duration = Duration::from_millis(250);

/// The scenario as a trial of this kind has it. A baseline has a window of five seconds, an idle trial one of a poll interval at
/// least, neither a longer one than the scenario.
pub fn scenario(kind: TrialKind, scenario: Scenario, interval: Option<Duration>) -> Scenario {
    let least = match kind {
        TrialKind::Measured => return scenario,
        TrialKind::Null => Duration::ZERO,
        TrialKind::Idle => interval.unwrap_or_default(),
    };
    let stretched = |measured: Duration| measured.mul_f64(scenario.workload.compression);
    let span = stretched(WINDOW).max(least).min(scenario.workload.span);
    let warm_up = stretched(WARM_UP).min(span);
    Scenario { workload: Workload { span, warm_up, ..scenario.workload.clone() }, ..scenario }
}

/// The updates that a trial of this kind has.
///
/// # Errors
/// As [`Trace::new`].
pub fn trace(kind: TrialKind, scenario: &Scenario) -> Result<Trace, TraceError> {
    match kind {
        TrialKind::Measured => Trace::new(scenario),
        TrialKind::Idle | TrialKind::Null => Ok(Trace::none()),
    }
}

/// The interval for which polls go on after the window: without updates there is nothing left to be found.
pub fn drain_interval(kind: TrialKind, interval: Option<Duration>) -> Option<Duration> {
    interval.filter(|_| kind == TrialKind::Measured)
}

/// The baselines that the measured trials of a repeat need: one null trial for each set of processes, and in the first repeat an
/// idle trial after each contender's own at a load point. `processes`: of publishers and subscribers, `None` for contenders in memory.
pub(super) fn add(list: Vec<PlannedTrial>, first: bool, processes: impl Fn(&PlannedTrial) -> Option<(u32, u32)>) -> Vec<PlannedTrial> {
    let mut all: Vec<PlannedTrial> = Vec::new();
    let mut sets: Vec<(u32, u32)> = Vec::new();
    for trial in &list {
        if let Some(set) = processes(trial).filter(|set| !sets.contains(set)) {
            sets.push(set);
            all.push(PlannedTrial { kind: TrialKind::Null, name: String::new(), ..trial.clone() });
        }
    }
    for trial in list {
        let idle = (first && processes(&trial).is_some()).then(|| PlannedTrial { kind: TrialKind::Idle, ..trial.clone() });
        all.push(trial);
        all.extend(idle);
    }
    all
}
