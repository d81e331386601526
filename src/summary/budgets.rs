//! Budgets: limits that the scenario sets on metrics, and what became of them.

use super::Cell;
use crate::measure::recording::{BudgetRecord, Recording};

/// What became of a budget at a load point.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetResult<'a> {
    /// The budget.
    pub budget: &'a BudgetRecord,
    /// Where.
    pub load_point: &'a str,
    /// What was measured, in the metric's unit.
    pub value: Option<f64>,
    /// What became of it.
    pub outcome: BudgetOutcome,
}

/// What became of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetOutcome {
    /// The figure lies within the limits.
    Kept,
    /// It does not.
    Broken,
    /// There is no figure: nothing was delivered, or the metric does not apply. Never passed over in silence.
    NoSamples,
    /// The contender was left out of this run.
    NotRun,
}

impl BudgetOutcome {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::NoSamples => "no samples",
            Self::NotRun => "not run",
        }
    }
}

/// Every budget at every load point, in the scenario's order.
pub fn budgets<'a>(recording: &'a Recording, cells: &[Cell<'a>]) -> Vec<BudgetResult<'a>> {
    let mut results = Vec::new();
    for budget in &recording.scenario.budgets {
        if !recording.contenders.iter().any(|contender| contender.name == budget.contender) {
            results.push(BudgetResult { budget, load_point: "", value: None, outcome: BudgetOutcome::NotRun });
            continue;
        }
        let before = results.len();
        for cell in cells.iter().filter(|cell| cell.contender.name == budget.contender) {
            let value = cell.value(&budget.metric);
            let outcome = match value {
                None => BudgetOutcome::NoSamples,
                Some(value) if budget.at_most.is_some_and(|limit| value > limit) || budget.at_least.is_some_and(|limit| value < limit) => BudgetOutcome::Broken,
                Some(_) => BudgetOutcome::Kept,
            };
            results.push(BudgetResult { budget, load_point: cell.load_point, value, outcome });
        }
        if results.len() == before {
            results.push(BudgetResult { budget, load_point: "", value: None, outcome: BudgetOutcome::NoSamples });
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{Outcome, Summary, fixture::made_up};

    #[test]
    fn limits_are_kept_broken_or_without_figure() {
        let made = made_up().scale(0.2).budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25);
        let recording = made.budget("xmpp-pubsub", "requests.total", 1.0).budget("nobody", "latency.p99", 1.0).build();
        let summary = Summary::new(&recording);
        let outcomes: Vec<BudgetOutcome> = summary.budgets.iter().map(|result| result.outcome).collect();
        assert_eq!(outcomes, [BudgetOutcome::Kept, BudgetOutcome::Broken, BudgetOutcome::NoSamples, BudgetOutcome::NotRun]);
        assert_eq!(summary.outcome(), Outcome::Untrusted, "a budget without a figure must not pass");
    }

    #[test]
    fn a_loss_breaks_a_limit_on_all_expected() {
        let mut recording = made_up().scale(0.2).budget("xmpp-pubsub", "latency.expected.p99", 0.25).build();
        let summary = Summary::new(&recording);
        assert_eq!((summary.budgets[0].outcome, summary.outcome()), (BudgetOutcome::Kept, Outcome::Fine));
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
            trial.deliveries.lost = 100;
        }
        let summary = Summary::new(&recording);
        assert_eq!((summary.budgets[0].outcome, summary.budgets[0].value), (BudgetOutcome::Broken, Some(f64::INFINITY)));
    }

    #[test]
    fn a_broken_lower_limit_is_seen() {
        let mut recording = made_up().scale(0.2).build();
        recording.scenario.budgets = vec![BudgetRecord { contender: "poll-5s".into(), metric: "reach".into(), at_most: None, at_least: Some(0.999) }];
        assert_eq!(Summary::new(&recording).outcome(), Outcome::Broken);
    }
}
