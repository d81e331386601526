//! The last slide: what went wrong, what to do on Monday, where to read on.

use super::Talk;
use super::opening::whole;
use crate::measure::recording::Trial;
use crate::report::figures;
use crate::report::slides::deck::{Body, Column, Item, Slide};
use crate::summary::{Cell, Grade};

/// Doubts that are told at most; the rest is counted.
const DOUBTS: usize = 2;

impl Talk<'_, '_> {
    pub(super) fn monday(&self) -> Slide {
        let (title, items) = self.on_monday();
        let columns = [Column { heading: "What went wrong".to_owned(), items: self.trouble() }, Column { heading: "What to do".to_owned(), items }];
        let mut slide = self.slide("monday", title, Body::Columns(columns), &[]);
        slide.notes.insert(0, self.verdict.headline.clone());
        slide
    }

    fn trouble(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let (grave, notes): (Vec<_>, Vec<_>) = self.doubts(&[]).into_iter().partition(|doubt| doubt.grade == Grade::Untrusted);
        for doubt in grave.iter().take(DOUBTS) {
            let whom = figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref());
            let first = doubt.text.split_once(". ").map_or(doubt.text.as_str(), |(first, _)| first);
            items.push(Item::warning(format!("Not to be trusted, {whom}: {}", first.trim_end_matches('.'))));
        }
        if grave.len() > DOUBTS {
            items.push(Item::warning(format!("And {} more that are not to be trusted, in the report", grave.len() - DOUBTS)));
        }
        let counts: [(fn(&Trial) -> u64, &str); 4] = [
            (|trial| trial.deliveries.lost, "updates lost"),
            (|trial| trial.failed_requests, "requests without an answer"),
            (|trial| trial.deliveries.duplicated, "updates came twice"),
            (|trial| trial.deliveries.reordered, "updates came out of order"),
        ];
        let mut calm = true;
        for cell in &self.cells {
            let told: Vec<String> = counts.iter().filter_map(|(of, what)| told(cell, *of, what)).collect();
            if !told.is_empty() {
                calm = false;
                items.push(Item::new(format!("{}: {}", cell.contender.name, told.join(", "))));
            }
        }
        if calm && !self.cells.is_empty() {
            items.push(Item::new("Nothing was lost, no request failed, nothing came twice or out of order"));
        }
        let coalesced: Vec<String> = self.cells.iter().filter_map(|cell| coalesced(cell)).collect();
        if !coalesced.is_empty() {
            items.push(Item::new(format!("Skipped for a later version: {}", coalesced.join(", "))));
        }
        if !notes.is_empty() {
            let count = if notes.len() == 1 { "1 note".to_owned() } else { format!("{} notes", notes.len()) };
            items.push(Item::new(format!("{count} in the report: {}", super::opening::causes(notes.iter().map(|doubt| doubt.cause)))));
        }
        items
    }
}

/// `7 updates lost`, over all repeats; nothing where there was none.
fn told(cell: &Cell<'_>, of: fn(&Trial) -> u64, what: &str) -> Option<String> {
    let count: u64 = cell.trials.iter().map(|trial| of(trial)).sum();
    (count > 0).then(|| format!("{} {what}", whole(count)))
}

/// Share of the expected deliveries that a later version took the place of: natural where state is polled, and yet not to be kept back.
fn coalesced(cell: &Cell<'_>) -> Option<String> {
    let sum = |of: fn(&Trial) -> u64| cell.trials.iter().map(|trial| of(trial)).sum::<u64>();
    let (coalesced, expected) = (sum(|trial| trial.deliveries.coalesced), sum(|trial| trial.deliveries.expected));
    (coalesced > 0 && expected > 0).then(|| format!("{} of {} by {}", whole(coalesced), whole(expected), cell.contender.name))
}
