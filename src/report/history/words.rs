//! What a history says, in words: for terminals and charts alike.

use crate::history::Entry;
use crate::report::figures;
use crate::report::gate::words::percent;
use crate::summary::history::{Change, Search, Series, Tendency, Trend};
use crate::summary::metrics::Better;

/// `latency.p99 of rest-poll at workload.topics=50 in ci-smoke`
pub fn figure(series: &Series<'_>) -> String {
    format!("{} of {} in {}", series.subject.name, figures::whom(Some(series.contender), Some(series.load_point)), series.scenario)
}

/// When a run began, to the minute: `2026-11-24 06:30`; as it stands where that is no time.
pub fn when(entry: &Entry) -> String {
    entry.instant().map_or_else(|| entry.started.clone(), |instant| instant.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The day on which a run began.
pub fn day(entry: &Entry) -> String {
    when(entry).split(' ').next().unwrap_or_default().to_owned()
}

/// What a run is called: its label, else when it began.
pub fn called(entry: &Entry) -> String {
    entry.label.clone().unwrap_or_else(|| when(entry))
}

/// By how much a figure changed: `+9.8 %`; from nothing, in its unit.
pub fn amount(series: &Series<'_>, change: &Change) -> String {
    let relative = change.relative();
    let sign = if change.point.after < change.point.before { "−" } else { "+" };
    if relative.is_finite() {
        format!("{sign}{}", percent(relative.abs()))
    } else {
        format!("{sign}{}", series.subject.unit.show((change.point.after - change.point.before).abs()))
    }
}

/// What a change is, in a sentence: `poll-5s: latency.p99 rose from 100 ms to 110 ms (+9.8 %, worse) with a1b2c3`.
pub fn sentence(series: &Series<'_>, change: &Change) -> String {
    let way = if change.point.after > change.point.before { "rose" } else { "fell" };
    let [before, after] = [change.point.before, change.point.after].map(|mean| series.subject.unit.show(mean));
    format!(
        "{}: {} {way} from {before} to {after} ({}, {}) with {}",
        series.contender,
        series.subject.name,
        amount(series, change),
        change.tendency.name(),
        called(series.points[change.place].entry)
    )
}

/// What is to be known of a change beside its size; empty where there is nothing.
pub fn beside(series: &Series<'_>, change: &Change) -> String {
    let between = change.place - change.last_before - 1;
    let mut told = Vec::new();
    if change.with_scenario {
        told.push("the scenario's text was changed as well".to_owned());
    }
    if between > 0 {
        told.push(format!(
            "{} between {} and {} cannot be told from either side",
            if between == 1 { "one run".to_owned() } else { format!("{between} runs") },
            called(series.points[change.last_before].entry),
            called(series.points[change.place].entry)
        ));
    }
    told.join("; ")
}

/// The latest change of some series; of several with one run, the first.
pub fn latest<'t, 'h>(trends: &[&'t Trend<'h>]) -> Option<(&'t Trend<'h>, &'t Change)> {
    let all = trends.iter().flat_map(|trend| trend.changes.iter().map(move |change| (*trend, change)));
    all.rev().max_by_key(|(trend, change)| trend.series.points[change.place].entry.instant())
}

/// The finding about some series: the latest change, or that there is none, or that nobody can tell.
pub fn finding(trends: &[&Trend<'_>]) -> String {
    let Some(first) = trends.first().map(|trend| &trend.series) else { return "There is nothing in the history".to_owned() };
    let metric = first.subject.name;
    let changes: usize = trends.iter().map(|trend| trend.changes.len()).sum();
    match latest(trends) {
        Some((trend, change)) if changes == 1 => sentence(&trend.series, change),
        Some((trend, change)) => format!("{changes} changes of {metric}; the latest: {}", sentence(&trend.series, change)),
        None if trends.iter().all(|trend| !trend.series.can_tell()) => {
            let fewest = first.subject.nature.fewest_trials().max(3);
            format!("Too few runs to tell whether {metric} changed: it takes {fewest} of one machine that can be trusted")
        }
        None => {
            let runs = trends.iter().map(|trend| trend.series.points.len()).max().unwrap_or(0);
            format!("No change of {metric} in {runs} runs of {}", first.scenario)
        }
    }
}

/// How changes were looked for, for the foot of tables and charts.
pub fn reading(series: &[&Series<'_>], search: Search) -> String {
    let mut margins: Vec<f64> = series.iter().map(|series| series.magnitude(search)).collect();
    margins.sort_by(f64::total_cmp);
    margins.dedup();
    let margin = match margins.as_slice() {
        [] => String::new(),
        [one] => format!(", by more than {}", percent(*one)),
        [first, .., last] => format!(", by more than its margin ({} to {})", percent(*first), percent(*last)),
    };
    format!("E-divisive, {} runs at a time; t-test, p < {}{margin}", search.window, search.error)
}

/// Which way is better, in words.
pub fn better(series: &Series<'_>) -> &'static str {
    match series.subject.better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
        Better::Neither => "neither way is better",
    }
}

/// Whether a change is for the worse.
pub fn is_worse(change: &Change) -> bool {
    change.tendency == Tendency::Worse
}
