//! The comparison that every text report shows: which metrics, under which labels, and how a figure is written.

use crate::measure::recording::BudgetRecord;
use crate::summary::budgets::BudgetResult;
use crate::summary::fits::Fit;
use crate::summary::metrics::{Better, Metric};
use crate::summary::{Cell, Doubt, Grade, Summary};
use crate::units::{show_count, show_number};

/// A line of the comparison.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// For people.
    pub label: &'static str,
    /// For narrow columns.
    pub short: &'static str,
    /// What it shows.
    pub metric: &'static Metric,
}

/// (label, short label, metric, whether it is only of interest under compression)
const LINES: &[(&str, &str, &str, bool)] = &[
    ("Messages per update", "msg/ update", "messages.per_update", false),
    ("Exchanges without news", "no news", "waste.ratio", false),
    ("Latency p50", "p50", "latency.p50", false),
    ("Latency p99", "p99", "latency.p99", false),
    ("Latency p99, scenario time", "p99, scenario", "scenario_latency.p99", true),
    ("Transit p99", "transit p99", "latency.transit.p99", false),
    ("Staleness, mean", "staleness", "staleness.mean", false),
    ("Time up to date", "up to date", "fidelity.active", false),
    ("Delivered, of expected", "reach", "reach", false),
    ("Lost", "lost", "lost", false),
    ("Bytes per update", "bytes/ update", "bytes.protocol.per_update", false),
    ("Bytes on the wire per update", "wire/ update", "bytes.wire.per_update", false),
    ("CPU per 1,000 updates", "CPU/ 1,000", "cpu.total.per_1000_updates", false),
    ("CPU without updates", "idle CPU", "cpu.idle.total", false),
    ("Server memory, peak", "server memory", "memory.server.peak", false),
    ("Connections held", "connections", "connections.held", false),
    ("Set-up: messages", "set-up msg", "messages.setup", false),
    ("Set-up: bytes", "set-up bytes", "bytes.setup", false),
    ("Set-up: CPU", "set-up CPU", "cpu.total.setup", false),
];

/// What narrow tables keep.
const NARROW: &[&str] = &[
    "messages.per_update",
    "latency.p99",
    "cpu.total.per_1000_updates",
    "messages.setup",
    "scenario_latency.p99",
    "memory.server.peak",
    "latency.p50",
    "lost",
];

/// The lines for a load point: those that somebody has.
pub fn lines(summary: &Summary<'_>, load_point: &str) -> Vec<Line> {
    let compressed = summary.recording.scenario.compression > 1.0;
    let shown = LINES.iter().filter(|(.., only_compressed)| compressed || !only_compressed);
    let known = shown.filter_map(|(label, short, name, _)| Metric::named(name).map(|metric| Line { label, short, metric }));
    known.filter(|line| summary.at(load_point).any(|cell| cell.metrics.contains_key(line.metric.name))).collect()
}

/// Those of [`lines`] that a narrow table has room for: at most so many, the most telling.
pub fn few_lines(summary: &Summary<'_>, load_point: &str, most: usize) -> Vec<Line> {
    let mut few = lines(summary, load_point);
    let known: Vec<&&str> = NARROW.iter().filter(|name| few.iter().any(|line| line.metric.name == **name)).take(most).collect();
    few.retain(|line| known.iter().any(|name| **name == line.metric.name));
    few
}

/// A figure for people, with its mark: `?` not to be trusted, `*` a note of its own. `–` does not apply, `none` has no figure.
pub fn figure(summary: &Summary<'_>, cell: &Cell<'_>, metric: &Metric) -> String {
    let shown = match cell.metrics.get(metric.name) {
        None => return "–".to_owned(),
        Some(estimate) => estimate.value.map_or_else(|| "none".to_owned(), |value| metric.unit.show(value)),
    };
    marked(shown, metric.name, summary.doubts_on(cell, metric.name))
}

/// With the mark of the gravest of the doubts that are its own.
fn marked<'d>(shown: String, metric: &str, doubts: impl Iterator<Item = &'d Doubt>) -> String {
    match own_grade(metric, doubts) {
        Some(Grade::Untrusted) => format!("{shown} ?"),
        Some(Grade::Note) => format!("{shown} *"),
        None => shown,
    }
}

/// The gravest of the doubts that are a figure's own. What concerns everything is said below the table; a mark on every figure would mark none.
pub fn own_grade<'d>(metric: &str, doubts: impl Iterator<Item = &'d Doubt>) -> Option<Grade> {
    let own = |doubt: &&Doubt| doubt.grade == Grade::Untrusted || doubt.contender.is_some() || doubt.metrics.contains(&metric);
    doubts.filter(own).map(|doubt| doubt.grade).max()
}

/// Whether a cell has the best figure of a load point: alone, trusted, and by more than rounding hides.
pub fn is_best(summary: &Summary<'_>, load_point: &str, cell: &Cell<'_>, metric: &Metric) -> bool {
    let Some(own) = cell.value(metric.name) else { return false };
    let better = |other: f64| match metric.better {
        Better::Lower => own < other,
        Better::Higher => own > other,
        Better::Neither => false,
    };
    let trusted = !summary.doubts_on(cell, metric.name).any(|doubt| doubt.grade == Grade::Untrusted);
    let mut others = summary.at(load_point).filter(|other| other.contender.name != cell.contender.name).filter_map(|other| other.value(metric.name)).peekable();
    trusted && others.peek().is_some() && others.all(|other| better(other) && metric.unit.show(own) != metric.unit.show(other))
}

/// A slope for people: `xmpp-pubsub: 21.3 KiB (95 % interval 20.1 KiB to 22.5 KiB)`, with what is to be known of it.
pub fn slope(summary: &Summary<'_>, fit: &Fit<'_>) -> (String, String) {
    let show = |value: f64| if value < 0.0 { format!("−{}", crate::units::show_bytes(-value)) } else { crate::units::show_bytes(value) };
    let line = &fit.line;
    let figure = marked(show(line.slope), fit.quantity.name, summary.doubts_on_fit(fit));
    let figure = format!("{figure} (95 % interval {} to {})", show(line.interval.0), show(line.interval.1));
    let sizes = format!(
        "{} trials with {} to {} subscribers, largest residual {}",
        line.points,
        show_number(line.range.0),
        show_number(line.range.1),
        show(line.largest_residual)
    );
    (figure, fit.note().map_or_else(|| sizes.clone(), |note| format!("{sizes}; {note}")))
}

/// What a limit of a budget reads like: `at most 250 ms`, `at most 0.1 × that of rest-poll, of at least 1,000 samples`.
pub fn limit(budget: &BudgetRecord) -> String {
    let show = |value: f64| of_budget(budget, value);
    let limits = [budget.at_least.map(|limit| format!("at least {}", show(limit))), budget.at_most.map(|limit| format!("at most {}", show(limit)))];
    let samples = budget.minimum_samples.map(|least| format!("of at least {} samples", show_count(i64::from(least))));
    limits.into_iter().chain([samples]).flatten().collect::<Vec<_>>().join(", ")
}

/// What was measured against a budget; where samples are asked for, of how many.
pub fn measured(result: &BudgetResult<'_>) -> String {
    let value = result.value.map_or_else(|| "no figure".to_owned(), |value| of_budget(result.budget, value));
    match (result.value, result.budget.minimum_samples) {
        (Some(_), Some(_)) => format!("{value} of {} samples", show_count(i64::try_from(result.samples).unwrap_or(i64::MAX))),
        _ => value,
    }
}

fn of_budget(budget: &BudgetRecord, value: f64) -> String {
    match (&budget.relative_to, Metric::named(&budget.metric)) {
        (Some(other), _) => format!("{} × that of {other}", show_number(value)),
        (None, Some(metric)) => metric.unit.show(value),
        (None, None) => show_number(value),
    }
}

/// `poll-1s at workload.topics=100`, or `all` for what concerns everybody.
pub fn whom(contender: Option<&str>, load_point: Option<&str>) -> String {
    match (contender, load_point.filter(|point| !point.is_empty())) {
        (Some(contender), Some(point)) => format!("{contender} at {point}"),
        (Some(contender), None) => contender.to_owned(),
        (None, Some(point)) => format!("all at {point}"),
        (None, None) => "all".to_owned(),
    }
}
