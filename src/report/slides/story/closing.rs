//! The last slide: what to do on Monday, what went wrong, how to repeat it and read on, and what this run does not tell.

use super::Talk;
use super::opening::whole;
use crate::measure::recording::{Direction, Trial};
use crate::report::charts::finding::short;
use crate::report::slides::deck::{Body, Column, Item, Slide};
use crate::report::{figures, repeat};
use crate::summary::{Cell, Grade};

/// Doubts that are told at most; the rest is counted.
const DOUBTS: usize = 2;
/// Contenders that are named at most.
const NAMED: usize = 3;

impl Talk<'_, '_> {
    pub(super) fn monday(&self) -> Slide {
        let (title, items) = self.on_monday();
        let list = |heading: &str, items: Vec<Item>| Column { heading: heading.to_owned(), items };
        let columns = [
            vec![list("What to do", items), list("What went wrong", self.trouble())],
            vec![list("To repeat it, and to read on", self.to_repeat()), list("What this run does not tell", self.left_open())],
        ];
        let mut slide = self.slide("monday", title, Body::Columns(columns), &[]);
        slide.notes.insert(0, self.verdict.headline.clone());
        // Told in the list.
        slide.warning = String::new();
        slide
    }

    fn to_repeat(&self) -> Vec<Item> {
        let mut items = vec![
            Item::new(repeat::run(self.summary.recording)),
            Item::new("report.html has every figure with its definition and interval, recording.json all that was measured"),
        ];
        if !self.theme.link.is_empty() {
            items.push(Item::new(self.theme.link.clone()));
        }
        items
    }

    /// What another run would have to be like to tell more.
    fn left_open(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let is_left_out = |name: &str| self.drawn.left_out.iter().any(|left_out| left_out.name == name);
        if self.family(Direction::Push) > 0 && self.family(Direction::Pull) > 0 && is_left_out("break-even-bytes") && is_left_out("break-even-cpu") {
            items.push("Where polling and push break even: sweep a number, a duration or a size");
        }
        if is_left_out("scaling") {
            items.push("How it grows, and where it ends: sweep subscribers.count");
        }
        let mut sides = self.cells.iter().flat_map(|cell| &cell.trials).flat_map(|trial| &trial.sides).peekable();
        if sides.peek().is_some() && sides.all(|side| side.namespace.is_none()) {
            items.push("How it goes over a network: give the sides namespaces with delay and loss");
        }
        if self.summary.recording.scenario.compression > 1.0 {
            items.push("What CPU the slow day takes: compress time less");
        }
        items.push("How others of the same kind do: add contenders of your own");
        items.into_iter().map(Item::new).collect()
    }

    fn trouble(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let grave: Vec<_> = self.doubts(&[]).into_iter().filter(|doubt| doubt.grade == Grade::Untrusted).collect();
        for doubt in grave.iter().take(DOUBTS) {
            let whom = self.brief(&figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref()));
            let first = doubt.text.split_once(". ").map_or(doubt.text.as_str(), |(first, _)| first);
            items.push(Item::warning(format!("Not to be trusted, {whom}: {}", self.brief(first.trim_end_matches('.')))));
        }
        if grave.len() > DOUBTS {
            items.push(Item::warning(format!("And {} more that are not to be trusted, in the report", grave.len() - DOUBTS)));
        }
        type Count = fn(&Trial) -> u64;
        let counts: [(Count, &str); 4] = [
            (|trial| trial.deliveries.lost, "updates lost"),
            (|trial| trial.failed_requests, "requests without an answer"),
            (|trial| trial.deliveries.duplicated, "updates came twice"),
            (|trial| trial.deliveries.reordered, "updates came out of order"),
        ];
        let all = |cell: &Cell<'_>| {
            let told: Vec<String> = counts.iter().filter_map(|(of, what)| told(cell, *of, what)).collect();
            (!told.is_empty()).then(|| format!("{}: {}", short(&cell.contender.name), told.join(", ")))
        };
        let trouble: Vec<String> = self.cells.iter().filter_map(|cell| all(cell)).collect();
        // Where the books do not balance, nobody can say that nothing was lost.
        if trouble.is_empty() && grave.is_empty() && !self.cells.is_empty() {
            items.push(Item::new("Nothing was lost, no request failed, nothing came twice or out of order"));
        }
        let left = trouble.len().saturating_sub(NAMED);
        items.extend(trouble.into_iter().take(NAMED).map(Item::new));
        if left > 0 {
            items.push(Item::new(format!("And {left} more that lost or failed something, in the report")));
        }
        if self.cells.is_empty() {
            items.push(Item::warning("No trial was measured to its end"));
        }
        items.extend(skipped(self.cells.iter().filter_map(|cell| coalesced(cell)).collect()));
        items
    }
}

/// `7 updates lost`, over all repeats; nothing where there was none.
fn told(cell: &Cell<'_>, of: fn(&Trial) -> u64, what: &str) -> Option<String> {
    let count: u64 = cell.trials.iter().map(|trial| of(trial)).sum();
    (count > 0).then(|| format!("{} {what}", whole(count)))
}

/// `Skipped for a later version: 149 of 563 by rest-poll, …`: those that skipped most, and how many more.
fn skipped(mut all: Vec<(f64, String)>) -> Option<Item> {
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    let left = all.len().saturating_sub(NAMED);
    let mut told: Vec<String> = all.into_iter().take(NAMED).map(|(_, told)| told).collect();
    if left > 0 {
        told.push(format!("less by {left} more"));
    }
    (!told.is_empty()).then(|| Item::new(format!("Skipped for a later version: {}", told.join(", "))))
}

/// Share of the expected deliveries that a later version took the place of: natural where state is polled, and yet not to be kept back.
fn coalesced(cell: &Cell<'_>) -> Option<(f64, String)> {
    let sum = |of: fn(&Trial) -> u64| cell.trials.iter().map(|trial| of(trial)).sum::<u64>();
    let (coalesced, expected) = (sum(|trial| trial.deliveries.coalesced), sum(|trial| trial.deliveries.expected));
    let told = || format!("{} of {} by {}", whole(coalesced), whole(expected), short(&cell.contender.name));
    (coalesced > 0 && expected > 0).then(|| (coalesced as f64 / expected as f64, told()))
}
