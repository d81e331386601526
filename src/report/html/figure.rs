//! A number of the report: how it reads, how well it is known, what is doubted.

use serde::Serialize;

use crate::report::figures;
use crate::summary::metrics::Metric;
use crate::summary::{Cell, Doubt, Grade, Summary, ratios};

/// A number of a contender at a load point.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// For people, with its unit: `6.7 ms`. `–` where the metric does not apply, `none` where it has no value.
    pub text: String,
    /// The value in the metric's unit, all repeats together; may be infinite. None where the text is `–` or `none`.
    pub value: Option<f64>,
    /// The smallest and the largest of the repeats: `6.5 ms … 6.9 ms`; empty where they read alike.
    pub range: String,
    /// The 95 % interval over the repeats: `6.1 ms to 7.4 ms`; empty with one repeat, and where a repeat is 0, below it or infinite.
    pub interval: String,
    /// `?` not to be trusted, `*` a note of its own, or empty.
    pub mark: &'static str,
    /// Whether it is the best of its load point, alone and trusted.
    pub best: bool,
    /// Places in `doubts` of those that touch it.
    pub doubts: Vec<usize>,
}

impl Figure {
    /// The figure of a cell at a load point.
    pub fn new(summary: &Summary<'_>, load_point: &str, cell: &Cell<'_>, metric: &Metric) -> Self {
        let estimate = cell.metrics.get(metric.name);
        let value = estimate.and_then(|estimate| estimate.value);
        let text = match (estimate, value) {
            (None, _) => "–".to_owned(),
            (Some(_), None) => "none".to_owned(),
            (Some(_), Some(value)) => metric.unit.show(value),
        };
        let repeats: &[(u32, Option<f64>)] = estimate.map_or(&[], |estimate| &estimate.repeats);
        let touches = |doubt: &Doubt| estimate.is_some() && doubt.concerns(&cell.contender.name, cell.load_point) && doubt.touches(metric.name);
        Self {
            text,
            value,
            range: range(metric, repeats),
            interval: interval(metric, repeats),
            mark: match figures::own_grade(metric.name, summary.doubts_on(cell, metric.name)) {
                Some(Grade::Untrusted) if estimate.is_some() => "?",
                Some(Grade::Note) if estimate.is_some() => "*",
                _ => "",
            },
            best: figures::is_best(summary, load_point, cell, metric),
            doubts: summary.doubts.iter().enumerate().filter(|(_, doubt)| touches(doubt)).map(|(place, _)| place).collect(),
        }
    }
}

fn range(metric: &Metric, repeats: &[(u32, Option<f64>)]) -> String {
    let values = || repeats.iter().filter_map(|(_, value)| *value);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let (low_text, high_text) = (metric.unit.show(low), metric.unit.show(high));
    if low < high && low_text != high_text { format!("{low_text} … {high_text}") } else { String::new() }
}

/// Student's t on the logarithms of the repeats, as for ratios: what is compared and what is shown alone are known alike.
fn interval(metric: &Metric, repeats: &[(u32, Option<f64>)]) -> String {
    let ones: Vec<(u32, Option<f64>)> = repeats.iter().map(|(repeat, _)| (*repeat, Some(1.0))).collect();
    let found = ratios::of_repeats(repeats, &ones).and_then(|ratio| ratio.interval);
    found.map_or_else(String::new, |(low, high)| {
        let (low, high) = (metric.unit.show(low), metric.unit.show(high));
        if low == high { String::new() } else { format!("{low} to {high}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn a_figure_brings_its_interval_its_range_and_its_doubts() {
        let mut recording = made_up().scale(0.02).build();
        recording.trials[0].deliveries.corrupt = 1;
        let summary = Summary::new(&recording);
        let of = |name: &str, metric: &str| Figure::new(&summary, "", summary.cell(name, "").unwrap(), Metric::named(metric).unwrap());
        let cpu = of("xmpp-pubsub", "cpu.total.per_1000_updates");
        assert!(cpu.text.ends_with("CPU-ms") || cpu.text.ends_with("CPU-s"), "{cpu:?}");
        assert!(cpu.range.contains(" … ") && cpu.interval.contains(" to "), "{cpu:?}");
        let absent = of("xmpp-pubsub", "requests.total");
        assert_eq!((absent.text.as_str(), absent.value, absent.mark), ("–", None, ""));
        let corrupt = of("poll-5s", "latency.p50");
        assert_eq!(corrupt.mark, "?");
        assert!(corrupt.doubts.iter().any(|place| summary.doubts[*place].cause == "corrupt"), "{corrupt:?}");
        assert!(!cpu.doubts.iter().any(|place| summary.doubts[*place].cause == "corrupt"), "{cpu:?}");
    }

    #[test]
    fn counts_that_are_alike_have_neither_range_nor_interval() {
        let recording = made_up().scale(0.02).build();
        let summary = Summary::new(&recording);
        let expected = Figure::new(&summary, "", summary.cell("poll-5s", "").unwrap(), Metric::named("expected").unwrap());
        assert_eq!((expected.range.as_str(), expected.interval.as_str()), ("", ""));
    }
}
