//! What a speaker has at hand: each figure of a slide with its definition, its repeats, its ratio, its doubts, and the conditions.

use super::Talk;
use super::rivals::Meeting;
use crate::report::figures;
use crate::summary::metrics::Metric;
use crate::summary::{Cell, Doubt, Grade};
use crate::units::significant;

impl Talk<'_, '_> {
    /// Notes for a slide that shows these metrics.
    pub(super) fn notes(&self, metrics: &[&str]) -> Vec<String> {
        let mut notes = Vec::new();
        for metric in metrics.iter().filter_map(|name| Metric::named(name)) {
            let figures: Vec<String> = self.cells.iter().filter_map(|cell| self.figure(metric, cell)).collect();
            if figures.is_empty() {
                continue;
            }
            notes.push(format!("{} ({}): {}", metric.name, metric.unit.name(), metric.meaning));
            notes.push(figures.join("; "));
            notes.extend(self.ratio(metric));
        }
        notes.extend(self.told_doubts(metrics));
        notes.push(format!("Conditions: {}", self.foot()));
        notes
    }

    /// `poll-1s 41 (repeats 40.2 to 41.8)`, with the mark of a doubt.
    fn figure(&self, metric: &Metric, cell: &Cell<'_>) -> Option<String> {
        let estimate = cell.metrics.get(metric.name)?;
        let repeats: Vec<f64> = estimate.repeats.iter().filter_map(|(_, value)| *value).collect();
        let (low, high) = (repeats.iter().copied().fold(f64::INFINITY, f64::min), repeats.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = (metric.unit.show(low), metric.unit.show(high));
        let range = if repeats.len() > 1 && low != high { format!(" (repeats {low} to {high})") } else { String::new() };
        Some(format!("{} {}{range}", cell.contender.name, figures::figure(self.summary, cell, metric)))
    }

    /// The ratio of the rivals, and how well it is known.
    fn ratio(&self, metric: &Metric) -> Option<String> {
        let Meeting::Duel(duel) = self.meet(metric.name) else { return None };
        let ratio = duel.ratio?;
        let interval = match ratio.interval {
            Some((low, high)) => format!(", 95 % interval {} to {}", significant(low, 3), significant(high, 3)),
            None if ratio.pairs > 1 => String::new(),
            None => ", one repeat: noise unknown".to_owned(),
        };
        Some(format!("{} ÷ {}: {}{interval}", duel.push.contender.name, duel.pull.contender.name, significant(ratio.value, 3)))
    }

    /// The doubts about these metrics, the gravest first.
    pub(super) fn told_doubts(&self, metrics: &[&str]) -> Vec<String> {
        let told = |doubt: &Doubt| {
            let grade = if doubt.grade == Grade::Untrusted { "Not to be trusted" } else { "Note" };
            format!("{grade}, {} ({}): {}", figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref()), doubt.cause, doubt.text)
        };
        self.doubts(metrics).into_iter().map(told).collect()
    }
}
