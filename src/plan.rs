//! Scenario → trials: contender × load point × repeat, in an order that favours nobody; what they will need, and
//! whether this machine has it. Pure: what the machine has comes in as facts.

mod estimate;
mod limits;

use std::num::NonZeroU32;

pub use estimate::{Estimate, Totals, estimate};
pub use limits::{Limits, Shortage};

use crate::scenario::{Entry, LoadPoint, Scenario, ScenarioError};
use crate::trace::TraceError;

/// All trials of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they run.
    pub trials: Vec<PlannedTrial>,
}

/// A trial to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTrial {
    /// Index of the contender in [`Scenario::contenders`], the same at every load point.
    pub contender: usize,
    /// Its name.
    pub name: String,
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
        format!("{}{at}, repeat {}", self.name, self.repeat)
    }
}

impl Plan {
    /// The contenders that take part, in the scenario's order.
    pub fn contenders<'a>(&self, scenario: &'a Scenario) -> Vec<&'a Entry> {
        let takes_part = |place: &usize| self.trials.iter().any(|trial| trial.contender == *place);
        scenario.contenders.iter().enumerate().filter(|(place, _)| takes_part(place)).map(|(_, entry)| entry).collect()
    }

    /// Plans all trials of a scenario, or those of the contenders named in `only`; `repeats` replaces the scenario's.
    ///
    /// The order is the list of load points, all contenders at each; then that list reversed, and so on: what drifts with
    /// time (heat, other users of the machine) hits first and last alike. A contender that no swept value touches runs once per repeat.
    ///
    /// # Errors
    /// `only` names a contender that the scenario does not have.
    pub fn new(scenario: &Scenario, only: Option<&[String]>, repeats: Option<NonZeroU32>) -> Result<Self, PlanError> {
        let known: Vec<&str> = scenario.contenders.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(name) = only.unwrap_or_default().iter().find(|name| !known.contains(&name.as_str())) {
            return Err(PlanError::UnknownContender { name: name.clone(), known: known.join(", ") });
        }
        let chosen = |name: &str| only.is_none_or(|only| only.iter().any(|chosen| chosen == name));
        let list = one_repeat(scenario, chosen);
        let mut trials: Vec<PlannedTrial> = Vec::new();
        for repeat in 1..=repeats.unwrap_or(scenario.repeats).get() {
            let there = list.iter().map(|trial| PlannedTrial { repeat, ..trial.clone() });
            if repeat % 2 == 1 { trials.extend(there) } else { trials.extend(there.rev()) }
        }
        for (order, trial) in trials.iter_mut().enumerate() {
            trial.order = order;
        }
        Ok(Self { trials })
    }
}

/// The trials of a repeat: for each combination of values that touch everybody, each contender at all its own values.
fn one_repeat(scenario: &Scenario, chosen: impl Fn(&str) -> bool) -> Vec<PlannedTrial> {
    let mut list = Vec::new();
    for common in scenario.common_load_points() {
        for (contender, entry) in scenario.contenders.iter().enumerate().filter(|(_, entry)| chosen(&entry.name)) {
            for load_point in scenario.load_points_of(&entry.name) {
                if common.0.iter().all(|value| load_point.0.contains(value)) {
                    list.push(PlannedTrial { contender, name: entry.name.clone(), load_point, repeat: 1, order: 0 });
                }
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::testing::scenario_with;

    const TWO: &str = "[[contender]]\nuse = \"fake-pull\"\nname = \"pull\"\ninterval = \"5m\"\n";

    fn shown(plan: &Plan) -> Vec<String> {
        plan.trials.iter().map(|trial| format!("{} {} {}", trial.repeat, trial.name, trial.load_point)).collect()
    }

    #[test]
    fn the_list_then_the_list_reversed() {
        let scenario = scenario_with(TWO).unwrap();
        let plan = Plan::new(&scenario, None, NonZeroU32::new(3)).unwrap();
        assert_eq!(shown(&plan), ["1 fake-push ", "1 pull ", "2 pull ", "2 fake-push ", "3 fake-push ", "3 pull "]);
        assert!(plan.trials.iter().enumerate().all(|(order, trial)| trial.order == order && scenario.contenders[trial.contender].name == trial.name));
        assert_eq!(Plan::new(&scenario, None, None).unwrap().trials.len(), 4);
    }

    #[test]
    fn a_contender_that_a_value_does_not_touch_runs_once() {
        let scenario = scenario_with(&format!("{TWO}[sweep]\n\"contender.pull.interval\" = [\"1m\", \"2m\"]")).unwrap();
        let plan = Plan::new(&scenario, None, NonZeroU32::new(1)).unwrap();
        assert_eq!(shown(&plan), ["1 fake-push ", "1 pull contender.pull.interval=1m", "1 pull contender.pull.interval=2m"]);
    }

    #[test]
    fn values_for_all_are_the_outer_loop() {
        let sweep = "[sweep]\n\"contender.pull.window\" = [1, 2]\n\"workload.topics\" = [10, 20]";
        let plan = Plan::new(&scenario_with(&format!("{TWO}{sweep}")).unwrap(), None, NonZeroU32::new(1)).unwrap();
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
    fn only_what_is_named() {
        let scenario = scenario_with(TWO).unwrap();
        let plan = Plan::new(&scenario, Some(&["pull".to_owned()]), None).unwrap();
        assert_eq!(shown(&plan), ["1 pull ", "2 pull "]);
        assert_eq!(plan.trials[0].contender, 1);
        let error = Plan::new(&scenario, Some(&["pul".to_owned()]), None).unwrap_err();
        assert_eq!(error.to_string(), "the scenario has no contender \"pul\"\n  = allowed: fake-push, pull");
    }
}
