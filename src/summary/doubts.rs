//! Doubts: stated reasons to read a number with care. They travel with the numbers into every report.
//!
//! A doubt names its cause, the figure and the remedy. What holds for every cell alike is said once. The causes stand in
//! families, a file each; `causes` lists them all, and `docs/doubts.md` is made from that list.

pub mod causes;
mod cores;
mod correctness;
mod found;
mod harness;
mod lateness;
pub mod page;
mod run;
mod samples;
mod surroundings;

use super::Cell;
use super::cpu::Baseline;
use crate::measure::recording::Recording;
pub use causes::{CAUSES, Cause};
use found::Found;

/// A reason to read a number with care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How grave.
    pub grade: Grade,
    /// Short name of the cause, such as `lag`: API.
    pub cause: &'static str,
    /// Cause, figure and remedy, in one to three sentences.
    pub text: String,
    /// Whom it concerns; `None`: all contenders.
    pub contender: Option<String>,
    /// Where; `None`: at all load points.
    pub load_point: Option<String>,
    /// Metrics it touches: a name, a prefix that ends with a dot, or an empty text for all.
    pub metrics: Vec<&'static str>,
}

/// How grave a doubt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// To be known.
    Note,
    /// The numbers must not be relied on.
    Untrusted,
}

impl Grade {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Untrusted => "untrusted",
        }
    }

    /// The grade of a figure with a threshold for each; `None` where it has passed neither.
    fn of(figure: f64, note: f64, untrusted: f64) -> Option<Self> {
        if figure > untrusted { Some(Self::Untrusted) } else { (figure > note).then_some(Self::Note) }
    }
}

impl Doubt {
    /// A doubt that concerns all; the cause says which metrics it touches and what mends it.
    fn new(cause: &Cause, grade: Grade, figure: &str) -> Self {
        debug_assert!(CAUSES.iter().any(|known| known.name == cause.name), "{} is not in the list", cause.name);
        debug_assert!(cause.grades.contains(&grade), "{} is never {}", cause.name, grade.name());
        let text = format!("{figure} {}", cause.remedy);
        Self { grade, cause: cause.name, text, contender: None, load_point: None, metrics: cause.touches.to_vec() }
    }

    /// Whether it touches a metric.
    pub fn touches(&self, metric: &str) -> bool {
        touches(&self.metrics, metric)
    }

    /// Whether it concerns a contender at a load point.
    pub fn concerns(&self, contender: &str, load_point: &str) -> bool {
        self.contender.as_deref().is_none_or(|name| name == contender) && self.load_point.as_deref().is_none_or(|point| point == load_point)
    }
}

/// Causes that nothing which is measured can bring about: others were on the machine, or it was away.
pub const OF_OTHERS: &[&str] = &["foreign-load", "steal", "clock-step", "suspended"];

/// Whether a metric is one of these: a name, a prefix that ends with a dot, or an empty text for all.
pub fn touches(all: &[&str], metric: &str) -> bool {
    all.iter().any(|touched| touched.is_empty() || *touched == metric || (touched.ends_with('.') && metric.starts_with(touched)))
}

/// All doubts of a recording: the gravest first, and within a grade first what concerns all.
pub fn doubts(recording: &Recording, baseline: &Baseline<'_>, cells: &[Cell<'_>]) -> Vec<Doubt> {
    let mut all = run::doubts(recording, cells);
    let single: Vec<Doubt> = cells.iter().flat_map(|cell| of_cell(recording, baseline, cell)).collect();
    // The same words in many cells are a property of the run, of a load point or of a contender: said once.
    let all_of = |contender: Option<&str>, point: Option<&str>| {
        cells.iter().filter(|cell| contender.is_none_or(|name| name == cell.contender.name) && point.is_none_or(|place| place == cell.load_point)).count()
    };
    let said = |doubt: &Doubt, contender: Option<&str>, point: Option<&str>| {
        single
            .iter()
            .filter(|other| {
                same(doubt, other) && contender.is_none_or(|_| other.contender == doubt.contender) && point.is_none_or(|_| other.load_point == doubt.load_point)
            })
            .count()
    };
    for doubt in &single {
        let (contender, point) = (doubt.contender.as_deref(), doubt.load_point.as_deref());
        let wider = [(None, None), (None, point), (contender, None)];
        let widest = wider.into_iter().find(|(contender, point)| {
            let concerned = all_of(*contender, *point);
            concerned > 1 && said(doubt, *contender, *point) == concerned
        });
        let (contender, point) = widest.unwrap_or((contender, point));
        let doubt = Doubt { contender: contender.map(str::to_owned), load_point: point.map(str::to_owned), ..doubt.clone() };
        if !all.contains(&doubt) {
            all.push(doubt);
        }
    }
    all.sort_by_key(|doubt| (std::cmp::Reverse(doubt.grade), doubt.contender.is_some() || doubt.load_point.is_some()));
    all
}

fn same(one: &Doubt, other: &Doubt) -> bool {
    (one.grade, one.cause, &one.text, &one.metrics) == (other.grade, other.cause, &other.text, &other.metrics)
}

fn of_cell(recording: &Recording, baseline: &Baseline<'_>, cell: &Cell<'_>) -> Vec<Doubt> {
    let mut found = Found { cell, doubts: Vec::new() };
    samples::repeats(&mut found);
    correctness::doubts(recording, &mut found);
    lateness::doubts(&mut found);
    harness::doubts(baseline, &mut found);
    cores::doubts(&mut found);
    samples::doubts(&mut found);
    surroundings::doubts(recording.machine.memory, &mut found);
    found.doubts
}

#[cfg(test)]
mod tests;
