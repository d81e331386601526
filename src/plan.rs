//! Scenario → trials: contender × load point × repeat, in an order that favours nobody; what they will need, and
//! whether this machine has it. Pure: what the machine has comes in as facts.

pub mod baseline;
mod estimate;
mod limits;

use std::num::NonZeroU32;

pub use estimate::{Estimate, Totals, estimate};
pub use limits::{Limits, Shortage};

use crate::measure::recording::TrialKind;
use crate::scenario::{Entry, LoadPoint, Scenario, ScenarioError};
use crate::trace::TraceError;

/// All trials of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they run.
    pub trials: Vec<PlannedTrial>,
}

/// A trial to be run, of whichever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTrial {
    /// Index of the contender in [`Scenario::contenders`], the same at every load point.
    pub contender: usize,
    /// Its name; empty for a null trial.
    pub name: String,
    /// What it is for.
    pub kind: TrialKind,
    /// Values of the sweep that touch it.
    pub load_point: LoadPoint,
    /// 1, 2, 3 …
    pub repeat: u32,
    /// Its place in the run, from 0.
    pub order: usize,
}

/// Why there is no plan, or no estimate of it.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// `--only` names what is not there.
    #[error("the scenario has no contender {name:?}\n  = allowed: {known}")]
    UnknownContender {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A load point does not fit the scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The updates cannot be had.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A contender refuses settings that it took before.
    #[error("the contender {name:?}: {why}")]
    Settings {
        /// Which.
        name: String,
        /// What it says.
        why: String,
    },
}

impl PlannedTrial {
    /// Name, load point and repeat, for people.
    pub fn shown(&self) -> String {
        let at = if self.load_point.0.is_empty() { String::new() } else { format!(" at {}", self.load_point) };
        match self.kind {
            TrialKind::Measured => format!("{}{at}, repeat {}", self.name, self.repeat),
            TrialKind::Idle => format!("{}{at}, idle trial", self.name),
            TrialKind::Null => format!("null trial{at}, repeat {}", self.repeat),
        }
    }
}

impl Plan {
    /// The trials of the scenario itself: without baselines.
    pub fn measured(&self) -> impl Iterator<Item = &PlannedTrial> {
        self.trials.iter().filter(|trial| trial.kind == TrialKind::Measured)
    }

    /// The contenders that take part, in the scenario's order.
    pub fn contenders<'a>(&self, scenario: &'a Scenario) -> Vec<&'a Entry> {
        let takes_part = |place: &usize| self.trials.iter().any(|trial| trial.contender == *place);
        scenario.contenders.iter().enumerate().filter(|(place, _)| takes_part(place)).map(|(_, entry)| entry).collect()
    }

    /// Plans all trials of a scenario, or those of the contenders named in `only`; `repeats` replaces the scenario's.
    ///
    /// The order is the list of load points, all contenders at each; then that list reversed, and so on: what drifts with
    /// time (heat, other users of the machine) hits first and last alike. A contender that no swept value touches runs once per repeat.
    /// Baselines are put in where the scenario does not turn them off: see [`baseline`].
    ///
    /// # Errors
    /// `only` names a contender that the scenario does not have; a contender refuses settings that it took before.
    pub fn new(scenario: &Scenario, only: Option<&[String]>, repeats: Option<NonZeroU32>) -> Result<Self, PlanError> {
        let known: Vec<&str> = scenario.contenders.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(name) = only.unwrap_or_default().iter().find(|name| !known.contains(&name.as_str())) {
            return Err(PlanError::UnknownContender { name: name.clone(), known: known.join(", ") });
        }
        let chosen = |name: &str| only.is_none_or(|only| only.iter().any(|chosen| chosen == name));
        let list = one_repeat(scenario, chosen);
        let in_memory = in_memory(scenario)?;
        let processes = |trial: &PlannedTrial| in_memory.get(trial.contender).is_some_and(|in_memory| !in_memory).then(|| processes(scenario, trial));
        let mut trials: Vec<PlannedTrial> = Vec::new();
        for repeat in 1..=repeats.unwrap_or(scenario.repeats).get() {
            let there = list.iter().map(|trial| PlannedTrial { repeat, ..trial.clone() });
            let there: Vec<PlannedTrial> = if repeat % 2 == 1 { there.collect() } else { there.rev().collect() };
            trials.extend(if scenario.baseline { baseline::add(there, repeat == 1, processes) } else { there });
        }
        for (order, trial) in trials.iter_mut().enumerate() {
            trial.order = order;
        }
        Ok(Self { trials })
    }
}

/// Which contenders live in the harness's own process: their sides have no CPU of their own.
fn in_memory(scenario: &Scenario) -> Result<Vec<bool>, PlanError> {
    let refused = |name: &str, error: crate::contender::settings::SettingsError| PlanError::Settings { name: name.to_owned(), why: error.to_string() };
    scenario.contenders.iter().map(|entry| Ok(entry.contender.protocol(&entry.values).map_err(|error| refused(&entry.name, error))?.in_memory())).collect()
}

/// Processes of publishers and subscribers in a trial.
fn processes(scenario: &Scenario, trial: &PlannedTrial) -> (u32, u32) {
    let of = |path: &str, unless_swept: u32| {
        let swept = trial.load_point.0.iter().find(|(swept, _)| swept == path);
        swept.and_then(|(_, value)| value.replace('_', "").parse().ok()).unwrap_or(unless_swept)
    };
    (of("publishers.processes", scenario.publishers.processes), of("subscribers.processes", scenario.subscribers.processes))
}

/// The trials of a repeat: for each combination of values that touch everybody, each contender at all its own values.
fn one_repeat(scenario: &Scenario, chosen: impl Fn(&str) -> bool) -> Vec<PlannedTrial> {
    let mut list = Vec::new();
    for common in scenario.common_load_points() {
        for (contender, entry) in scenario.contenders.iter().enumerate().filter(|(_, entry)| chosen(&entry.name)) {
            for load_point in scenario.load_points_of(&entry.name) {
                if common.0.iter().all(|value| load_point.0.contains(value)) {
                    list.push(PlannedTrial { contender, name: entry.name.clone(), kind: TrialKind::Measured, load_point, repeat: 1, order: 0 });
                }
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::scenario::testing::{scenario_with, without_baseline};

    const TWO: &str = "[[contender]]\nuse = \"fake-pull\"\nname = \"pull\"\ninterval = \"5m\"\n";

    fn shown(plan: &Plan) -> Vec<String> {
        plan.trials.iter().map(|trial| format!("{} {} {}", trial.repeat, trial.name, trial.load_point)).collect()
    }

    #[test]
    fn the_list_then_the_list_reversed() {
        let scenario = without_baseline(TWO).unwrap();
        let plan = Plan::new(&scenario, None, NonZeroU32::new(3)).unwrap();
        assert_eq!(shown(&plan), ["1 fake-push ", "1 pull ", "2 pull ", "2 fake-push ", "3 fake-push ", "3 pull "]);
        assert!(plan.trials.iter().enumerate().all(|(order, trial)| trial.order == order && scenario.contenders[trial.contender].name == trial.name));
        assert_eq!(Plan::new(&scenario, None, None).unwrap().trials.len(), 4);
    }

    #[test]
    fn a_contender_that_a_value_does_not_touch_runs_once() {
        let scenario = without_baseline(&format!("{TWO}[sweep]\n\"contender.pull.interval\" = [\"1m\", \"2m\"]")).unwrap();
        let plan = Plan::new(&scenario, None, NonZeroU32::new(1)).unwrap();
        assert_eq!(shown(&plan), ["1 fake-push ", "1 pull contender.pull.interval=1m", "1 pull contender.pull.interval=2m"]);
    }

    #[test]
    fn values_for_all_are_the_outer_loop() {
        let sweep = "[sweep]\n\"contender.pull.window\" = [1, 2]\n\"workload.topics\" = [10, 20]";
        let plan = Plan::new(&without_baseline(&format!("{TWO}{sweep}")).unwrap(), None, NonZeroU32::new(1)).unwrap();
        let expected = [
            "1 fake-push workload.topics=10",
            "1 pull contender.pull.window=1;workload.topics=10",
            "1 pull contender.pull.window=2;workload.topics=10",
            "1 fake-push workload.topics=20",
            "1 pull contender.pull.window=1;workload.topics=20",
            "1 pull contender.pull.window=2;workload.topics=20",
        ];
        assert_eq!(shown(&plan), expected);
    }

    #[test]
    fn a_null_trial_a_repeat_for_each_set_of_processes_and_an_idle_one_for_each_contender_and_load_point() {
        let shown = |tables: &str| -> Vec<String> {
            let scenario = scenario_with(tables).unwrap();
            Plan::new(&scenario, None, None).unwrap().trials.iter().map(PlannedTrial::shown).collect()
        };
        let expected = [
            "null trial, repeat 1",
            "fake-push, repeat 1",
            "fake-push, idle trial",
            "pull, repeat 1",
            "pull, idle trial",
            "null trial, repeat 2",
            "pull, repeat 2",
            "fake-push, repeat 2",
        ];
        assert_eq!(shown(TWO), expected);
        let swept = shown("[subscribers]\ncount = 4\n[sweep]\n\"subscribers.processes\" = [1, 2]\n\"workload.topics\" = [10, 20]");
        let of = |what: &str| swept.iter().filter(|trial| trial.contains(what)).count();
        assert_eq!((swept.len(), of("null trial"), of("idle trial")), (2 * 4 + 2 * 2 + 4, 2 * 2, 4), "{swept:?}");
    }

    #[test]
    fn only_what_is_named() {
        let scenario = without_baseline(TWO).unwrap();
        let plan = Plan::new(&scenario, Some(&["pull".to_owned()]), None).unwrap();
        assert_eq!(shown(&plan), ["1 pull ", "2 pull "]);
        assert_eq!(plan.trials[0].contender, 1);
        let error = Plan::new(&scenario, Some(&["pul".to_owned()]), None).unwrap_err();
        assert_eq!(error.to_string(), "the scenario has no contender \"pul\"\n  = allowed: fake-push, pull");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn every_trial_runs_once_a_repeat_and_two_repeats_favour_nobody(
            repeats in 1_u32..6, pulls in 0_usize..4, topics in 0_u32..4, intervals in 0_u32..4, baseline in any::<bool>(),
        ) {
            let mut tables: String = (0..pulls).map(|pull| format!("[[contender]]\nuse = \"fake-pull\"\nname = \"pull-{pull}\"\ninterval = \"1m\"\n")).collect();
            let list = |count: u32, show: fn(u32) -> String| (1..=count).map(show).collect::<Vec<_>>().join(", ");
            tables.push_str("[sweep]\n");
            if topics > 0 {
                tables.push_str(&format!("\"workload.topics\" = [{}]\n", list(topics, |number| (number * 10).to_string())));
            }
            if pulls > 0 && intervals > 0 {
                tables.push_str(&format!("\"contender.pull-0.interval\" = [{}]\n", list(intervals, |number| format!("\"{number}m\""))));
            }
            let scenario = if baseline { scenario_with(&tables) } else { without_baseline(&tables) }.unwrap();
            let plan = Plan::new(&scenario, None, NonZeroU32::new(repeats)).unwrap();
            prop_assert!(plan.trials.iter().enumerate().all(|(order, trial)| trial.order == order));
            prop_assert!(baseline || plan.measured().count() == plan.trials.len());
            let of_repeat = |repeat: u32| plan.measured().filter(|trial| trial.repeat == repeat).map(|trial| (trial.contender, trial.load_point.clone())).collect::<Vec<_>>();
            let mut expected: Vec<(usize, LoadPoint)> = Vec::new();
            for (contender, entry) in scenario.contenders.iter().enumerate() {
                expected.extend(scenario.load_points_of(&entry.name).into_iter().map(|point| (contender, point)));
            }
            let first = of_repeat(1);
            prop_assert_eq!(first.len(), expected.len());
            prop_assert!(expected.iter().all(|trial| first.contains(trial)), "each once: as many as there are, and all of them");
            for repeat in 2..=repeats {
                // Each order is that of the one before, reversed: the places of a trial in two of them add up to the same for all.
                let reversed: Vec<_> = of_repeat(repeat - 1).into_iter().rev().collect();
                prop_assert_eq!(of_repeat(repeat), reversed);
            }
        }
    }
}
