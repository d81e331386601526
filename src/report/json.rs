//! `summary.json`: what the reports show, for programs. The recording itself holds more; this is easier to query.

use serde_json::{Map, Value, json};

use crate::summary::Summary;
use crate::summary::fits::OVER;

/// The summary as JSON; infinity is the text `inf`, which JSON has no number for.
///
/// # Errors
/// None that memory could raise.
pub fn summary(summary: &Summary<'_>) -> serde_json::Result<Vec<u8>> {
    let cells: Vec<Value> = summary
        .cells
        .iter()
        .map(|cell| {
            let metrics: Map<String, Value> = cell
                .metrics
                .iter()
                .map(|(name, estimate)| {
                    let repeats: Map<String, Value> = estimate.repeats.iter().map(|(repeat, value)| (repeat.to_string(), number(*value))).collect();
                    let doubts: Vec<Value> = summary.doubts_on(cell, name).map(|doubt| json!(format!("{}:{}", doubt.grade.name(), doubt.cause))).collect();
                    ((*name).to_owned(), json!({ "value": number(estimate.value), "repeats": repeats, "doubts": doubts }))
                })
                .collect();
            json!({ "contender": cell.contender.name, "use": cell.contender.mechanism, "load_point": cell.load_point, "metrics": metrics })
        })
        .collect();
    let doubts: Vec<Value> = summary
        .doubts
        .iter()
        .map(|doubt| {
            json!({
                "grade": doubt.grade.name(), "cause": doubt.cause, "text": doubt.text,
                "contender": doubt.contender, "load_point": doubt.load_point, "metrics": doubt.metrics,
            })
        })
        .collect();
    let budgets: Vec<Value> = summary
        .budgets
        .iter()
        .map(|result| {
            json!({
                "contender": result.budget.contender, "metric": result.budget.metric, "load_point": result.load_point,
                "relative_to": result.budget.relative_to, "at_most": number(result.budget.at_most), "at_least": number(result.budget.at_least),
                "severity": result.budget.severity.name(), "minimum_samples": result.budget.minimum_samples,
                "value": number(result.value), "samples": result.samples, "outcome": result.outcome.name(),
            })
        })
        .collect();
    let verdicts: Vec<Value> = summary
        .verdicts()
        .into_iter()
        .map(|verdict| {
            let statements: Vec<Value> =
                verdict.statements.iter().map(|statement| json!({ "question": statement.question.name(), "text": statement.text })).collect();
            json!({ "load_point": verdict.load_point, "headline": verdict.headline, "statements": statements })
        })
        .collect();
    let fits: Vec<Value> = summary
        .fits
        .iter()
        .map(|fit| {
            let line = &fit.line;
            let doubts: Vec<Value> = summary.doubts_on_fit(fit).map(|doubt| json!(format!("{}:{}", doubt.grade.name(), doubt.cause))).collect();
            json!({
                "contender": fit.contender, "load_point": fit.elsewhere, "metric": fit.quantity.name, "over": OVER,
                "slope": line.slope, "low": line.interval.0, "high": line.interval.1, "points": line.points,
                "smallest": line.range.0, "largest": line.range.1, "largest_residual": line.largest_residual, "limit": fit.limit(), "note": fit.note(), "doubts": doubts,
            })
        })
        .collect();
    let recording = summary.recording;
    let whole = json!({
        "scenario": recording.scenario.name, "title": recording.scenario.title, "recording": recording.id, "tool_version": recording.tool_version,
        "verdicts": verdicts, "cells": cells, "fits": fits, "crossovers": super::crossings::json(summary), "published": super::published::json(summary), "budgets": budgets, "doubts": doubts,
    });
    let mut bytes = serde_json::to_vec_pretty(&whole)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn number(value: Option<f64>) -> Value {
    match value {
        Some(value) if value.is_infinite() => json!("inf"),
        other => json!(other),
    }
}

#[cfg(test)]
mod tests {
    use crate::summary::{Summary, fixture::made_up};

    #[test]
    fn it_holds_verdicts_figures_budgets_and_doubts() {
        let mut recording = made_up().scale(0.02).budget("xmpp-pubsub", "latency.expected.p99", 0.25).build();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
            trial.deliveries.lost = trial.deliveries.expected;
        }
        let value: serde_json::Value = serde_json::from_slice(&super::summary(&Summary::new(&recording)).unwrap()).unwrap();
        assert_eq!(value["cells"][0]["contender"], "poll-5s");
        assert_eq!(value["cells"][3]["metrics"]["latency.expected.p99"]["value"], "inf");
        assert_eq!(value["budgets"][0]["outcome"], "broken");
        assert_eq!(value["doubts"][0]["cause"], "lost", "the gravest comes first");
        let beside = |cell: usize| value["cells"][cell]["metrics"]["latency.expected.p99"]["doubts"].as_array().unwrap().clone();
        assert!(beside(3).contains(&"untrusted:lost".into()), "beside the figure that it touches: {:?}", beside(3));
        assert!(!beside(0).contains(&"untrusted:lost".into()), "{:?}", beside(0));
        assert!(value["verdicts"][0]["headline"].as_str().unwrap().starts_with("Not trustworthy"));
    }
}
