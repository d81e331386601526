//! A history for programs: `history.csv`, a row for each run of each series, and `history.json`.

use serde_json::{Value, json};

use super::{Shown, words};
use crate::report::csv::finish;
use crate::summary::history::{Change, Point, Series, Trend};

/// Columns of `history.csv`: API.
const COLUMNS: [&str; 17] = [
    "scenario",
    "load_point",
    "contender",
    "metric",
    "unit",
    "started",
    "recording",
    "label",
    "machine",
    "tool_version",
    "mean",
    "least",
    "most",
    "trials",
    "trusted",
    "change",
    "tendency",
];

/// Every run of every series; where a change begins, by which share.
pub(super) fn csv(shown: &Shown<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(COLUMNS)?;
    for Trend { series, changes } in &shown.trends {
        for (place, point) in series.points.iter().enumerate() {
            let change = changes.iter().find(|change| change.place == place);
            let entry = point.entry;
            let [mean, least, most] = [point.value, point.range.0, point.range.1].map(|value| value.to_string());
            rows.write_record([
                series.scenario,
                series.load_point,
                series.contender,
                series.subject.name,
                series.subject.unit.name(),
                &entry.started,
                &entry.recording,
                entry.label.as_deref().unwrap_or(""),
                &entry.machine,
                &entry.tool_version,
                &mean,
                &least,
                &most,
                &point.trials.to_string(),
                if point.trusted { "true" } else { "false" },
                &change.map_or_else(String::new, |change| change.relative().to_string()),
                change.map_or("", |change| change.tendency.name()),
            ])?;
        }
    }
    finish(rows)
}

/// The series with their runs and changes; the same history gives the same bytes.
pub(super) fn json(shown: &Shown<'_>) -> serde_json::Result<Vec<u8>> {
    let whole = json!({
        "search": { "window": shown.search.window, "error": shown.search.error },
        "series": shown.trends.iter().map(|trend| series(trend, shown)).collect::<Vec<_>>(),
    });
    let mut bytes = serde_json::to_vec_pretty(&whole)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn series(Trend { series, changes }: &Trend<'_>, shown: &Shown<'_>) -> Value {
    json!({
        "scenario": series.scenario, "load_point": series.load_point, "contender": series.contender, "metric": series.subject.name,
        "unit": series.subject.unit.name(), "nature": series.subject.nature.name(), "better": series.subject.better.name(),
        "magnitude": series.magnitude(shown.search), "can_tell": series.can_tell(),
        "runs": series.points.iter().map(run).collect::<Vec<_>>(),
        "changes": changes.iter().map(|found| change(series, found)).collect::<Vec<_>>(),
        "machine_changes": series.machine_changes(), "scenario_changes": series.scenario_changes(),
    })
}

fn run(point: &Point<'_>) -> Value {
    let entry = point.entry;
    json!({
        "started": entry.started, "recording": entry.recording, "label": entry.label, "machine": entry.machine, "tool_version": entry.tool_version,
        "mean": point.value, "least": point.range.0, "most": point.range.1, "trials": point.trials, "trusted": point.trusted,
    })
}

/// `since` and `last_before` are places among the runs, from 0.
fn change(series: &Series<'_>, change: &Change) -> Value {
    let relative = Some(change.relative()).filter(|relative| relative.is_finite());
    json!({
        "since": change.place, "last_before": change.last_before, "before": change.point.before, "after": change.point.after, "change": relative,
        "p": change.point.probability, "tendency": change.tendency.name(), "with_scenario": change.with_scenario, "text": words::sentence(series, change),
    })
}
