//! For programs: `comparison.csv`, a row for each figure of each run but its base, and `comparison.json`.

use serde_json::{Value, json};

use crate::report::csv::{finish, listed, number};
use crate::summary::comparison::{Comparison, Effect, Found, Known};
use crate::summary::metrics::{METRICS, Metric};

/// A figure of a run, and that of its base.
struct Row<'c> {
    contender: &'c str,
    load_point: &'c str,
    metric: &'static Metric,
    base: &'c str,
    run: &'c str,
    values: [Option<f64>; 2],
    found: Found,
    doubts: String,
}

fn rows<'c>(comparison: &'c Comparison<'c>) -> Vec<Row<'c>> {
    let mut rows = Vec::new();
    for twins in &comparison.twins {
        let Some((base, base_cell)) = twins.base() else { continue };
        for metric in METRICS {
            for (run, cell) in twins.cells.iter().enumerate() {
                let (Some(found), Some(cell)) = (comparison.found(twins, metric.name, run), cell) else { continue };
                let [before, after] = [base, run].map(|run| &comparison.runs[run]);
                let doubts = before.summary.doubts_on(base_cell, metric.name).chain(after.summary.doubts_on(cell, metric.name));
                rows.push(Row {
                    contender: twins.contender,
                    load_point: twins.load_point,
                    metric,
                    base: before.name,
                    run: after.name,
                    values: [base_cell.value(metric.name), cell.value(metric.name)],
                    doubts: listed(doubts),
                    found,
                });
            }
        }
    }
    rows
}

impl Row<'_> {
    /// What is said of it: API.
    fn answer(&self) -> &'static str {
        match (self.found.effect, self.found.tendency()) {
            (Effect::Incomparable, _) => "incomparable",
            _ if self.found.untrusted => "untrusted",
            (_, Some(tendency)) => tendency.name(),
            (_, None) => "no-figure",
        }
    }

    /// Ratio and difference, each with its interval.
    fn numbers(&self) -> [Option<f64>; 6] {
        let of = |known: Option<Known>| {
            let interval = known.and_then(|known| known.interval);
            [known.map(|known| known.value), interval.map(|interval| interval.0), interval.map(|interval| interval.1)]
        };
        let ([ratio, ratio_low, ratio_high], [difference, low, high]) =
            (of(self.found.change.and_then(|change| change.ratio)), of(self.found.change.map(|change| change.difference)));
        [ratio, ratio_low, ratio_high, difference, low, high]
    }
}

/// `effect:what;effect:what`, those that touch a metric.
fn conditions(comparison: &Comparison<'_>, metric: &str) -> String {
    let touching = comparison.conditions.iter().filter(|condition| condition.touches(metric));
    touching.map(|condition| format!("{}:{}", condition.effect.name(), condition.what)).collect::<Vec<_>>().join(";")
}

pub(super) fn csv(comparison: &Comparison<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows_out = csv::Writer::from_writer(Vec::new());
    rows_out.write_record([
        "contender",
        "load_point",
        "metric",
        "unit",
        "base",
        "run",
        "base_value",
        "value",
        "answer",
        "ratio",
        "ratio_low",
        "ratio_high",
        "difference",
        "difference_low",
        "difference_high",
        "base_repeats",
        "repeats",
        "conditions",
        "doubts",
    ])?;
    for row in rows(comparison) {
        let repeats = row.found.change.map(|change| change.repeats.map(|count| count.to_string())).unwrap_or_default();
        let mut record = [row.contender, row.load_point, row.metric.name, row.metric.unit.name(), row.base, row.run].map(str::to_owned).to_vec();
        record.extend(row.values.map(number));
        record.push(row.answer().to_owned());
        record.extend(row.numbers().map(number));
        record.extend(repeats);
        record.extend([conditions(comparison, row.metric.name), row.doubts]);
        rows_out.write_record(&record)?;
    }
    finish(rows_out)
}

pub(super) fn json(comparison: &Comparison<'_>) -> serde_json::Result<Vec<u8>> {
    let finite = |value: Option<f64>| match value {
        Some(value) if value.is_infinite() => json!("inf"),
        other => json!(other),
    };
    let runs: Vec<Value> = comparison
        .runs
        .iter()
        .map(|run| {
            let recording = run.summary.recording;
            json!({ "name": run.name, "recording": recording.id, "scenario": recording.scenario.name, "title": recording.scenario.title, "tool_version": recording.tool_version })
        })
        .collect();
    let conditions_out: Vec<Value> = comparison
        .conditions
        .iter()
        .map(|condition| json!({ "what": condition.what, "values": condition.values, "effect": condition.effect.name(), "touches": condition.touches, "text": condition.words }))
        .collect();
    let figures: Vec<Value> = rows(comparison)
        .into_iter()
        .map(|row| {
            let [ratio, ratio_low, ratio_high, difference, low, high] = row.numbers().map(finite);
            json!({
                "contender": row.contender, "load_point": row.load_point, "metric": row.metric.name, "unit": row.metric.unit.name(), "base": row.base, "run": row.run,
                "base_value": finite(row.values[0]), "value": finite(row.values[1]), "answer": row.answer(),
                "ratio": ratio, "ratio_low": ratio_low, "ratio_high": ratio_high, "difference": difference, "difference_low": low, "difference_high": high,
                "repeats": row.found.change.map(|change| change.repeats), "conditions": conditions(comparison, row.metric.name), "doubts": row.doubts,
            })
        })
        .collect();
    let alone: Vec<Value> = comparison
        .alone
        .iter()
        .map(|(run, cell)| json!({ "run": comparison.runs[*run].name, "contender": cell.contender.name, "load_point": cell.load_point }))
        .collect();
    let mut bytes = serde_json::to_vec_pretty(&json!({ "runs": runs, "conditions": conditions_out, "figures": figures, "only_in_one_run": alone }))?;
    bytes.push(b'\n');
    Ok(bytes)
}
