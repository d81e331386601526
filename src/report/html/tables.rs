//! The tables of a load point: a small one below each chart, and one with every metric.

use serde::Serialize;

use super::figure::Figure;
use crate::summary::metrics::{METRICS, Metric};
use crate::summary::{Cell, Summary};

/// A table with a row for each contender.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Its columns: metrics that somebody has.
    pub columns: Vec<Column>,
    /// Its rows, in the scenario's order of contenders.
    pub rows: Vec<Row>,
}

/// A column: a metric.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Column {
    /// Name of the metric.
    pub metric: &'static str,
    /// For people.
    pub label: &'static str,
}

/// A row: a contender.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Place in `contenders`.
    pub contender: usize,
    /// One for each column.
    pub figures: Vec<Figure>,
}

/// Metrics of a kind, a line each.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// What they have in common.
    pub title: &'static str,
    /// The metrics that somebody has.
    pub lines: Vec<Line>,
}

/// A metric of all contenders.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Name of the metric.
    pub metric: &'static str,
    /// One for each contender of the load point.
    pub figures: Vec<Figure>,
}

type Columns = &'static [(&'static str, &'static str)];

/// How fresh what subscribers see is.
pub const FRESHNESS: Columns = &[
    ("latency.p50", "p50"),
    ("latency.p90", "p90"),
    ("latency.p99", "p99"),
    ("scenario_latency.p99", "p99, scenario time"),
    ("latency.transit.p99", "transit p99"),
    ("staleness.mean", "staleness, mean"),
    ("fidelity.active", "time up to date"),
];

/// What it takes to bring an update.
pub const WORK: Columns = &[
    ("messages.per_update", "messages per update"),
    ("waste.ratio", "exchanges without news"),
    ("bytes.protocol.per_update", "bytes per update"),
    ("bytes.wire.per_update", "on the wire"),
    ("messages.publish", "publishing, messages"),
    ("messages.setup", "set-up, messages"),
    ("bytes.setup", "set-up, bytes"),
];

/// What both sides use.
pub const RESOURCES: Columns = &[
    ("cpu.server.per_1000_updates", "server CPU per 1,000"),
    ("cpu.subscriber.per_1000_updates", "subscribers’ CPU per 1,000"),
    ("cpu.idle.total", "CPU without updates"),
    ("cpu.total.setup", "set-up, CPU"),
    ("memory.server.peak", "server memory, peak"),
    ("memory.subscriber.peak", "subscribers’ memory, peak"),
    ("connections.held", "connections held"),
    ("time_to_current.p99", "time to current, p99"),
];

/// What freshness costs.
pub const COST: Columns = &[
    ("scenario_latency.p99", "latency p99, scenario time"),
    ("cpu.total.per_1000_updates", "CPU per 1,000 updates"),
    ("messages.per_update", "messages per update"),
    ("bytes.protocol.per_update", "bytes per update"),
    ("memory.server.peak", "server memory, peak"),
];

/// What went wrong.
pub const TROUBLE: Columns = &[
    ("expected", "expected"),
    ("delivered", "delivered"),
    ("coalesced", "coalesced"),
    ("lost", "lost"),
    ("duplicated", "duplicated"),
    ("reordered", "out of order"),
    ("requests.failed", "requests failed"),
    ("latency.expected.p99", "p99 of all expected"),
];

impl Table {
    /// The table of these columns, without those that nobody has.
    pub fn new(summary: &Summary<'_>, load_point: &str, columns: Columns) -> Self {
        let has = |name: &str| summary.at(load_point).any(|cell| cell.metrics.contains_key(name));
        // Without compression both times are one.
        let compressed = summary.recording.scenario.compression > 1.0;
        let told = |name: &str| compressed || name != "scenario_latency.p99" || !columns.iter().any(|(other, _)| *other == "latency.p99");
        let known: Vec<(&'static Metric, &'static str)> =
            columns.iter().filter(|(name, _)| has(name) && told(name)).filter_map(|(name, label)| Some((Metric::named(name)?, *label))).collect();
        let row = |cell: &Cell<'_>| Row {
            contender: place(summary, cell),
            figures: known.iter().map(|(metric, _)| Figure::new(summary, load_point, cell, metric)).collect(),
        };
        Self { columns: known.iter().map(|(metric, label)| Column { metric: metric.name, label }).collect(), rows: summary.at(load_point).map(row).collect() }
    }
}

/// Place of a cell's contender among all of the recording.
pub fn place(summary: &Summary<'_>, cell: &Cell<'_>) -> usize {
    summary.recording.contenders.iter().position(|contender| contender.name == cell.contender.name).unwrap_or(0)
}

/// Every metric that somebody has, in groups, in the order of the list of metrics.
pub fn numbers(summary: &Summary<'_>, load_point: &str) -> Vec<Group> {
    let cells: Vec<&Cell<'_>> = summary.at(load_point).collect();
    let mut groups: Vec<Group> = Vec::new();
    for metric in METRICS.iter().filter(|metric| cells.iter().any(|cell| cell.metrics.contains_key(metric.name))) {
        let line = Line { metric: metric.name, figures: cells.iter().map(|cell| Figure::new(summary, load_point, cell, metric)).collect() };
        let title = group(metric.name);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.lines.push(line),
            None => groups.push(Group { title, lines: vec![line] }),
        }
    }
    groups
}

fn group(metric: &str) -> &'static str {
    match metric.split('.').next().unwrap_or_default() {
        "requests" | "responses" | "stanzas" | "messages" | "waste" => "Work",
        "delivered" | "expected" | "lost" | "duplicated" | "reordered" | "coalesced" | "reach" => "What became of the updates",
        "latency" | "scenario_latency" | "staleness" | "fidelity" => "Freshness",
        "bytes" | "segments" => "Bytes",
        "cpu" => "CPU",
        "memory" | "connections" | "time_to_current" => "Memory and connections",
        "lag" | "publish_lag" | "service" | "response" => "The harness’s own punctuality, and the server’s",
        _ => "Others",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;
    use crate::summary::metrics::NAMES;

    #[test]
    fn every_column_is_a_metric_and_every_metric_has_a_group() {
        for (name, _) in [FRESHNESS, WORK, RESOURCES, COST, TROUBLE].concat() {
            assert!(Metric::named(name).is_some(), "{name}");
        }
        for name in NAMES {
            assert_ne!(group(name), "Others", "{name}");
        }
    }

    #[test]
    fn all_numbers_are_there_once() {
        let recording = made_up().scale(0.05).sweep(&[0.5, 1.0]).build();
        let summary = Summary::new(&recording);
        let groups = numbers(&summary, "workload.topics=50");
        let lines: Vec<&str> = groups.iter().flat_map(|group| &group.lines).map(|line| line.metric).collect();
        let expected: Vec<&str> = NAMES.iter().copied().filter(|name| summary.at("workload.topics=50").any(|cell| cell.metrics.contains_key(name))).collect();
        let mut sorted = (lines.clone(), expected.clone());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1);
        assert!(groups.iter().flat_map(|group| &group.lines).all(|line| line.figures.len() == 4));
    }

    #[test]
    fn a_table_leaves_out_what_nobody_has() {
        let recording = made_up().scale(0.05).build();
        let table = Table::new(&Summary::new(&recording), "", FRESHNESS);
        assert!(table.columns.iter().all(|column| column.metric != "scenario_latency.p99"), "nothing is compressed");
        assert_eq!(table.rows.len(), 4);
        assert!(table.rows.iter().all(|row| row.figures.len() == table.columns.len()));
        let compressed = made_up().scale(0.05).compression(10.0).build();
        assert!(Table::new(&Summary::new(&compressed), "", FRESHNESS).columns.iter().any(|column| column.metric == "scenario_latency.p99"));
    }
}
