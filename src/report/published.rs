//! Published figures beside ours, for `summary.json`, `summary.md` and the terminal. Never coloured as kept or broken.

use serde_json::{Value, json};

use super::figures;
use super::markdown::{escape, heading, put};
use crate::summary::Summary;
use crate::summary::published::{Beside, Ours};
use crate::units::{show_factor, show_number, significant};

/// What is said wherever they stand.
pub const WORDS: &str =
    "Figures of others beside ours. Machines, networks, programs and years differ: a difference refutes neither, and nothing here is passed or failed.";

/// `2,900,000 requests`.
pub(super) fn value(beside: &Beside<'_, '_>) -> String {
    let value = beside.published.value;
    let shown = if value.abs() >= 1_000.0 { show_number(value) } else { significant(value, 4) };
    format!("{shown} {}", beside.published.unit)
}

/// Ours, at each load point: `poll-5s ÷ push 12.3 times (95 % interval 11 to 13.5)`.
pub(super) fn ours(summary: &Summary<'_>, beside: &Beside<'_, '_>) -> Vec<String> {
    let published = beside.published;
    match (&published.contender, beside.ours.as_slice()) {
        (None, _) => vec!["no figure of ours is meant to stand here".to_owned()],
        (Some(_), []) => vec!["not run".to_owned()],
        (Some(_), ours) => ours.iter().map(|ours| one(summary, ours)).collect(),
    }
}

fn one(summary: &Summary<'_>, ours: &Ours<'_, '_>) -> String {
    let metric = ours.metric;
    let place = if ours.load_point.is_empty() { String::new() } else { format!(" at {}", ours.load_point) };
    let own = figures::figure(summary, ours.cell, metric);
    let Some((other, ratio)) = &ours.against else { return format!("{}: {own} ({}){place}", ours.cell.contender.name, metric.name) };
    let other_own = figures::figure(summary, other, metric);
    let ratio = match ratio {
        None => "no ratio".to_owned(),
        Some(ratio) => {
            let interval = ratio
                .interval
                .map_or_else(|| ", noise unknown".to_owned(), |(low, high)| format!(", 95 % interval {} to {}", show_factor(low), show_factor(high)));
            format!("{} times{interval}", show_factor(ratio.value))
        }
    };
    format!("{} ÷ {}: {ratio} ({own} ÷ {other_own}, {}){place}", ours.cell.contender.name, other.contender.name, metric.name)
}

/// For `summary.md`.
pub fn markdown(page: &mut String, summary: &Summary<'_>) {
    let all = summary.published();
    if all.is_empty() {
        return;
    }
    heading(page, 2, "Published figures");
    put(page, &format!("\n{WORDS}\n\n| what | published | ours | source |\n|---|--:|---|---|\n"));
    for beside in &all {
        let ours: Vec<String> = ours(summary, beside).iter().map(|text| escape(text)).collect();
        let published = beside.published;
        put(page, &format!("| {} | {} | {} | {} |\n", escape(&published.what), escape(&value(beside)), ours.join("<br>"), escape(&published.source)));
    }
}

/// For a terminal: a paragraph each.
pub fn lines(summary: &Summary<'_>) -> Vec<String> {
    let line = |beside: &Beside<'_, '_>| {
        format!("{}: {} ({}); ours: {}", beside.published.what, value(beside), beside.published.source, ours(summary, beside).join("; "))
    };
    summary.published().iter().map(line).collect()
}

/// For `summary.json`.
pub fn json(summary: &Summary<'_>) -> Vec<Value> {
    let finite = |value: Option<f64>| match value {
        Some(value) if value.is_infinite() => json!("inf"),
        other => json!(other),
    };
    let ours = |ours: &Ours<'_, '_>| {
        let ratio = ours.against.as_ref().and_then(|(_, ratio)| *ratio);
        let cells = [Some(ours.cell), ours.against.as_ref().map(|(other, _)| *other)];
        let doubts = cells.into_iter().flatten().flat_map(|cell| summary.doubts_on(cell, ours.metric.name));
        let doubts: Vec<Value> = doubts.map(|doubt| json!(format!("{}:{}", doubt.grade.name(), doubt.cause))).collect();
        json!({
            "load_point": ours.load_point, "unit": ours.metric.unit.name(),
            "value": finite(ours.cell.value(ours.metric.name)),
            "against": finite(ours.against.as_ref().and_then(|(other, _)| other.value(ours.metric.name))),
            "ratio": finite(ratio.map(|ratio| ratio.value)),
            "low": finite(ratio.and_then(|ratio| ratio.interval).map(|interval| interval.0)),
            "high": finite(ratio.and_then(|ratio| ratio.interval).map(|interval| interval.1)),
            "doubts": doubts,
        })
    };
    let one = |beside: &Beside<'_, '_>| {
        let published = beside.published;
        json!({
            "what": published.what, "value": published.value, "unit": published.unit, "source": published.source,
            "contender": published.contender, "against": published.against, "metric": published.metric, "at": published.at,
            "ours": beside.ours.iter().map(ours).collect::<Vec<_>>(),
        })
    };
    summary.published().iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::{made_up, published};

    #[test]
    fn they_stand_in_every_report_and_are_not_judged() {
        let mut recording = made_up().scale(0.02).build();
        recording.scenario.published = vec![
            published(Some("poll-5s"), Some("xmpp-pubsub"), Some("messages.per_update"), None),
            published(Some("poll-5s"), None, Some("messages.per_update"), None),
            published(Some("gone"), None, Some("messages.per_update"), None),
            published(None, None, None, None),
        ];
        recording.scenario.published[0].what = "<b>a|b</b>".to_owned();
        let summary = Summary::new(&recording);
        let lines = lines(&summary);
        assert!(
            lines[0].contains("2,900,000 messages (A talk, slide 15); ours: poll-5s ÷ xmpp-pubsub: ") && lines[0].contains("times, 95 % interval"),
            "{}",
            lines[0]
        );
        assert!(lines[1].contains("ours: poll-5s: ") && lines[2].ends_with("not run") && lines[3].ends_with("no figure of ours is meant to stand here"));
        let mut page = String::new();
        markdown(&mut page, &summary);
        assert!(page.contains("nothing here is passed or failed") && page.contains("&lt;b&gt;a\\|b&lt;/b&gt;") && !page.contains("kept"), "{page}");
        let values = json(&summary);
        let (ratio, low) = (values[0]["ours"][0]["ratio"].as_f64().unwrap(), values[0]["ours"][0]["low"].as_f64().unwrap());
        assert!(low <= ratio && values[2]["ours"].as_array().unwrap().is_empty() && values[3]["contender"].is_null(), "{values:?}");
    }
}
