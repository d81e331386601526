//! What stands above a chart of several runs.

use super::super::finding::firm;
use super::Runs;
use crate::report::comparison::words;
use crate::summary::comparison::{Effect, Found, Tendency, Twins};
use crate::summary::metrics::Metric;
use crate::summary::ratios::Tie;
use crate::units::{capital, show_factor};

/// A twin in a run, and what became of it.
struct Case<'r, 's> {
    twins: &'r Twins<'s>,
    run: usize,
    found: Found,
}

/// The finding about a metric: the largest change beyond the noise, or that there is none, or why nothing can be said. `topic`: what the metric is
/// called in a sentence. `None` where no twin has the metric.
pub fn title(runs: &Runs<'_, '_>, metric: &str, topic: &str) -> Option<String> {
    let metric = Metric::named(metric)?;
    let places = runs.twins.iter().flat_map(|twins| (0..twins.cells.len()).map(move |run| (*twins, run)));
    let cases: Vec<Case<'_, '_>> =
        places.filter_map(|(twins, run)| Some(Case { twins, run, found: runs.comparison.found(twins, metric.name, run)? })).collect();
    let of = |wanted: &[Tendency]| cases.iter().filter(|case| case.found.tendency().is_some_and(|tendency| wanted.contains(&tendency))).collect::<Vec<_>>();
    let names: Vec<&str> = runs.comparison.runs.iter().map(|run| run.name).collect();
    let all = words::listed(&names);
    let changed = of(&[Tendency::Higher, Tendency::Lower]);
    let (single, settled) = (of(&[Tendency::OneRepeat]), of(&[Tendency::Unclear, Tendency::Same]));
    // What differs besides may be the cause of it.
    let mixed = if cases.iter().any(|case| case.found.effect == Effect::Mixed) { format!("; {}", others(runs, metric.name)) } else { String::new() };
    if let Some(largest) = largest(&changed) {
        let head = if changed.len() > 1 { format!("The largest of {} changes: ", changed.len()) } else { String::new() };
        return Some(format!("{head}{}{mixed}", one(runs, largest, metric, topic)));
    }
    if let Some(largest) = largest(&single) {
        return Some(format!("One repeat, so that the noise is unknown: {}{mixed}", one(runs, largest, metric, topic)));
    }
    if !settled.is_empty() {
        let same = settled.iter().all(|case| case.found.tendency() == Some(Tendency::Same));
        if same {
            return Some(format!("The same {topic} in {all}"));
        }
        let noisy = settled.iter().filter(|case| case.found.tendency() == Some(Tendency::Unclear));
        let ties: Vec<Tie> = noisy.filter_map(|case| Some(case.found.change?.tie())).collect();
        let unsettled = ties.iter().filter(|tie| **tie == Tie::Unsettled).count();
        let (tie, others) = match ties.len() - unsettled {
            0 => (Tie::Unsettled, String::new()),
            _ if unsettled == 0 => (Tie::Close, String::new()),
            _ => (Tie::Close, format!("; too few repeats to settle {unsettled} of {}", settled.len())),
        };
        return Some(format!("{} between {all}{others}{mixed}", capital(&tie.about(topic))));
    }
    if cases.iter().any(|case| case.found.effect == Effect::Incomparable) {
        return Some(format!("Not comparable between {all}: {topic}; {}", others(runs, metric.name)));
    }
    cases.iter().any(|case| case.found.untrusted).then(|| format!("Not to be trusted: {topic} in {all}"))
}

fn largest<'x, 'r, 's>(cases: &[&'x Case<'r, 's>]) -> Option<&'x Case<'r, 's>> {
    let size = |case: &Case<'_, '_>| case.found.change.map_or(0.0, |change| change.size());
    cases.iter().copied().max_by(|one, other| size(one).total_cmp(&size(other)))
}

/// `poll-5s: p99 of latency 1.2 s in after, 991 ms in before (1.21 times)`
fn one(runs: &Runs<'_, '_>, case: &Case<'_, '_>, metric: &Metric, topic: &str) -> String {
    let value = |run: usize| case.twins.cells.get(run).copied().flatten().and_then(|cell| cell.value(metric.name)).map(|value| firm(metric.unit.show(value)));
    let base = case.twins.base().map_or(0, |(run, _)| run);
    let figures = [case.run, base].map(|run| format!("{} in {}", value(run).unwrap_or_else(|| "nothing".to_owned()), runs.name(run)));
    let ratio = case.found.change.and_then(|change| change.ratio).map_or_else(String::new, |ratio| format!(" ({} times)", show_factor(ratio.value)));
    format!("{}: {topic} {}{ratio}", case.twins.contender, figures.join(", "))
}

/// `differs besides: machine, version`
fn others(runs: &Runs<'_, '_>, metric: &str) -> String {
    let touching = runs.comparison.conditions.iter().filter(|condition| condition.effect_on(metric) > Some(Effect::Told));
    let what: Vec<&str> = touching.map(|condition| condition.what).collect();
    format!("differs besides: {}", what.join(", "))
}
