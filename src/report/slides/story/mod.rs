//! What is said: a deck of ten from the summary of a run. Every sentence is computed, and turns round with the numbers.
//!
//! `rivals` says who meets whom and how they stand, `opening`, `figures` and `closing` are the slides in their order, `advice` is when polling is
//! right and what to do on Monday, `notes` what a speaker has at hand.

mod advice;
mod closing;
mod figures;
mod notes;
mod opening;
mod rivals;
mod tiles;

use plotters::style::RGBColor;

use super::deck::{Body, Deck, Slide};
use super::theme::Theme;
use crate::report::charts::finding::short;
use crate::report::charts::{self, Drawn, Picture};
use crate::report::conditions;
use crate::summary::verdict::Verdict;
use crate::summary::{Cell, Doubt, Grade, Summary};

/// All that a story is told from: one load point of a summary.
pub(super) struct Talk<'s, 'r> {
    summary: &'s Summary<'r>,
    load_point: &'s str,
    cells: Vec<&'s Cell<'r>>,
    verdict: Verdict,
    drawn: Drawn,
    theme: &'s Theme,
}

/// The deck of a recording: of the load point that its charts are of.
pub(super) fn deck(summary: &Summary<'_>, theme: &Theme) -> Deck {
    let load_point = charts::shown(summary);
    let verdict = summary.verdicts().into_iter().find(|verdict| verdict.load_point == load_point);
    let verdict = verdict.unwrap_or_else(|| Verdict {
        load_point: String::new(),
        headline: "Nothing to tell: no trial was measured to its end.".to_owned(),
        statements: Vec::new(),
    });
    let talk = Talk { summary, load_point, cells: summary.at(load_point).collect(), verdict, drawn: charts::draw(summary, load_point, theme.ground), theme };
    let slides = vec![
        talk.opening(),
        talk.tiles(),
        talk.question(),
        talk.method(),
        talk.percentiles(),
        talk.waste(),
        talk.messages(),
        talk.resources(),
        talk.freshness_cost(),
        talk.monday(),
    ];
    Deck { title: summary.recording.scenario.title.clone(), started: summary.recording.started.clone(), slides }
}

impl<'s, 'r> Talk<'s, 'r> {
    /// A slide with the conditions of the run, and the gravest doubt about these metrics (about any, where none is named).
    fn slide(&self, name: &'static str, title: String, body: Body, metrics: &[&str]) -> Slide {
        Slide { name, title, subtitle: String::new(), body, foot: self.foot(), warning: self.warning(metrics), notes: self.notes(metrics) }
    }

    /// A computed sentence with names that leave room for the rest of it.
    fn brief(&self, text: &str) -> String {
        let mut names: Vec<&str> = self.summary.recording.contenders.iter().map(|contender| contender.name.as_str()).collect();
        // The longest first: a name may begin as another one does.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.into_iter().filter(|name| short(name) != **name).fold(text.to_owned(), |text, name| text.replace(name, &short(name)))
    }

    /// Whether a metric of a contender can be trusted.
    fn trusts(&self, metric: &str, cell: &Cell<'_>) -> bool {
        self.summary.doubts_on(cell, metric).all(|doubt| doubt.grade != Grade::Untrusted)
    }

    /// The doubts about these metrics of anybody here; about any, where none is named.
    fn doubts(&self, metrics: &[&str]) -> Vec<&'s Doubt> {
        let about = |doubt: &&'s Doubt| {
            let here = self.cells.iter().any(|cell| doubt.concerns(&cell.contender.name, cell.load_point));
            here && (metrics.is_empty() || metrics.iter().any(|metric| doubt.touches(metric)))
        };
        self.summary.doubts.iter().filter(about).collect()
    }

    fn warning(&self, metrics: &[&str]) -> String {
        let doubts: Vec<&Doubt> = self.doubts(metrics).into_iter().filter(|doubt| doubt.grade == Grade::Untrusted).collect();
        match doubts.split_first() {
            None => String::new(),
            Some((first, [])) => format!("Not to be trusted. {}", self.brief(&first.text)),
            Some((first, others)) => format!("Not to be trusted. (And {} more.) {}", others.len(), self.brief(&first.text)),
        }
    }

    fn foot(&self) -> String {
        let place = if self.load_point.is_empty() { String::new() } else { format!(" · at {}", self.load_point.replace(';', ", ")) };
        format!("{}{place} · {}", self.summary.recording.scenario.title, conditions::short(self.summary))
    }

    fn picture(&self, name: &str) -> Option<Picture> {
        self.drawn.pictures.iter().find(|picture| picture.name == name).cloned()
    }

    /// What a recording lacks for a chart.
    fn lacks(&self, name: &str) -> &'static str {
        self.drawn.left_out.iter().find(|left_out| left_out.name == name).map_or("nobody has the figures", |left_out| left_out.reason)
    }

    /// Colour of a contender in every chart.
    fn colour(&self, cell: &Cell<'_>) -> RGBColor {
        charts::theme::look(self.theme.ground, &self.summary.recording.contenders, &cell.contender.name).colour
    }
}
