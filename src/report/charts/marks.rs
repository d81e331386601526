//! Doubts on a picture: a mark behind the name of whom they concern, and lines in the foot that say what they are.
//!
//! The marks are those of the tables. A note that holds for all contenders marks none, it is only told; what is not to be
//! trusted is marked wherever it stands.

use super::canvas::{Align, Canvas, Hand};
use super::finding::short;
use super::text::{self, Weight};
use crate::summary::{Cell, Doubt, Grade, Summary};

/// What stands behind a name; ordered by how grave it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing is known against its figures, or only what holds for all.
    #[default]
    None,
    /// A note of its own.
    Note,
    /// Figures that are not to be trusted.
    Untrusted,
}

impl Mark {
    /// `*`, `?`, or nothing.
    pub fn sign(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Note => "*",
            Self::Untrusted => "?",
        }
    }

    /// A name with it, as wide as [`write()`] will draw both.
    pub fn behind(self, name: &str) -> String {
        if self == Self::None { name.to_owned() } else { format!("{name} {}", self.sign()) }
    }

    /// The gravest doubt about any of these metrics of a cell.
    pub fn of(summary: &Summary<'_>, cell: &Cell<'_>, metrics: &[&str]) -> Self {
        let about = metrics.iter().flat_map(|metric| summary.doubts_on(cell, metric));
        let mark = |doubt: &Doubt| match doubt.grade {
            Grade::Untrusted => Self::Untrusted,
            Grade::Note if doubt.contender.is_some() => Self::Note,
            Grade::Note => Self::None,
        };
        about.map(mark).max().unwrap_or_default()
    }
}

/// Writes a name, cut to the room, with its mark.
pub fn write(canvas: &mut Canvas<'_>, at: (f64, f64), name: &str, mark: Mark, room: f64, hand: Hand) {
    let palette = canvas.palette();
    let taken = |name: &str| text::width(&mark.behind(name), hand.size, hand.weight);
    let name = text::fit_name(name, hand.size, hand.weight, room - taken(""));
    let left = match hand.align {
        Align::Left => at.0,
        Align::Middle => at.0 - taken(&name) / 2.0,
        Align::Right => at.0 - taken(&name),
    };
    canvas.text(left, at.1, &name, Hand { align: Align::Left, ..hand });
    let colour = if mark == Mark::Untrusted { palette.warning } else { palette.soft };
    let after = left + text::width(&format!("{name} "), hand.size, hand.weight);
    canvas.text(after, at.1, mark.sign(), Hand { align: Align::Left, weight: Weight::SemiBold, colour, ..hand });
}

/// The doubts about a chart, as its foot tells them; empty texts where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footnotes {
    /// Notes, in one line.
    pub notes: String,
    /// What is not to be trusted, and why.
    pub untrusted: String,
}

impl Footnotes {
    /// Of the doubts that touch any of these metrics of any of these cells.
    pub fn new(summary: &Summary<'_>, cells: &[&Cell<'_>], metrics: &[&str]) -> Self {
        let touches = |doubt: &&Doubt| metrics.iter().any(|metric| doubt.touches(metric));
        let concerns = |doubt: &&Doubt| cells.iter().any(|cell| doubt.concerns(&cell.contender.name, cell.load_point));
        let (untrusted, notes): (Vec<&Doubt>, Vec<&Doubt>) =
            summary.doubts.iter().filter(touches).filter(concerns).partition(|doubt| doubt.grade == Grade::Untrusted);
        Self { notes: told(&notes), untrusted: warned(&untrusted) }
    }

    /// With who is not in the picture, and why (name, reason): before the notes, since it explains what is not seen.
    #[must_use]
    pub fn not_drawn<'n>(mut self, missing: impl IntoIterator<Item = (&'n str, &'n str)>) -> Self {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, reason) in missing {
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => reasons.push((reason, vec![name])),
            }
        }
        if !reasons.is_empty() {
            let parts: Vec<String> = reasons.iter().map(|(reason, names)| format!("{} ({reason})", listed(names))).collect();
            let notes = if self.notes.is_empty() { String::new() } else { format!(" · {}", self.notes) };
            self.notes = format!("Not drawn: {}{notes}", parts.join(", "));
        }
        self
    }
}

/// `Notes: compression, loopback-split · * samples (rest-poll, xmpp-pubsub)`: the causes, those that concern all first.
fn told(notes: &[&Doubt]) -> String {
    let mut of_all: Vec<&str> = Vec::new();
    let mut own: Vec<(&str, Vec<&str>)> = Vec::new();
    for doubt in notes {
        match &doubt.contender {
            None if of_all.contains(&doubt.cause) => {}
            None => of_all.push(doubt.cause),
            Some(name) => match own.iter_mut().find(|(cause, _)| *cause == doubt.cause) {
                Some((_, names)) if names.contains(&name.as_str()) => {}
                Some((_, names)) => names.push(name),
                None => own.push((doubt.cause, vec![name.as_str()])),
            },
        }
    }
    let own = own.iter().map(|(cause, names)| format!("* {cause} ({})", listed(names)));
    let parts: Vec<String> = (!of_all.is_empty()).then(|| of_all.join(", ")).into_iter().chain(own).collect();
    if parts.is_empty() { String::new() } else { format!("Notes, told in the report: {}", parts.join(" · ")) }
}

/// `Not to be trusted (?): webhook. 74 of 672 … (1 more in the report.)`
fn warned(untrusted: &[&Doubt]) -> String {
    let Some((first, others)) = untrusted.split_first() else { return String::new() };
    let mut names: Vec<&str> = Vec::new();
    for name in untrusted.iter().filter_map(|doubt| doubt.contender.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let all = untrusted.iter().any(|doubt| doubt.contender.is_none());
    let whom = if all { "all".to_owned() } else { listed(&names) };
    let more = if others.is_empty() { String::new() } else { format!("({} more in the report.) ", others.len()) };
    format!("Not to be trusted (?): {whom}. {more}{}", first.text)
}

/// `a, b and 3 more`.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = names.iter().take(if names.len() > MOST { MOST - 1 } else { MOST }).map(|name| short(name)).collect();
    let left = names.len() - shown.len();
    if left == 0 { shown.join(", ") } else { format!("{} and {left} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    /// Two doubts of one poller, a note that concerns all.
    fn footnotes(metrics: &[&str]) -> (Footnotes, Vec<Mark>) {
        let mut recording = made_up().scale(0.05).build();
        recording.machine.clock_source = "hpet".to_owned();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s") {
            trial.deliveries.corrupt = 2;
            trial.deliveries.reordered = 1;
        }
        let summary = Summary::new(&recording);
        let cells: Vec<&Cell<'_>> = summary.at("").collect();
        (Footnotes::new(&summary, &cells, metrics), cells.iter().map(|cell| Mark::of(&summary, cell, metrics)).collect())
    }

    #[test]
    fn who_is_concerned_is_marked_and_named() {
        let (foot, marks) = footnotes(&["latency.p99"]);
        assert_eq!(marks[1], Mark::Untrusted, "{marks:?}");
        assert!(marks.iter().enumerate().all(|(place, mark)| place == 1 || *mark < Mark::Untrusted), "{marks:?}");
        assert!(foot.untrusted.starts_with("Not to be trusted (?): poll-1s. "), "{foot:?}");
        assert!(foot.notes.starts_with("Notes, told in the report: ") && foot.notes.contains("clock-source"), "{foot:?}");
    }

    #[test]
    fn what_touches_no_figure_of_the_chart_is_left_out() {
        let (foot, marks) = footnotes(&["cpu.no.such.figure.exactly"]);
        assert_eq!(marks[1], Mark::Untrusted, "a corrupt payload touches everything");
        assert!(!foot.notes.contains("reordered"), "{foot:?}");
    }

    #[test]
    fn who_is_not_drawn_is_named_once_with_the_reason() {
        let foot = Footnotes { notes: "Notes".to_owned(), untrusted: String::new() };
        assert_eq!(foot.clone().not_drawn([]), foot);
        let missing = [("a", "nothing delivered"), ("b", "no CPU of its own"), ("c", "nothing delivered"), ("a", "nothing delivered")];
        assert_eq!(foot.not_drawn(missing).notes, "Not drawn: a, c (nothing delivered), b (no CPU of its own) · Notes");
        assert_eq!(Footnotes::default().not_drawn([("a", "why")]).notes, "Not drawn: a (why)");
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b", "c"]), "a, b, c");
        assert_eq!(listed(&["a", "b", "c", "d"]), "a, b and 2 more");
        assert_eq!(told(&[]), "");
        assert_eq!(warned(&[]), "");
    }
}
