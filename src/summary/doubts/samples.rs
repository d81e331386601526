//! Doubts about how much a figure rests on: repeats, samples, times that do not fit.

use super::Grade;
use super::causes::{Cause, EVERYTHING};
use super::found::{Found, show};
use crate::summary::Cell;
use crate::summary::metrics::{Kind, METRICS, Metric, Statistic, Unit};
use crate::summary::thresholds::{REPEATS_DIFFER, REPEATS_DIFFER_FLOOR, REPEATS_FOR_AN_INTERVAL, samples_needed};
use crate::units::show_seconds;

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
pub const NOISY_REPEATS: Cause = Cause {
    name: "noisy-repeats",
    grades: &[Grade::Note],
    raised_when: || {
        format!(
            "the largest repeat of a figure that decides a verdict is over {REPEATS_DIFFER} times the smallest; times must differ by over {} as well",
            show_seconds(REPEATS_DIFFER_FLOOR)
        )
    },
    touches: WATCHED,
    remedy: "Look for what else the machine does, lengthen the span, add repeats.",
};
pub const FEW_UPDATES: Cause = Cause {
    name: "few-updates",
    grades: &[Grade::Note],
    raised_when: || "a percentile of latency has samples enough, but of fewer distinct updates than it needs samples".to_owned(),
    touches: &["latency.", "scenario_latency."],
    remedy: "Lengthen the span or raise the update rate: more subscribers bring no new updates.",
};
pub const NEGATIVE: Cause = Cause {
    name: "negative",
    grades: &[Grade::Untrusted],
    raised_when: || "a time was negative: something ended before it began".to_owned(),
    touches: &["latency.", "scenario_latency.", "lag.", "publish_lag.", "service.", "response.", "time_to_current."],
    remedy: "The clock went backwards, or differs between cores: look at the kernel's log for its clock source.",
};
pub const CLIPPED: Cause = Cause {
    name: "clipped",
    grades: &[Grade::Note],
    raised_when: || "a time was longer than 31 days, measured or in scenario time".to_owned(),
    touches: &["latency.", "scenario_latency.", "lag.", "response."],
    remedy: "Shorten the span, or lower the compression.",
};

/// What may have too few samples; a doubt touches those that have.
const PERCENTILES: &[&str] = &["latency.", "scenario_latency.", "staleness.", "lag.", "publish_lag.", "service.", "response."];

/// What verdicts are decided by, and what stands beside it in the comparison.
const WATCHED: &[&str] = &["messages.per_update", "latency.p50", "latency.p99", "scenario_latency.p99", "cpu.total.per_1000_updates", "memory.server.peak"];

/// Whether there are repeats at all, and whether they agree.
pub fn repeats(found: &mut Found<'_>) {
    if found.cell.trials.len() < REPEATS_FOR_AN_INTERVAL {
        found.note(&ONE_REPEAT, "One repeat: the noise is unknown.");
    }
    let noisy: Vec<(&'static Metric, f64, f64)> =
        WATCHED.iter().filter_map(|name| Metric::named(name)).filter_map(|metric| spread(found.cell, metric)).collect();
    if !noisy.is_empty() {
        let each: Vec<String> =
            noisy.iter().map(|(metric, low, high)| format!("{} from {} to {}", metric.name, metric.unit.show(*low), metric.unit.show(*high))).collect();
        let metrics = noisy.iter().map(|(metric, ..)| metric.name).collect();
        found.note_on(&NOISY_REPEATS, metrics, &format!("The repeats differ: {}.", each.join(", ")));
    }
}

/// The smallest and the largest repeat of a metric, where they are too far apart.
fn spread(cell: &Cell<'_>, metric: &'static Metric) -> Option<(&'static Metric, f64, f64)> {
    let values: Vec<f64> = cell.metrics.get(metric.name)?.repeats.iter().filter_map(|(_, value)| *value).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Latencies in scenario time are as noisy as they were measured.
    let least = if matches!(metric.unit, Unit::Seconds | Unit::ScenarioSeconds) { REPEATS_DIFFER_FLOOR } else { 0.0 };
    (high.is_finite() && high > REPEATS_DIFFER * low && high - low > least).then_some((metric, low, high))
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
                // Over time there are no samples; what a percentile rests on is how often a view fell out of date.
                Kind::Staleness(_) if metric.name == "staleness.p99" => (found.cell.times.staleness.until.count(), 0.99),
                _ => continue,
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
    few_updates(found);
    clipped(found);
    negative(found);
}

/// One update that arrives at a thousand subscribers is one event, seen a thousand times: what held it up held up all.
fn few_updates(found: &mut Found<'_>) {
    let updates = found.sum(|trial| trial.updates);
    let samples = found.cell.times.latency.count();
    let thin = |metric: &&Metric| match metric.kind {
        Kind::Time { statistic: Statistic::Quantile(asked), .. } | Kind::Expected(asked) => {
            asked >= 0.99 && samples >= samples_needed(asked) && updates < samples_needed(asked)
        }
        _ => false,
    };
    let of_latency = |metric: &&Metric| metric.name.starts_with("latency.") || metric.name.starts_with("scenario_latency.");
    let metrics: Vec<&'static str> =
        METRICS.iter().filter(of_latency).filter(thin).filter(|metric| found.cell.value(metric.name).is_some()).map(|metric| metric.name).collect();
    if !metrics.is_empty() {
        let figure = format!(
            "The {} samples of latency are of {} distinct updates: those of one update share its lot, and are fewer than they look.",
            show(samples),
            show(updates)
        );
        found.note_on(&FEW_UPDATES, metrics, &figure);
    }
}

fn negative(found: &mut Found<'_>) {
    let times = &found.cell.times;
    let all = [&times.latency, &times.transit, &times.lag, &times.publish_lag, &times.service, &times.response, &times.time_to_current];
    let negative: u64 = all.iter().map(|times| times.negative()).sum();
    if negative > 0 {
        found.untrusted(&NEGATIVE, &format!("{} times were negative, and were recorded as zero.", show(negative)));
    }
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
