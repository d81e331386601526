//! Budgets: limits that the scenario sets on metrics, and what became of them.

use super::metrics::{Kind, Metric};
use super::{Cell, Summary, covers, ratios};
use crate::measure::recording::{BudgetRecord, Severity};

/// What became of a budget at a load point.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetResult<'a> {
    /// The budget.
    pub budget: &'a BudgetRecord,
    /// Where.
    pub load_point: &'a str,
    /// What was measured: in the metric's unit, or as a multiple of another contender's figure.
    pub value: Option<f64>,
    /// What the figure rests on, as [`samples`] counts it; of two contenders, the lower number.
    pub samples: u64,
    /// What became of it.
    pub outcome: BudgetOutcome,
}

/// What became of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetOutcome {
    /// The figure lies within the limits.
    Kept,
    /// It does not, and the budget only warns.
    Warning,
    /// It does not.
    Broken,
    /// There is a figure, of fewer samples than the budget asks for.
    TooFewSamples,
    /// There is no figure: nothing was delivered, or the metric does not apply. Never passed over in silence.
    NoSamples,
    /// The contender was left out of this run, or the one whose figure it is a multiple of.
    NotRun,
}

impl BudgetOutcome {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Warning => "warning",
            Self::Broken => "broken",
            Self::TooFewSamples => "too few samples",
            Self::NoSamples => "no samples",
            Self::NotRun => "not run",
        }
    }
}

/// Every budget at every load point that it holds at, in the scenario's order.
pub(super) fn budgets<'a>(summary: &Summary<'a>) -> Vec<BudgetResult<'a>> {
    summary.recording.scenario.budgets.iter().flat_map(|budget| of_budget(summary, budget)).collect()
}

fn of_budget<'a>(summary: &Summary<'a>, budget: &'a BudgetRecord) -> Vec<BudgetResult<'a>> {
    let without = |outcome| vec![BudgetResult { budget, load_point: budget.at.as_deref().unwrap_or(""), value: None, samples: 0, outcome }];
    let was_run = |name: &String| summary.recording.contenders.iter().any(|contender| contender.name == *name);
    if !was_run(&budget.contender) || !budget.relative_to.as_ref().is_none_or(was_run) {
        return without(BudgetOutcome::NotRun);
    }
    let found: Vec<BudgetResult<'a>> = places(summary, budget).iter().map(|place| of_place(budget, place)).collect();
    if found.is_empty() { without(BudgetOutcome::NoSamples) } else { found }
}

/// A cell, and another that it is held against.
struct Place<'s, 'a> {
    load_point: &'a str,
    cell: &'s Cell<'a>,
    other: Option<&'s Cell<'a>>,
}

/// The cells that a budget is about, each once: a contender that a swept value does not touch stands at several load points.
fn places<'s, 'a>(summary: &'s Summary<'a>, budget: &BudgetRecord) -> Vec<Place<'s, 'a>> {
    let mut places: Vec<Place<'s, 'a>> = Vec::new();
    for point in summary.load_points().into_iter().filter(|point| covers(point, budget.at.as_deref().unwrap_or(""))) {
        let Some(cell) = summary.cell(&budget.contender, point) else { continue };
        let other = match &budget.relative_to {
            None => None,
            Some(name) => match summary.cell(name, point) {
                Some(other) => Some(other),
                None => continue,
            },
        };
        let points = |place: &Place<'_, '_>| (place.cell.load_point.to_owned(), place.other.map(|other| other.load_point.to_owned()));
        // As short as it can be: that of the one, where it has all of the other's.
        let load_point = match other.map(|other| other.load_point) {
            None => cell.load_point,
            Some(other) if covers(cell.load_point, other) => cell.load_point,
            Some(other) if covers(other, cell.load_point) => other,
            Some(_) => point,
        };
        let place = Place { load_point, cell, other };
        if !places.iter().any(|known| points(known) == points(&place)) {
            places.push(place);
        }
    }
    places
}

fn of_place<'a>(budget: &'a BudgetRecord, place: &Place<'_, 'a>) -> BudgetResult<'a> {
    let Place { load_point, cell, other } = *place;
    let value = match other {
        None => cell.value(&budget.metric),
        Some(other) => ratios::ratio(&budget.metric, cell, other).map(|ratio| ratio.value),
    };
    let counted = |cell: &Cell<'_>| Metric::named(&budget.metric).map_or(0, |metric| samples(metric, cell));
    let samples = other.map_or(u64::MAX, counted).min(counted(cell));
    let is_beyond = |value: f64| budget.at_most.is_some_and(|limit| value > limit) || budget.at_least.is_some_and(|limit| value < limit);
    let outcome = match value {
        None => BudgetOutcome::NoSamples,
        Some(_) if samples < u64::from(budget.minimum_samples.unwrap_or(0)) => BudgetOutcome::TooFewSamples,
        Some(value) if !is_beyond(value) => BudgetOutcome::Kept,
        Some(_) if budget.severity == Severity::Warn => BudgetOutcome::Warning,
        Some(_) => BudgetOutcome::Broken,
    };
    BudgetResult { budget, load_point, value, samples, outcome }
}

/// What the figure of a cell rests on: the values in the distribution that a time is of, the episodes of staleness; the repeats that have a figure
/// for all else, since a counter has one value a trial.
pub fn samples(metric: &Metric, cell: &Cell<'_>) -> u64 {
    match metric.kind {
        Kind::Time { of, .. } => of(&cell.times).count(),
        Kind::Expected(_) => cell.times.latency.count() + cell.trials.iter().map(|trial| trial.deliveries.lost).sum::<u64>(),
        Kind::Staleness(_) => cell.times.staleness.until.count(),
        _ => cell.metrics.get(metric.name).map_or(0, |estimate| estimate.repeats.iter().filter(|(_, value)| value.is_some()).count() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{Outcome, fixture::made_up};

    fn limit(contender: &str, metric: &str) -> BudgetRecord {
        BudgetRecord { contender: contender.into(), metric: metric.into(), ..BudgetRecord::default() }
    }

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
        let recording = made_up().scale(0.2).limit(BudgetRecord { at_least: Some(0.999), ..limit("poll-5s", "reach") }).build();
        assert_eq!(Summary::new(&recording).outcome(), Outcome::Broken);
    }

    #[test]
    fn a_limit_may_be_a_multiple_of_another_contenders_figure() {
        let relative = |at_most| BudgetRecord { relative_to: Some("poll-5s".into()), at_most: Some(at_most), ..limit("xmpp-pubsub", "messages.per_update") };
        let absent = BudgetRecord { relative_to: Some("nobody".into()), at_most: Some(1.0), ..limit("xmpp-pubsub", "messages.per_update") };
        let recording = made_up().scale(0.2).limit(relative(0.5)).limit(relative(1e-3)).limit(absent).build();
        let summary = Summary::new(&recording);
        let found: Vec<BudgetOutcome> = summary.budgets.iter().map(|result| result.outcome).collect();
        assert_eq!(found, [BudgetOutcome::Kept, BudgetOutcome::Broken, BudgetOutcome::NotRun]);
        // A notification for each update, against what the poller sends and gets for one.
        let expected = 1.0 / summary.cell("poll-5s", "").unwrap().value("messages.per_update").unwrap();
        assert!((summary.budgets[0].value.unwrap() / expected - 1.0).abs() < 1e-9, "{:?}", summary.budgets[0]);
        assert_eq!(summary.budgets[0].samples, 2, "a counter has one value a repeat");
    }

    #[test]
    fn a_limit_holds_at_its_load_point_alone() {
        let at = |at: Option<&str>| BudgetRecord { at_most: Some(1e9), at: at.map(str::to_owned), ..limit("poll-5s", "latency.p99") };
        let made = made_up().scale(0.02).sweep(&[0.5, 1.0]).limit(at(Some("workload.topics=100"))).limit(at(None));
        let against = BudgetRecord { relative_to: Some("xmpp-pubsub".into()), ..at(Some("workload.topics=50")) };
        let recording = made.limit(against).limit(at(Some("workload.topics=7"))).build();
        let summary = Summary::new(&recording);
        let found: Vec<(&str, BudgetOutcome)> = summary.budgets.iter().map(|result| (result.load_point, result.outcome)).collect();
        let (low, high) = ("workload.topics=50", "workload.topics=100");
        let kept = BudgetOutcome::Kept;
        assert_eq!(found, [(high, kept), (low, kept), (high, kept), (low, kept), ("workload.topics=7", BudgetOutcome::NoSamples)]);
    }

    #[test]
    fn who_no_swept_value_touches_is_held_to_its_limit_once_and_against_another_at_each_point() {
        let relative = BudgetRecord { relative_to: Some("poll-5s".into()), at_most: Some(1e9), ..limit("xmpp-pubsub", "latency.p99") };
        let mut recording = made_up().scale(0.02).sweep(&[0.5, 1.0]).budget("xmpp-pubsub", "latency.p99", 1e9).limit(relative).build();
        recording.trials.retain(|trial| trial.contender != "xmpp-pubsub" || trial.load_point == "workload.topics=50");
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
            trial.load_point.clear();
        }
        let summary = Summary::new(&recording);
        let points: Vec<&str> = summary.budgets.iter().map(|result| result.load_point).collect();
        assert_eq!(points, ["", "workload.topics=50", "workload.topics=100"]);
    }

    #[test]
    fn a_warning_leaves_the_run_as_it_is_and_few_samples_do_not() {
        let broken = BudgetRecord { at_most: Some(0.25), severity: Severity::Warn, ..limit("poll-5s", "latency.p99") };
        let recording = made_up().scale(0.2).limit(broken.clone()).build();
        let summary = Summary::new(&recording);
        assert_eq!((summary.budgets[0].outcome, summary.outcome()), (BudgetOutcome::Warning, Outcome::Fine));
        let samples = summary.budgets[0].samples;
        let cell = summary.cell("poll-5s", "").unwrap();
        assert_eq!(samples, cell.trials.iter().map(|trial| trial.deliveries.delivered + trial.deliveries.coalesced).sum::<u64>());
        // As many as it asks for, and one more than there are: neither kept nor a mere warning.
        for (wanted, outcome, ends) in [(samples, BudgetOutcome::Warning, Outcome::Fine), (samples + 1, BudgetOutcome::TooFewSamples, Outcome::Untrusted)] {
            let recording = made_up().scale(0.2).limit(BudgetRecord { minimum_samples: Some(wanted as u32), ..broken.clone() }).build();
            let summary = Summary::new(&recording);
            assert_eq!((summary.budgets[0].outcome, summary.outcome()), (outcome, ends));
        }
        let nothing = BudgetRecord { severity: Severity::Warn, ..limit("xmpp-pubsub", "requests.total") };
        let recording = made_up().scale(0.2).limit(BudgetRecord { at_most: Some(1.0), ..nothing }).build();
        assert_eq!(Summary::new(&recording).outcome(), Outcome::Untrusted, "no figure is no pass, however mild the budget");
    }
}
