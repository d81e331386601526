//! Doubts about how much a figure rests on: repeats, samples, times that do not fit.

use super::Grade;
use super::causes::{Cause, EVERYTHING};
use super::found::{Found, show};
use crate::summary::metrics::{Kind, METRICS, Statistic};
use crate::summary::thresholds::{REPEATS_FOR_AN_INTERVAL, samples_needed};

pub const ONE_REPEAT: Cause = Cause {
    name: "one-repeat",
    grades: &[Grade::Note],
    raised_when: || format!("fewer than {REPEATS_FOR_AN_INTERVAL} repeats: the noise is unknown"),
    touches: EVERYTHING,
    remedy: "Set repeats = 2 or more.",
};
pub const SAMPLES: Cause = Cause {
    name: "samples",
    grades: &[Grade::Note],
    raised_when: || format!("a p99 of fewer than {} samples, a p99.9 of fewer than {}", show(samples_needed(0.99)), show(samples_needed(0.999))),
    touches: PERCENTILES,
    remedy: "Lengthen the span or add repeats.",
};
pub const CLIPPED: Cause = Cause {
    name: "clipped",
    grades: &[Grade::Note],
    raised_when: || "a time was longer than 31 days, measured or in scenario time".to_owned(),
    touches: &["latency.", "scenario_latency.", "lag.", "response."],
    remedy: "Shorten the span, or lower the compression.",
};

/// What may have too few samples; a doubt touches those that have.
const PERCENTILES: &[&str] = &["latency.", "scenario_latency.", "lag.", "publish_lag.", "service.", "response."];

/// Whether there are repeats at all.
pub fn repeats(found: &mut Found<'_>) {
    if found.cell.trials.len() < REPEATS_FOR_AN_INTERVAL {
        found.note(&ONE_REPEAT, "One repeat: the noise is unknown.");
    }
}

/// Those about samples.
pub fn doubts(found: &mut Found<'_>) {
    let mut short: Vec<&'static str> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for (quantile, name) in [(0.99, "p99"), (0.999, "p99.9")] {
        let needed = samples_needed(quantile);
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for metric in METRICS.iter().filter(|metric| found.cell.value(metric.name).is_some()) {
            let (count, asked) = match metric.kind {
                Kind::Time { of, statistic: Statistic::Quantile(asked), .. } => (of(&found.cell.times).count(), asked),
                Kind::Expected(asked) => (found.cell.times.latency.count() + found.sum(|trial| trial.deliveries.lost), asked),
                Kind::Time { .. } | Kind::Figure(_) => continue,
            };
            // Of time_to_current there is one sample for each subscriber, and all of them: more of the run brings no more.
            if asked != quantile || count >= needed || metric.name.starts_with("time_to_current.") {
                continue;
            }
            short.push(metric.name);
            // The parts and the stretched form of latency have its samples: they are not recited.
            let family = metric.name.split('.').next().unwrap_or(metric.name).trim_start_matches("scenario_");
            if !counts.contains(&(family, count)) {
                counts.push((family, count));
            }
        }
        if !counts.is_empty() {
            let each: Vec<String> = counts.iter().map(|(family, count)| format!("{family} has {}", show(*count))).collect();
            told.push(format!("a {name} needs {}, {}", show(needed), each.join(", ")));
        }
    }
    if !short.is_empty() {
        found.note_on(&SAMPLES, short, &format!("Too few samples: {}.", told.join("; ")));
    }
    clipped(found);
}

fn clipped(found: &mut Found<'_>) {
    let times = &found.cell.times;
    let clipped: u64 =
        [&times.latency, &times.scenario_latency, &times.wait, &times.transit, &times.lag, &times.response].iter().map(|times| times.clipped()).sum();
    if clipped > 0 {
        let figure = format!("{} times were longer than 31 days and were recorded as 31 days: means and largest values are too small.", show(clipped));
        found.note(&CLIPPED, &figure);
    }
}
