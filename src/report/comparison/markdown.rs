//! `comparison.md`: what changed, what differs besides, tables, charts, every metric folded away.

use super::{lines, words};
use crate::report::figures;
use crate::report::markdown::{Chart, escape, fold, heading, pictures, put, row, rule, unfold};
use crate::summary::Grade;
use crate::summary::comparison::{Comparison, Effect, Twins};
use crate::summary::metrics::{METRICS, Metric};

pub(super) fn page(comparison: &Comparison<'_>, charts: &[Chart]) -> String {
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name).collect();
    let mut page = format!("# {}\n\n", escape(&words::listed(&names)));
    for run in 1..comparison.runs.len() {
        put(&mut page, &format!("**{}**\n\n", escape(&words::headline(comparison, run))));
    }
    put(&mut page, &format!("{}\n", escape(words::READING)));
    conditions(&mut page, comparison);
    runs(&mut page, comparison);
    heading(&mut page, 2, "Figures");
    let mut before = None;
    for twins in &comparison.twins {
        if before != Some(twins.load_point) && !twins.load_point.is_empty() {
            heading(&mut page, 3, &escape(twins.load_point));
        }
        before = Some(twins.load_point);
        put(&mut page, "\n");
        table(&mut page, comparison, twins, &lines(comparison, twins).iter().map(|line| (line.label.to_owned(), line.metric)).collect::<Vec<_>>());
    }
    pictures(&mut page, charts);
    doubts(&mut page, comparison);
    for twins in &comparison.twins {
        let whom = figures::whom(Some(twins.contender), Some(twins.load_point));
        fold(&mut page, &format!("All metrics of {whom}"));
        let has = |metric: &&Metric| twins.cells.iter().flatten().any(|cell| cell.metrics.contains_key(metric.name));
        let all: Vec<(String, &'static Metric)> = METRICS.iter().filter(has).map(|metric| (format!("`{}`", metric.name), metric)).collect();
        table(&mut page, comparison, twins, &all);
        unfold(&mut page);
    }
    page
}

/// What differs besides: that, how, and what it means.
fn conditions(page: &mut String, comparison: &Comparison<'_>) {
    heading(page, 2, "What differs besides");
    if comparison.conditions.is_empty() {
        put(page, "\nMachine, system, version, workload, updates and settings are the same.\n");
    } else {
        put(page, "\n");
        row(page, "", comparison.runs.iter().map(|run| escape(run.name)).chain(["what it means".to_owned()]));
        put(page, &format!("|---|{}\n", "---|".repeat(comparison.runs.len() + 1)));
        for condition in &comparison.conditions {
            let mark = match condition.effect {
                Effect::Told => "",
                Effect::Mixed => " ≠",
                Effect::Incomparable => " ⚠️",
            };
            let values = condition.values.iter().map(|value| escape(value));
            row(page, &format!("**{}**{mark}", condition.what), values.chain([escape(condition.words)]));
        }
    }
    if !comparison.alone.is_empty() {
        let alone = comparison.alone.iter().map(|(run, cell)| {
            let whom = figures::whom(Some(&cell.contender.name), Some(cell.load_point));
            escape(&format!("{whom} (only in {})", comparison.runs[*run].name))
        });
        put(page, &format!("\nWithout a twin, and left out: {}.\n", alone.collect::<Vec<_>>().join(", ")));
    }
}

fn runs(page: &mut String, comparison: &Comparison<'_>) {
    heading(page, 2, "Runs");
    put(page, "\n| run | scenario | machine | tool | recording |\n|---|---|---|---|---|\n");
    for run in &comparison.runs {
        let recording = run.summary.recording;
        let machine = format!("{}, {} cores, Linux {}", recording.machine.cpu_model, recording.machine.cores, recording.machine.kernel);
        let cells = [recording.scenario.title.clone(), machine, format!("pushbench {}", recording.tool_version), recording.id.clone()];
        row(page, &escape(run.name), cells.iter().map(|cell| escape(cell)));
    }
}

fn table(page: &mut String, comparison: &Comparison<'_>, twins: &Twins<'_>, metrics: &[(String, &'static Metric)]) {
    let base = twins.base().map_or(0, |(run, _)| run);
    let others: Vec<usize> = (0..comparison.runs.len()).filter(|run| *run != base && twins.cells[*run].is_some()).collect();
    let there = (0..comparison.runs.len()).filter(|run| twins.cells[*run].is_some());
    let name = |run: usize| escape(comparison.runs[run].name);
    let heads =
        there.clone().map(name).chain(others.iter().map(|run| if others.len() == 1 { "change".to_owned() } else { format!("change in {}", name(*run)) }));
    row(page, &format!("**{}**", escape(twins.contender)), heads);
    rule(page, there.clone().count() + others.len());
    for (label, metric) in metrics {
        let values = there.clone().map(|run| {
            let cell = twins.cells[run].map(|cell| figures::figure(comparison.runs[run].summary, cell, metric));
            escape(&cell.unwrap_or_default())
        });
        let changes =
            others.iter().map(|run| comparison.found(twins, metric.name, *run).map_or_else(|| "–".to_owned(), |found| escape(&words::change(&found, metric))));
        row(page, label, values.chain(changes));
    }
}

/// What is not to be trusted in any of the runs; their own reports have the notes.
fn doubts(page: &mut String, comparison: &Comparison<'_>) {
    let untrusted: Vec<String> = comparison
        .runs
        .iter()
        .flat_map(|run| run.summary.doubts.iter().filter(|doubt| doubt.grade == Grade::Untrusted).map(move |doubt| (run.name, doubt)))
        .map(|(name, doubt)| {
            let whom = figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref());
            format!("- ⚠️ **untrusted** in {}, {} (`{}`): {}\n", escape(name), escape(&whom), doubt.cause, escape(&doubt.text))
        })
        .collect();
    if !untrusted.is_empty() {
        heading(page, 2, "Doubts");
        put(page, &format!("\nMarked `?` in the tables; notes (`*`) are in the reports of the runs.\n\n{}", untrusted.concat()));
    }
}
